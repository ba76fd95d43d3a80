//! `/devtools`: the wire, seen and steered by hand. Open to all; useful to those who are signed in.

use leptos::prelude::*;
use protocol::{ClientFrame, ServerFrame, SimulationPlan};

use crate::browser::{NoClipboard, copy_text};
use crate::components::arcs::Wordmark;
use crate::components::connection_status::ConnectionStatus;
use crate::components::counted::counted;
use crate::components::devtools::{ConnectionCard, FrameDetail, FrameTable, FrameTools, PlanCard, RunView};
use crate::components::theme_switch::ThemeSwitch;
use crate::components::toasts::Toaster;
use crate::connection::{Connection, ConnectionOptions, provide_connection};
use crate::model::connection_state::ConnectionState;
use crate::model::simulation::Simulation;
use crate::model::wire_log::{Filter, WireLog};
use crate::notices::notices;
use crate::page::use_page;

/// The page.
#[component]
pub fn DevtoolsPage() -> impl IntoView {
    let page = use_page();
    let is_known = page.account().is_some();
    let connection = provide_connection(is_known, ConnectionOptions::default());
    let enabled = Signal::derive(move || is_known && page.live.get());
    view! {
        <div class="devtools">
            <header class="devtools__head">
                <a href="/" class="devtools__home" rel="external" aria-label="Hubbub">
                    <Wordmark/>
                </a>
                {is_known.then(|| view! {
                    <ConnectionStatus status=connection.state on_retry=Callback::new(move |()| connection.retry())/>
                })}
                <ThemeSwitch/>
            </header>
            <main class="devtools__main" id="main" tabindex="-1">
                <h1 class="devtools__heading">"Devtools"</h1>
                {(!is_known).then(|| view! {
                    <p class="devtools__ask">
                        "These tools work on your own connection. "
                        <a href="/sign-in?next=/devtools" rel="external">"Sign in"</a>
                        " to use them."
                    </p>
                })}
                <div class="devtools__cards">
                    <ConnectionCard
                        status=connection.state
                        enabled
                        on_connect=Callback::new(move |()| connection.connect())
                        on_disconnect=Callback::new(move |()| connection.disconnect())
                    />
                    <SimulationPart connection enabled/>
                </div>
                <FramesPart connection enabled/>
            </main>
        </div>
        <Toaster notices=notices(connection)/>
    }
}

#[component]
fn SimulationPart(connection: Connection, enabled: Signal<bool>) -> impl IntoView {
    let simulation = RwSignal::new(Simulation::default());
    connection.on_frame(move |frame| {
        simulation.maybe_update(|simulation| match frame {
            ServerFrame::Progress { data } => simulation.progress(data),
            ServerFrame::Finished { data } => simulation.finished(data),
            // A refusal of anything else names its room or its draft.
            ServerFrame::Error { message, data } if data.room.is_none() && data.draft.is_none() => {
                simulation.refused(message)
            }
            // Runs end with their connection, so a new one has none.
            ServerFrame::Welcome { .. } => simulation.lost(),
            _ => false,
        });
    });
    Effect::new(move |_| {
        if connection.state.with(|status| *status != ConnectionState::Connected) {
            simulation.maybe_update(Simulation::lost);
        }
    });
    let running = Memo::new(move |_| simulation.with(|it| it.running().is_some()));
    let can_start = Signal::derive(move || {
        enabled.get() && connection.state.with(|status| *status == ConnectionState::Connected)
    });
    let start = move |plan: SimulationPlan| {
        simulation.update(|simulation| simulation.start(&plan));
        connection.send(ClientFrame::Simulate(plan));
    };
    let stop = move |()| {
        if let Some(run) = simulation.with_untracked(Simulation::running) {
            connection.send(ClientFrame::Cancel { run });
        }
    };
    view! {
        <PlanCard
            enabled=can_start
            running=running.into()
            on_start=Callback::new(start)
            on_stop=Callback::new(stop)
        >
            <RunView simulation=simulation.into()/>
        </PlanCard>
    }
}

#[component]
fn FramesPart(connection: Connection, enabled: Signal<bool>) -> impl IntoView {
    let log = StoredValue::new(WireLog::default());
    let version = record(connection, log);

    let filter = RwSignal::new(Filter::default());
    let paused = RwSignal::new(false);
    let copied = RwSignal::new(String::new());
    let selected = RwSignal::new(None);
    let entries = Memo::new(move |_| {
        version.track();
        filter.with(|filter| log.with_value(|log| log.shown(filter)))
    });
    let kept = move || {
        version.track();
        log.with_value(WireLog::len)
    };
    let count = move || {
        let missed = paused.get().then(|| log.with_value(WireLog::missed));
        count_words(entries.with(Vec::len), kept(), missed)
    };
    let pause = move |pause| {
        log.update_value(|log| log.pause(pause));
        paused.set(pause);
    };
    let clear = move |()| {
        log.update_value(WireLog::clear);
        selected.set(None);
        copied.set(String::new());
        version.update(|version| *version = version.wrapping_add(1));
    };
    let copy = move |()| {
        copy(filter.with_untracked(|filter| log.with_value(|log| log.json_lines(filter))), copied);
    };
    view! {
        <section class="devtools__card" aria-label="Frames on the wire">
            <h2 class="devtools__title">"Frames"</h2>
            <FrameTools
                filter
                paused=paused.into()
                count=Signal::derive(count)
                copied=copied.into()
                is_empty=Signal::derive(move || kept() == 0)
                enabled
                on_pause=Callback::new(pause)
                on_copy=Callback::new(copy)
                on_clear=Callback::new(clear)
            />
            <div class="devtools__frames">
                <FrameTable entries=entries.into() selected/>
                <FrameDetail selected/>
            </div>
        </section>
    }
}

/// Records each frame. Returns what changes with the log: frames may come by the hundred, so it follows once for each
/// picture on the screen.
fn record(connection: Connection, log: StoredValue<WireLog>) -> RwSignal<u32> {
    let version = RwSignal::new(0_u32);
    let refreshing = StoredValue::new(false);
    connection.on_wire(move |frame| {
        log.update_value(|log| log.push(frame.clone()));
        if refreshing.get_value() {
            return;
        }
        refreshing.set_value(true);
        request_animation_frame(move || {
            refreshing.try_set_value(false);
            version.try_update(|version| *version = version.wrapping_add(1));
        });
    });
    version
}

/// How many frames are shown, and how many were `missed` while recording is paused.
fn count_words(shown: usize, kept: usize, missed: Option<u64>) -> String {
    let shown =
        if shown == kept { counted(kept, "frame") } else { format!("{shown} of {}", counted(kept, "frame")) };
    match missed {
        Some(missed) => format!("{shown}, paused: {missed} not recorded"),
        None => shown,
    }
}

/// Copies a text and says how that went.
fn copy(text: String, copied: RwSignal<String>) {
    leptos::task::spawn_local(async move {
        let said = match copy_text(&text).await {
            Ok(()) => "Copied",
            Err(NoClipboard) => "Not copied: the browser does not allow it here",
        };
        copied.try_set(said.to_owned());
    });
}
