//! `/`: what stands beside the list of rooms while no room is chosen.

use leptos::prelude::*;

use super::rooms::NewRoomAsked;
use crate::chat::use_chat_store;
use crate::components::empty::Empty;

/// Says what can be done now.
#[component]
pub fn LobbyPage() -> impl IntoView {
    let NewRoomAsked(new_room) = expect_context();
    let rooms = use_chat_store().rooms();
    let has_rooms = Memo::new(move |_| rooms.with(|rooms| !rooms.is_empty()));
    let start = move |_| new_room.set(true);
    let empty = move || {
        let (title, hint) = if has_rooms.get() {
            ("Pick a room", "Everything said while you were away is waiting on the left.")
        } else {
            (
                "It is quiet in here",
                "Start a room and bring some people. Or wait: an invitation shows up by itself.",
            )
        };
        view! {
            <Empty title hint>
                <button class="button is-primary" type="button" on:click=start>"Start a room"</button>
            </Empty>
        }
    };
    view! { <div class="lobby" class:is-choosing=move || has_rooms.get()>{move || empty()}</div> }
}
