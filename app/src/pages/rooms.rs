//! `/` and what surrounds every room: the rail, the connection, oneself.

use leptos::prelude::*;
use protocol::{RoomId, RoomSummary, ServerFrame};

use super::room::{Conversation, Missing};
use crate::address::{Address, Place, current_path, use_address};
use crate::chat::use_chat_store;
use crate::components::arcs::Wordmark;
use crate::components::avatar::Avatar;
use crate::components::connection_status::ConnectionStatus;
use crate::components::empty::Empty;
use crate::components::fixed::fixed;
use crate::components::icon::{Glyph, Icon};
use crate::components::new_room::{NewRoom, NewRoomDialog};
use crate::components::room_list::RoomList;
use crate::components::theme_switch::ThemeSwitch;
use crate::components::toasts::Toaster;
use crate::connection::{Connection, use_connection};
use crate::copies::{note_change, start_copies};
use crate::errand::Errand;
use crate::notices::notices;
use crate::page::use_page;
use crate::reactive::{effect, memo};
use crate::start::Account;
use crate::title::title;

/// The frame of all rooms, for those who are signed in.
#[component]
pub fn RoomsPage() -> impl IntoView {
    use_page().account().map(|account| view! { <Frame account/> }.into_any())
}

#[component]
fn Frame(account: Account) -> impl IntoView {
    let chat = use_chat_store();
    let connection = use_connection();
    let rooms = chat.rooms();
    let address = use_address();
    let current = memo(move || address.place.with(|place| place.room().cloned()));

    let is_in_room = memo(move || current.with(Option::is_some));

    let new_room = RwSignal::new(false);
    let creation = Errand::new();
    let create = Callback::new(move |NewRoom { name, usernames }| {
        creation.run(async move {
            let room = chat.create_room(name, usernames).await?;
            address.go(&format!("/rooms/{room}"));
            Ok(())
        });
    });
    switch_rooms_by_key(rooms, address);
    keep_copies(address, connection);
    let title = memo(move || title(&address.place.read(), &rooms.read()));
    effect(move || document().set_title(&title.read()));

    view! {
        <a class="skip_link" href="#main">"Skip to the conversation"</a>
        {move || is_in_room.get().then(|| view! { <a class="skip_link" href="#composer">"Skip to the message field"</a> }.into_any())}
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
            <main class="shell__main" {..fixed([("id", "main"), ("tabindex", "-1")])}>
                {move || match address.place.get() {
                    Place::Room(Some(room)) => view! { <Conversation room/> }.into_any(),
                    Place::Lobby => view! { <Lobby new_room/> }.into_any(),
                    _ => view! { <Missing room=None/> }.into_any(),
                }}
            </main>
        </div>
        <NewRoomDialog open=new_room creation on_create=create/>
        <Toaster notices=notices(connection)/>
    }
    .into_any()
}

#[component]
fn Brand(address: Address) -> impl IntoView {
    view! {
        <header class="shell__brand">
            <a
                href="/"
                class="shell__home"
                {..fixed([("aria-label", "Hubbub")])}
                on:click=move |click| address.follow(&click, "/")
            >
                <Wordmark/>
            </a>
            <ThemeSwitch/>
        </header>
    }
    .into_any()
}

/// The user who is signed in, and the way out.
#[component]
fn AccountBar(account: Account) -> impl IntoView {
    view! {
        <footer class="shell__account">
            <a class="shell__me" href="/account" {..fixed([("title", "Your account")])}>
                <Avatar name=account.name.clone()/>
                <span class="sr_only">"Your account: "</span>
                <bdi class="shell__name">{account.name}</bdi>
            </a>
            <form {..fixed([("method", "post"), ("action", "/sign-out")])}>
                <button class="icon_button" type="submit" {..fixed([("aria-label", "Sign out"), ("title", "Sign out")])}>
                    <Glyph icon=Icon::SignOut/>
                </button>
            </form>
        </footer>
    }
    .into_any()
}

/// What stands in the middle while no room is chosen.
#[component]
fn Lobby(new_room: RwSignal<bool>) -> impl IntoView {
    let rooms = use_chat_store().rooms();
    let has_rooms = memo(move || rooms.with(|rooms| !rooms.is_empty()));
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
        .into_any()
    };
    view! { <div class="lobby" class:is-choosing=move || has_rooms.get()>{move || empty()}</div> }.into_any()
}

/// From now on there are copies of what this page shows, until nobody is signed in any more.
fn keep_copies(address: Address, connection: Connection) {
    let mut is_first = true;
    effect(move || {
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
    effect(move || {
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
