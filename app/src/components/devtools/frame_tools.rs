//! What can be done with the recorded frames.

use leptos::prelude::*;

use crate::model::wire_log::{Direction, Filter};

/// Filter, pause, copy, clear.
#[component]
pub fn FrameTools(
    /// Which frames to show; changed here.
    filter: RwSignal<Filter>,
    /// Whether recording is stopped.
    paused: Signal<bool>,
    /// How many frames there are.
    count: Signal<String>,
    /// How the copying went; empty before.
    copied: Signal<String>,
    /// Whether there is anything to copy or clear.
    is_empty: Signal<bool>,
    /// Whether the page lives.
    enabled: Signal<bool>,
    /// Asked to stop or resume.
    on_pause: Callback<bool>,
    /// Asked to copy what the filter lets through.
    on_copy: Callback<()>,
    /// Asked to forget everything.
    on_clear: Callback<()>,
) -> impl IntoView {
    let nothing = move || !enabled.get() || is_empty.get();
    view! {
        <div class="devtools__row frame-tools">
            <input
                class="field__input frame-tools__filter"
                type="search"
                aria-label="Filter frames"
                placeholder="Filter by type or text"
                autocomplete="off"
                spellcheck="false"
                disabled=move || !enabled.get()
                prop:value=move || filter.with(|filter| filter.text.clone())
                on:input:target=move |typed| filter.update(|filter| filter.text = typed.target().value())
            />
            <DirectionChoice filter enabled/>
            <button
                class="button"
                type="button"
                disabled=move || !enabled.get()
                on:click=move |_| on_pause.run(!paused.get_untracked())
            >
                {move || if paused.get() { "Resume" } else { "Pause" }}
            </button>
            <button class="button" type="button" disabled=nothing on:click=move |_| on_copy.run(())>
                "Copy"
            </button>
            <button class="button" type="button" disabled=nothing on:click=move |_| on_clear.run(())>
                "Clear"
            </button>
            // Only what one asked for is read out; the count changes with each frame.
            <p class="frame-tools__copied" role="status" aria-label="Clipboard">{copied}</p>
            <p class="frame-tools__count">{count}</p>
        </div>
    }
}

#[component]
fn DirectionChoice(filter: RwSignal<Filter>, enabled: Signal<bool>) -> impl IntoView {
    let choose = move |word: String| {
        filter.update(|filter| {
            filter.direction = match word.as_str() {
                "in" => Some(Direction::In),
                "out" => Some(Direction::Out),
                _ => None,
            };
        });
    };
    view! {
        <select
            class="field__input frame-tools__direction"
            aria-label="Direction"
            disabled=move || !enabled.get()
            on:change:target=move |chosen| choose(chosen.target().value())
        >
            <option value="">"Both directions"</option>
            <option value="in">"Received"</option>
            <option value="out">"Sent"</option>
        </select>
    }
}
