//! `/` and what surrounds every room: the rail, the connection, oneself.

use leptos::prelude::*;
use protocol::{RoomId, RoomSummary, ServerFrame};

use super::room::{Conversation, Missing};
use crate::address::{Address, Place, current_path, use_address};
use crate::api::problem;
use crate::chat::use_chat_store;
use crate::components::arcs::Wordmark;
use crate::components::avatar::Avatar;
use crate::components::connection_status::ConnectionStatus;
use crate::components::empty::Empty;
use crate::components::icon::{Glyph, Icon};
use crate::components::new_room::{NewRoom, NewRoomDialog};
use crate::components::room_list::RoomList;
use crate::components::theme_switch::ThemeSwitch;
use crate::components::toasts::Toaster;
use crate::connection::{Connection, use_connection};
use crate::copies::{note_change, start_copies};
use crate::notices::notices;
use crate::page::use_page;
use crate::start::Account;
use crate::title::title;

/// The frame of all rooms, for those who are signed in.
#[component]
pub fn RoomsPage() -> impl IntoView {
    use_page().account().map(|account| view! { <Frame account/> })
}

#[component]
fn Frame(account: Account) -> impl IntoView {
    let chat = use_chat_store();
    let connection = use_connection();
    let rooms = chat.rooms();
    let address = use_address();
    let current = Memo::new(move |_| address.place.with(|place| place.room().cloned()));

    let is_in_room = Memo::new(move |_| current.with(Option::is_some));

    let new_room = RwSignal::new(false);
    switch_rooms_by_key(rooms, address);
    keep_copies(address, connection);
    let title = Memo::new(move |_| title(&address.place.read(), &rooms.read()));
    Effect::new(move |_| document().set_title(&title.read()));

    view! {
        <a class="skip_link" href="#main">"Skip to the conversation"</a>
        {move || is_in_room.get().then(|| view! { <a class="skip_link" href="#composer">"Skip to the message field"</a> })}
        <div class="shell" class:is-in-room=move || is_in_room.get()>
            <Brand address/>
            <ConnectionStatus
                status=connection.state
                on_retry=Callback::new(move |()| connection.retry())
                here=Signal::derive(move || {
                    address.place.track();
                    current_path()
                })
            />
            <RoomList rooms current on_new=Callback::new(move |()| new_room.set(true))/>
            <AccountBar account/>
            <main class="shell__main" id="main" tabindex="-1">
                {move || match address.place.get() {
                    Place::Room(Some(room)) => view! { <Conversation room/> }.into_any(),
                    Place::Lobby => view! { <Lobby new_room/> }.into_any(),
                    _ => view! { <Missing room=None/> }.into_any(),
                }}
            </main>
        </div>
        <CreateRoom open=new_room/>
        <Toaster notices=notices(connection)/>
    }
}

/// The dialog that makes a room, and the way into that room.
#[component]
fn CreateRoom(open: RwSignal<bool>) -> impl IntoView {
    let chat = use_chat_store();
    let address = use_address();
    // Captures `Copy` values only, as in the page of a room.
    let creation = Action::new_local(move |NewRoom { name, usernames }: &NewRoom| {
        let (name, usernames) = (name.clone(), usernames.clone());
        async move { chat.create_room(name, usernames).await }
    });
    let (pending, created) = (creation.pending(), creation.value());
    let create = Callback::new(move |room| {
        if !pending.get_untracked() {
            creation.dispatch_local(room);
        }
    });
    Effect::new(move |_| {
        if open.get() {
            creation.clear();
        }
    });
    Effect::new(move |_| {
        if let Some(Ok(room)) = created.get() {
            address.go(&format!("/rooms/{room}"));
            open.set(false);
        }
    });
    view! { <NewRoomDialog open pending problem=problem(creation) on_create=create/> }
}

#[component]
fn Brand(address: Address) -> impl IntoView {
    view! {
        <header class="shell__brand">
            <a
                href="/"
                class="shell__home"
                aria-label="Hubbub"
                on:click=move |click| address.follow(&click, "/")
            >
                <Wordmark/>
            </a>
            <ThemeSwitch/>
        </header>
    }
}

/// The user who is signed in, and the way out.
#[component]
fn AccountBar(account: Account) -> impl IntoView {
    view! {
        <footer class="shell__account">
            <a class="shell__me" href="/account" title="Your account">
                <Avatar name=account.name.clone()/>
                <span class="sr_only">"Your account: "</span>
                <bdi class="shell__name">{account.name}</bdi>
            </a>
            <form method="post" action="/sign-out">
                <button class="icon_button" type="submit" aria-label="Sign out" title="Sign out">
                    <Glyph icon=Icon::SignOut/>
                </button>
            </form>
        </footer>
    }
}

/// What stands in the middle while no room is chosen.
#[component]
fn Lobby(new_room: RwSignal<bool>) -> impl IntoView {
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

/// From now on there are copies of what this page shows, until nobody is signed in any more.
fn keep_copies(address: Address, connection: Connection) {
    let mut is_first = true;
    Effect::new(move |_| {
        address.place.track();
        if std::mem::take(&mut is_first) {
            start_copies();
        } else {
            note_change(true);
        }
    });
    connection.on_frame(|frame| {
        if let ServerFrame::Message { .. } = frame {
            note_change(false);
        }
    });
}

/// Alt+↑ and Alt+↓ go to the room above and below. An effect does not run on the server.
fn switch_rooms_by_key(rooms: Memo<Vec<RoomSummary>>, address: Address) {
    Effect::new(move |_| {
        let listener = window_event_listener(leptos::ev::keydown, move |key| {
            let forward = match key.key().as_str() {
                "ArrowDown" => true,
                "ArrowUp" => false,
                _ => return,
            };
            if !key.alt_key() || key.ctrl_key() || key.meta_key() || key.shift_key() {
                return;
            }
            let here = address.place.get_untracked();
            let neighbour = rooms.with_untracked(|rooms| neighbour(rooms, here.room(), forward));
            if let Some(room) = neighbour {
                key.prevent_default();
                address.go(&format!("/rooms/{room}"));
            }
        });
        on_cleanup(move || listener.remove());
    });
}

/// The next room in the list, coming round at its ends.
fn neighbour(rooms: &[RoomSummary], current: Option<&RoomId>, forward: bool) -> Option<RoomId> {
    let here = current.and_then(|id| rooms.iter().position(|room| room.id == *id));
    let last = rooms.len().checked_sub(1)?;
    let there = match (here, forward) {
        (None, true) => 0,
        (None, false) => last,
        (Some(at), true) => {
            if at == last {
                0
            } else {
                at + 1
            }
        }
        (Some(at), false) => at.checked_sub(1).unwrap_or(last),
    };
    rooms.get(there).map(|room| room.id.clone())
}

#[cfg(test)]
mod tests {
    use protocol::{Cursor, Role, RoomKind};

    use super::*;

    fn room(id: &str) -> RoomSummary {
        RoomSummary {
            id: RoomId::parse(id).unwrap(),
            name: id.to_owned(),
            kind: RoomKind::Group,
            role: Role::Member,
            head: Cursor { epoch: 1, seq: 0 },
            read_seq: 0,
            unread: 0,
            member_count: 1,
            last: None,
            created_at_ms: 0,
        }
    }

    #[test]
    fn the_keys_go_round_the_list() {
        let rooms = [room("a"), room("b")];
        let from = |current: Option<&str>, forward| {
            let current = current.map(|id| RoomId::parse(id).unwrap());
            neighbour(&rooms, current.as_ref(), forward).unwrap().to_string()
        };
        assert_eq!(from(Some("a"), true), "b");
        assert_eq!(from(Some("b"), true), "a");
        assert_eq!(from(Some("a"), false), "b");
        assert_eq!(from(None, true), "a");
        assert_eq!(neighbour(&[], None, true), None);
    }
}
