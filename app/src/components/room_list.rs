//! The rail: the rooms that one is in, the liveliest first.

use leptos::prelude::*;
use protocol::limits::MAX_UNREAD;
use protocol::text::isolated;
use protocol::{RoomId, RoomSummary};
use wasm_bindgen::JsCast;

use super::avatar::Avatar;
use super::icon::{Glyph, Icon};
use crate::browser::attempt;
use crate::model::live_rooms::LiveRooms;
use crate::paths::{self, RoomsPath};
use crate::when::{self, Calendar};

/// All rooms, as links.
#[component]
pub fn RoomList(
    /// The rooms, newest activity first.
    rooms: Memo<Vec<RoomSummary>>,
    /// What is in view.
    here: Memo<RoomsPath>,
    /// Those whose live session is on.
    live: ReadSignal<LiveRooms>,
    /// Asked to make a new one.
    on_new: Callback<()>,
) -> impl IntoView {
    let focused = RwSignal::new(None::<RoomId>);
    let stop = tab_stop(rooms, here, focused);
    let ids = move || rooms.with(|rooms| rooms.iter().map(|room| room.id.clone()).collect::<Vec<_>>());
    let is_empty = Memo::new(move |_| rooms.with(Vec::is_empty));
    view! {
        <nav class="room_list" aria-label="Rooms">
            <div class="room_list__head">
                <h2 class="room_list__title">"Rooms"</h2>
                <button
                    class="icon_button"
                    type="button"
                    aria-label="New room"
                    title="New room"
                    on:click=move |_| on_new.run(())
                >
                    <Glyph icon=Icon::Plus/>
                </button>
            </div>
            {move || {
                is_empty
                    .get()
                    .then(|| {
                        view! {
                            <div class="room_list__empty">
                                <p class="room_list__none">"No rooms yet"</p>
                                <p>"Make one with +, or ask somebody to invite you."</p>
                            </div>
                        }
                    })
            }}
            <ul
                class="room_list__rooms"
                on:keydown=move_focus
                on:focusin=move |event| focused.set(room_of(event.target()))
                on:focusout=move |event| {
                    if room_of(event.related_target()).is_none() {
                        focused.set(None);
                    }
                }
            >
                <For each=ids key=RoomId::clone let(id)>
                    <Room id rooms here live stop/>
                </For>
            </ul>
        </nav>
    }
}

/// The list is one stop of the Tab key, however long it is: where the focus was, else the room in view, else the first.
fn tab_stop(
    rooms: Memo<Vec<RoomSummary>>,
    here: Memo<RoomsPath>,
    focused: RwSignal<Option<RoomId>>,
) -> Memo<Option<RoomId>> {
    Memo::new(move |_| {
        rooms.with(|rooms| {
            let is_here = |id: &RoomId| rooms.iter().any(|room| room.id == *id);
            let known = focused.get().filter(is_here).or_else(|| here.read().room().cloned().filter(is_here));
            known.or_else(|| rooms.first().map(|room| room.id.clone()))
        })
    })
}

/// One row: which room, what was said last, how much of it is unread.
#[component]
fn Room(
    id: RoomId,
    rooms: Memo<Vec<RoomSummary>>,
    here: Memo<RoomsPath>,
    live: ReadSignal<LiveRooms>,
    stop: Memo<Option<RoomId>>,
) -> impl IntoView {
    let calendar = expect_context::<Calendar>();
    let room = {
        let id = id.clone();
        Memo::new(move |before: Option<&Option<RoomSummary>>| {
            // A row that is about to go keeps its last words.
            let now = rooms.with(|rooms| rooms.iter().find(|room| room.id == id).cloned());
            now.or_else(|| before.cloned().flatten())
        })
    };
    let name = Memo::new(move |_| room.with(|it| it.as_ref().map(|it| it.name.clone()).unwrap_or_default()));
    let unread = move || room.with(|it| it.as_ref().map_or(0, |it| it.unread));
    let last = move || room.with(|it| it.as_ref().and_then(|it| it.last.clone()));
    let current = {
        let id = id.clone();
        Memo::new(move |_| here.with(|here| aria_current(here, &id)))
    };
    let tab = {
        let id = id.clone();
        Memo::new(move |_| if stop.with(|it| it.as_ref() == Some(&id)) { "0" } else { "-1" })
    };
    let is_on = {
        let id = id.clone();
        Memo::new(move |_| live.with(|live| live.contains(&id)))
    };
    let href = paths::room(&id);
    view! {
        <li class="room_list__item">
            <a
                href=href
                class="room_list__room"
                class:is-unread=move || unread() != 0
                title=move || isolated(&name.get())
                tabindex=move || tab.get()
                aria-current=move || current.get()
            >
                {move || view! { <Avatar name=name.get() room=id.clone()/> }}
                <span class="room_list__name" dir="auto">{move || name.get()}</span>
                <span class="room_list__unread">
                    {move || is_on.get().then(live_mark)}
                    {move || unread_badge(unread())}
                </span>
                <span class="room_list__preview">
                    {move || match last() {
                        Some(last) => view! { {last.name} ": " <bdi>{last.text}</bdi> }.into_any(),
                        None => "Nothing said yet".into_any(),
                    }}
                </span>
                {move || last().map(|last| time(last.at_ms, calendar))}
            </a>
        </li>
    }
}

/// A room is in view by itself or by its live session, which is not the page that the link leads to.
fn aria_current(here: &RoomsPath, room: &RoomId) -> Option<&'static str> {
    match here {
        RoomsPath::Room(it) if it == room => Some("page"),
        RoomsPath::Live(it) if it == room => Some("true"),
        _ => None,
    }
}

/// The live session of the room is on.
fn live_mark() -> impl IntoView {
    view! {
        <span class="room_list__live" title="Live now">
            <Glyph icon=Icon::Live/>
            <span class="sr_only">" live now "</span>
        </span>
    }
}

fn unread_badge(count: u32) -> impl IntoView {
    (count != 0).then(|| {
        view! {
            <span class="badge">
                {badge(count)}
                <span class="sr_only">" unread"</span>
            </span>
        }
    })
}

/// When something was last said.
fn time(at_ms: i64, calendar: Calendar) -> impl IntoView {
    view! {
        <time class="room_list__time" datetime=move || when::machine(at_ms)>
            {move || calendar.brief(at_ms)}
        </time>
    }
}

/// The room whose row an event is about.
fn room_of(target: Option<web_sys::EventTarget>) -> Option<RoomId> {
    let link = target?.dyn_into::<web_sys::Element>().ok()?.closest(".room_list__room").ok()??;
    RoomId::parse(link.get_attribute("href")?.strip_prefix("/rooms/")?).ok()
}

/// Arrow keys, Home and End go from room to room; Enter opens, as on any link.
#[expect(clippy::needless_pass_by_value, reason = "an event handler is handed its event")]
fn move_focus(key: leptos::ev::KeyboardEvent) {
    if key.alt_key() || key.ctrl_key() || key.meta_key() || key.shift_key() {
        return;
    }
    let here = key.target().and_then(|it| it.dyn_into::<web_sys::Element>().ok()?.closest("li").ok()?);
    let Some(here) = here else { return };
    let all = here.parent_element();
    let there = match key.key().as_str() {
        "ArrowDown" => here.next_element_sibling(),
        "ArrowUp" => here.previous_element_sibling(),
        "Home" => all.and_then(|all| all.first_element_child()),
        "End" => all.and_then(|all| all.last_element_child()),
        _ => return,
    };
    key.prevent_default();
    let link = there.and_then(|row| row.first_element_child()?.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(link) = link {
        attempt("focusing a room", link.focus());
    }
}

fn badge(unread: u32) -> String {
    if unread >= MAX_UNREAD { "99+".to_owned() } else { unread.to_string() }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_badge_stops_counting_at_a_hundred() {
        assert_eq!(super::badge(99), "99");
        assert_eq!(super::badge(100), "99+");
    }
}
