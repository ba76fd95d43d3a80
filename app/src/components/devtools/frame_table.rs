//! The frames of the wire, one row each, the newest at the bottom.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::browser::attempt;
use crate::model::wire_log::{Direction, Entry, WireFrame};

/// Pixels from the end that still count as the end.
const NEAR: i32 = 24;

/// A table that stays at its end while one looks at its end, and stays put while one reads further up.
#[component]
pub fn FrameTable(
    /// Oldest first.
    entries: Signal<Vec<Entry>>,
    /// The frame that is shown in full; changed here.
    selected: RwSignal<Option<Entry>>,
) -> impl IntoView {
    let view = NodeRef::<html::Div>::new();
    let at_end = StoredValue::new(true);
    Effect::new(move |_| {
        entries.track();
        let Some(view) = view.get_untracked() else { return };
        if at_end.get_value() {
            // After this turn's rows are in place.
            request_animation_frame(move || view.set_scroll_top(view.scroll_height()));
        }
    });
    let look = move |_| {
        if let Some(view) = view.get_untracked() {
            at_end.set_value(view.scroll_top() + view.client_height() + NEAR >= view.scroll_height());
        }
    };
    // One row is a stop for the Tab key: the chosen one, else the newest. The arrow keys go on from there.
    let stop = Memo::new(move |_| {
        entries.with(|entries| {
            let chosen = selected.with(|it| it.as_ref().map(|it| it.number));
            let chosen = chosen.filter(|number| entries.iter().any(|entry| entry.number == *number));
            chosen.or_else(|| entries.last().map(|entry| entry.number))
        })
    });
    let is_stop = Selector::new(move || stop.get());
    let is_chosen = Selector::new(move || selected.with(|it| it.as_ref().map(|it| it.number)));
    view! {
        <div class="frames" node_ref=view on:scroll=look>
            <table class="frames__table" aria-label="Frames">
                <thead>
                    <tr>
                        <th scope="col">"Time"</th>
                        <th scope="col">"Direction"</th>
                        <th scope="col">"Type"</th>
                        <th scope="col" class="frame__size">"Bytes"</th>
                        <th scope="col">"Text"</th>
                    </tr>
                </thead>
                <tbody on:keydown=move_focus>
                    <For each=move || entries.get() key=|entry| entry.number let(entry)>
                        <FrameRow entry selected is_stop=is_stop.clone() is_chosen=is_chosen.clone()/>
                    </For>
                </tbody>
            </table>
        </div>
    }
}

/// One frame. Exactly one row is the stop for the Tab key, and at most one is chosen.
#[component]
fn FrameRow(
    entry: Entry,
    selected: RwSignal<Option<Entry>>,
    is_stop: Selector<Option<u64>>,
    is_chosen: Selector<Option<u64>>,
) -> impl IntoView {
    let number = entry.number;
    let frame = Arc::clone(&entry.frame);
    let chosen = move || is_chosen.selected(&Some(number));
    let pressed = {
        let chosen = chosen.clone();
        move || if chosen() { "true" } else { "false" }
    };
    let tab = move || {
        if is_stop.selected(&Some(number)) { "0" } else { "-1" }
    };
    view! {
        <tr class="frame" class:is-out=frame.direction == Direction::Out class:is-chosen=chosen>
            <Cells frame=Arc::clone(&frame)/>
            <td class="frame__text">
                <button
                    class="frame__open"
                    type="button"
                    tabindex=tab
                    aria-pressed=pressed
                    on:click=move |_| selected.set(Some(entry.clone()))
                >
                    <bdi>{frame.excerpt()}</bdi>
                </button>
            </td>
        </tr>
    }
}

#[component]
fn Cells(frame: Arc<WireFrame>) -> impl IntoView {
    let arrow = match frame.direction {
        Direction::In => "↓",
        Direction::Out => "↑",
    };
    view! {
        <td class="frame__time">{frame.time(local_offset_ms(frame.at_ms))}</td>
        <td class="frame__direction">
            <span aria-hidden="true">{arrow}</span>
            " "
            {frame.direction.word()}
        </td>
        <td>
            <span class="frame__chip" class:is-bad=matches!(frame.kind.as_str(), "error" | "unreadable")>
                {frame.kind.clone()}
            </span>
        </td>
        <td class="frame__size">{frame.size.to_string()}</td>
    }
}

/// Arrow keys, Home and End go from row to row; Enter opens, as on any button.
#[expect(clippy::needless_pass_by_value, reason = "an event handler is handed its event")]
fn move_focus(key: leptos::ev::KeyboardEvent) {
    let row = |of: web_sys::Element, down: bool| {
        if down { of.next_element_sibling() } else { of.previous_element_sibling() }
    };
    let Some(here) = key.target().and_then(|it| it.dyn_into::<web_sys::Element>().ok()) else {
        return;
    };
    let Ok(Some(current)) = here.closest("tr") else {
        return;
    };
    let body = current.parent_element();
    let there = match key.key().as_str() {
        "ArrowDown" => row(current, true),
        "ArrowUp" => row(current, false),
        "Home" => body.and_then(|body| body.first_element_child()),
        "End" => body.and_then(|body| body.last_element_child()),
        _ => return,
    };
    key.prevent_default();
    let button = there.and_then(|row| row.query_selector("button").ok().flatten());
    if let Some(button) = button.and_then(|it| it.dyn_into::<web_sys::HtmlElement>().ok()) {
        attempt("focusing a row", button.focus());
    }
}

/// How far the clocks of the person who looks are ahead of UTC. Rows exist in a browser only.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "minutes, and a date below 2^53"
)]
fn local_offset_ms(at_ms: i64) -> i64 {
    let minutes = js_sys::Date::new(&(at_ms as f64).into()).get_timezone_offset();
    -(minutes as i64) * 60_000
}
