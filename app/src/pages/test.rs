//! `/test`: one's own connection, tried out and looked at. Open to all; useful to those who are signed in.

use leptos::prelude::*;
use protocol::{ClientFrame, DraftId, RoomId, RoomSummary, ServerFrame};

use crate::api;
use crate::clock::{now_ms, now_us};
use crate::components::arcs::Wordmark;
use crate::components::connection_status::ConnectionStatus;
use crate::components::devtools::ConnectionCard;
use crate::components::test::facts_card::word;
use crate::components::test::{FactsCard, PingCard, RoomCard, SelfCheckCard};
use crate::components::theme_switch::ThemeSwitch;
use crate::components::toasts::Toaster;
use crate::connection::{Connection, ConnectionOptions, provide_connection, use_connection};
use crate::model::connection_state::ConnectionState;
use crate::model::pending_post::PendingPost;
use crate::model::round_trips::RoundTrips;
use crate::model::trial::Trial;
use crate::model::wire_facts::WireFacts;
use crate::notices::notices;
use crate::page::use_page;
use crate::self_check::{Answer, Facts, Point, points, points_for_strangers};
use crate::start::Start;
use crate::troubles::Troubles;

/// The page.
#[component]
pub fn TestPage() -> impl IntoView {
    let page = use_page();
    let is_known = page.account().is_some();
    let connection = provide_connection(is_known, ConnectionOptions::default());
    let rooms = expect_context::<Start>().rooms;
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
                <h1 class="devtools__heading">"Connection test"</h1>
                {if is_known {
                    view! { <Cards rooms enabled/> }.into_any()
                } else {
                    view! { <Strangers connection/> }.into_any()
                }}
            </main>
        </div>
        <Toaster notices=notices(connection)/>
    }
}

/// What can be tried out without a sign-in, and what there is with one.
#[component]
fn Strangers(connection: Connection) -> impl IntoView {
    view! {
        <section class="devtools__card" aria-label="Your own connection">
            <h2 class="devtools__title">"Your own connection"</h2>
            <p class="devtools__hint">
                "Once you are signed in, this page tries out your connection: pings that are timed, test messages to your rooms, and a check of seven points that says what is wrong and what to do."
            </p>
            <div class="devtools__row">
                <a class="button is-primary" href="/sign-in?next=/test" rel="external">"Sign in"</a>
            </div>
        </section>
        <SelfCheck connection wire=RwSignal::new(WireFacts::default()) points=points_for_strangers/>
    }
}

#[component]
fn Cards(rooms: Vec<RoomSummary>, enabled: Signal<bool>) -> impl IntoView {
    let connection = use_connection();
    let wire = RwSignal::new(WireFacts::default());
    connection.on_wire(move |frame| wire.update(|wire| wire.crossed(frame)));
    connection.on_frame(move |frame| wire.update(|wire| wire.heard(frame, now_ms())));
    let url = RwSignal::new(String::new());
    Effect::new(move |_| {
        let Ok(host) = location().host() else { return };
        let scheme = if location().protocol().is_ok_and(|it| it == "https:") { "wss" } else { "ws" };
        url.set(format!("{scheme}://{host}/api/v1/ws"));
    });
    let can_send = Signal::derive(move || {
        enabled.get() && connection.state.with(|status| *status == ConnectionState::Connected)
    });
    view! {
        <SelfCheck connection wire points/>
        <div class="test__cards">
            <ConnectionCard
                status=connection.state
                enabled
                on_connect=Callback::new(move |()| connection.connect())
                on_disconnect=Callback::new(move |()| connection.disconnect())
            />
            <Pings connection can_send/>
            <Rooms connection rooms can_send/>
            <FactsCard status=connection.state facts=wire url=url.into()/>
        </div>
    }
}

/// Runs once the page lives, again whenever the connection comes or goes, and when asked.
#[component]
fn SelfCheck(
    connection: Connection,
    wire: RwSignal<WireFacts>,
    points: fn(&Facts) -> Vec<Point>,
) -> impl IntoView {
    let is_known = use_page().account().is_some();
    let troubles = Troubles::watch();
    let (me, health, ready) =
        (RwSignal::new(Answer::Waiting), RwSignal::new(Answer::Waiting), RwSignal::new(Answer::Waiting));
    let has_network = RwSignal::new(true);
    // Questions that were asked and are not answered; what changes meanwhile asks once more.
    let asked = RwSignal::new(0_u32);
    let check = move || {
        asked.update(|asked| *asked += 1);
        if asked.get_untracked() > 1 {
            return;
        }
        leptos::task::spawn_local(async move {
            // The page may have gone meanwhile; then there is nothing left to count down.
            while asked.try_get_untracked().is_some_and(|asked| asked > 0) {
                asked.try_set(1);
                has_network.try_set(window().navigator().on_line());
                let questions = [("/healthz", health), ("/readyz", ready), ("/api/v1/auth/me", me)];
                // A stranger knows the answer to the last one.
                for (path, answer) in questions.into_iter().take(if is_known { 3 } else { 2 }) {
                    let said = api::probe(path).await;
                    answer
                        .try_set(said.map_or(Answer::Nothing, |(status, words)| Answer::Said(status, words)));
                }
                asked.try_update(|asked| *asked -= 1);
            }
        });
    };
    let pending = Signal::derive(move || asked.get() > 0);
    let state = Memo::new(move |_| connection.state.with(word));
    Effect::new(move |_| {
        // Read, not only tracked: a memo that nobody reads hears of nothing.
        state.get();
        check();
    });
    let facts = Signal::derive(move || Facts {
        status: connection.state.get(),
        wire: wire.get(),
        has_network: has_network.get(),
        me: me.get(),
        health: health.get(),
        ready: ready.get(),
        uncaught: troubles.uncaught.get(),
        console: troubles.console.get(),
    });
    view! { <SelfCheckCard facts points pending on_check=Callback::new(move |()| check())/> }
}

#[component]
fn Pings(connection: Connection, can_send: Signal<bool>) -> impl IntoView {
    let trips = RwSignal::new(RoundTrips::default());
    let still = RwSignal::new(0_u32);
    let ping = move || {
        let nonce = trips.try_update(|trips| trips.sent(now_us()));
        if let Some(nonce) = nonce {
            connection.send(ClientFrame::Ping { nonce });
        }
    };
    connection.on_frame(move |frame| {
        let ServerFrame::Pong { data } = frame else { return };
        let is_ours = trips.try_update(|trips| trips.answered(data.nonce, now_us()));
        if is_ours == Some(true) && still.get_untracked() > 0 {
            still.update(|still| *still -= 1);
            ping();
        }
    });
    Effect::new(move |_| {
        if !can_send.get() {
            still.set(0);
            trips.maybe_update(RoundTrips::lost);
        }
    });
    let on_ping = Callback::new(move |count: u32| {
        still.set(count.saturating_sub(1));
        ping();
    });
    view! { <PingCard trips enabled=can_send on_ping/> }
}

#[component]
fn Rooms(connection: Connection, rooms: Vec<RoomSummary>, can_send: Signal<bool>) -> impl IntoView {
    let trial = RwSignal::new(Trial::default());
    let follow = move || {
        if let Some(room) = trial.with_untracked(|trial| trial.room().cloned()) {
            connection.send(ClientFrame::Join { room, since: None, changes: None });
        }
    };
    connection.on_frame(move |frame| {
        trial.maybe_update(|trial| trial.heard(frame, now_us()));
        if matches!(frame, ServerFrame::Welcome { .. }) {
            follow();
        }
    });
    Effect::new(move |_| {
        if !can_send.get() {
            trial.maybe_update(Trial::lost);
        }
    });
    let on_choose = Callback::new(move |room: Option<RoomId>| {
        if let Some(before) = trial.try_update(|trial| trial.choose(room)).flatten() {
            connection.send(ClientFrame::Leave { room: before });
        }
        follow();
    });
    let on_send = Callback::new(move |body: String| {
        let Some(room) = trial.with_untracked(|trial| trial.room().cloned()) else { return };
        let draft = DraftId(uuid::Uuid::new_v4());
        trial.update(|trial| trial.send(draft, body.clone(), now_us()));
        if let Err(full) = connection.post(PendingPost::new(room, draft, body, now_ms())) {
            trial.update(|trial| {
                trial.refused(draft, &full.to_string());
            });
        }
    });
    view! { <RoomCard rooms trial enabled=can_send on_choose on_send/> }
}
