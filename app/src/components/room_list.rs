//! The rail: the rooms that one is in, the liveliest first.

use leptos::prelude::*;
use protocol::limits::MAX_UNREAD;
use protocol::{RoomId, RoomSummary};

use super::avatar::{Avatar, Of};
use super::fixed::fixed;
use super::icon::{Glyph, Icon};
use super::keyed::{Key, Row, keyed};
use crate::address::use_address;
use crate::reactive::memo;
use crate::when::{self, Calendar};

/// All rooms, as links.
#[component]
pub fn RoomList(
    /// The rooms, newest activity first.
    rooms: Memo<Vec<RoomSummary>>,
    /// The one in view.
    current: Memo<Option<RoomId>>,
    /// Asked to make a new one.
    on_new: Callback<()>,
) -> impl IntoView {
    let rows = move || {
        let row = |room: &RoomSummary| {
            let id = room.id.clone();
            Row::new(Key::Room(id.clone()), move || view! { <Room id rooms current/> }.into_any())
        };
        rooms.with(|rooms| rooms.iter().map(row).collect())
    };
    let is_empty = memo(move || rooms.with(Vec::is_empty));
    view! {
        <nav class="room_list" {..fixed([("aria-label", "Rooms")])}>
            <div class="room_list__head">
                <h2 class="room_list__title">"Rooms"</h2>
                <button class="icon_button" type="button" {..fixed([("aria-label", "New room"), ("title", "New room")])} on:click=move |_| on_new.run(())>
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
                        .into_any()
                    })
            }}
            <ul class="room_list__rooms">
                {keyed(rows)}
            </ul>
        </nav>
    }
    .into_any()
}

/// One row: which room, what was said last, how much of it is unread.
#[component]
fn Room(id: RoomId, rooms: Memo<Vec<RoomSummary>>, current: Memo<Option<RoomId>>) -> impl IntoView {
    let calendar = expect_context::<Calendar>();
    let room = {
        let id = id.clone();
        Memo::new(move |before: Option<&Option<RoomSummary>>| {
            // A row that is about to go keeps its last words.
            let now = rooms.with(|rooms| rooms.iter().find(|room| room.id == id).cloned());
            now.or_else(|| before.cloned().flatten())
        })
    };
    let name = memo(move || room.with(|it| it.as_ref().map(|it| it.name.clone()).unwrap_or_default()));
    let unread = move || room.with(|it| it.as_ref().map_or(0, |it| it.unread));
    let last = move || room.with(|it| it.as_ref().and_then(|it| it.last.clone()));
    let is_current = {
        let id = id.clone();
        memo(move || current.with(|it| it.as_ref() == Some(&id)))
    };
    let address = use_address();
    let path = format!("/rooms/{id}");
    view! {
        <li class="room_list__item">
            <a
                href=path.clone()
                class="room_list__room"
                class:is-unread=move || unread() != 0
                title=move || name.get()
                aria-current=move || is_current.get().then_some("page")
                on:click=move |click| address.follow(&click, &path)
            >
                {move || view! { <Avatar id=id.as_str().to_owned() name=name.get() of=Of::Room/> }.into_any()}
                <span class="room_list__name"><bdi>{move || name.get()}</bdi></span>
                <span class="room_list__unread">
                    {move || {
                        let count = unread();
                        (count != 0)
                            .then(|| {
                                view! {
                                    <span class="badge">
                                        {badge(count)}
                                        <span class="sr_only">" unread"</span>
                                    </span>
                                }
                                .into_any()
                            })
                    }}
                </span>
                <span class="room_list__preview">
                    <bdi>{move || match last() {
                        Some(last) => format!("{}: {}", last.name, last.text),
                        None => "Nothing said yet".to_owned(),
                    }}</bdi>
                </span>
                {move || {
                    last()
                        .map(|last| {
                            view! {
                                <time class="room_list__time" datetime=move || when::machine(last.at_ms)>
                                    {move || calendar.brief(last.at_ms)}
                                </time>
                            }
                            .into_any()
                        })
                }}
            </a>
        </li>
    }
    .into_any()
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
