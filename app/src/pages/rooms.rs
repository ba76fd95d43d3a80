//! `/` and what surrounds every room: the rail, the connection, oneself.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::components::{A, Outlet};
use leptos_router::hooks::{use_location, use_navigate};
use protocol::{RoomId, RoomSummary};

use super::sign_in::SignInPage;
use crate::components::arcs::Wordmark;
use crate::components::avatar::Avatar;
use crate::components::connection_status::ConnectionStatus;
use crate::components::empty::Empty;
use crate::components::icon::{Glyph, Icon};
use crate::components::new_room::{NewRoom, NewRoomDialog};
use crate::components::room_list::RoomList;
use crate::components::theme_switch::ThemeSwitch;
use crate::conversation::use_conversations;
use crate::link::use_link;
use crate::page::use_page;
use crate::start::Account;

/// Whether the dialog that makes a room is open, for whoever has a button for it.
#[derive(Debug, Clone, Copy)]
struct NewRoomOpen(RwSignal<bool>);

/// The frame of all rooms. Whoever is not signed in is asked to, and comes back here.
#[component]
pub fn RoomsLayout() -> impl IntoView {
    match use_page().account() {
        Some(account) => view! { <Frame account/> }.into_any(),
        None => view! { <SignInPage/> }.into_any(),
    }
}

#[component]
fn Frame(account: Account) -> impl IntoView {
    let conversations = use_conversations();
    let link = use_link();
    let rooms = conversations.rooms();
    let path = use_location().pathname;
    let current = Memo::new(move |_| path.with(|path| room_of(path)));

    let new_room = RwSignal::new(false);
    provide_context(NewRoomOpen(new_room));
    let navigate = use_navigate();
    let create = Action::new_local(move |wanted: &NewRoom| {
        let NewRoom { name, usernames } = wanted.clone();
        let navigate = navigate.clone();
        async move {
            let made = conversations.create_room(name, usernames).await;
            if let Ok(room) = &made {
                navigate(&format!("/rooms/{room}"), NavigateOptions::default());
            }
            made
        }
    });
    switch_rooms_by_key(rooms, current.into());

    let unread = Memo::new(move |_| rooms.with(|rooms| rooms.iter().filter(|room| room.unread != 0).count()));
    let title = move || {
        let name = current.with(|current| current.as_ref().and_then(|id| name_of(&rooms.read(), id)));
        let name = name.map(|name| format!("{name} · ")).unwrap_or_default();
        match unread.get() {
            0 => format!("{name}Hubbub"),
            count => format!("({count}) {name}Hubbub"),
        }
    };

    view! {
        <Title text=title/>
        <a class="skip_link" href="#main">"Skip to the conversation"</a>
        <div class="shell" class:is-in-room=move || current.with(Option::is_some)>
            <header class="shell__brand">
                <A href="/" attr:class="shell__home" attr:aria-label="Hubbub">
                    <Wordmark/>
                </A>
                <ThemeSwitch theme=use_page().theme/>
            </header>
            <ConnectionStatus status=link.status on_retry=Callback::new(move |()| link.retry())/>
            <RoomList rooms current=current.into() on_new=Callback::new(move |()| new_room.set(true))/>
            <div class="shell__account">
                <Avatar id=account.id.as_str().to_owned() name=account.name.clone()/>
                <bdi class="shell__name">{account.name}</bdi>
                <form method="post" action="/sign-out">
                    <button class="icon_button" type="submit" aria-label="Sign out" title="Sign out">
                        <Glyph icon=Icon::SignOut/>
                    </button>
                </form>
            </div>
            <main class="shell__main" id="main" tabindex="-1">
                <Outlet/>
            </main>
        </div>
        <NewRoomDialog open=new_room create/>
    }
    .into_any()
}

/// What stands in the middle while no room is chosen.
#[component]
pub fn Lobby() -> impl IntoView {
    let rooms = use_conversations().rooms();
    let has_rooms = Memo::new(move |_| rooms.with(|rooms| !rooms.is_empty()));
    let title = move || if has_rooms.get() { "Pick a room" } else { "It is quiet in here" }.to_owned();
    let hint = move || {
        if has_rooms.get() {
            "Everything said while you were away is waiting on the left."
        } else {
            "Start a room and bring some people. Or wait: an invitation shows up by itself."
        }
        .to_owned()
    };
    let open = use_context::<NewRoomOpen>();
    view! {
        <div class="lobby">
            <Empty title=Signal::derive(title) hint=Signal::derive(hint)>
                <button
                    class="button is-primary"
                    type="button"
                    on:click=move |_| {
                        if let Some(NewRoomOpen(open)) = open {
                            open.set(true);
                        }
                    }
                >
                    "Start a room"
                </button>
            </Empty>
        </div>
    }
    .into_any()
}

fn room_of(path: &str) -> Option<RoomId> {
    RoomId::parse(path.strip_prefix("/rooms/")?.trim_end_matches('/')).ok()
}

fn name_of(rooms: &[RoomSummary], id: &RoomId) -> Option<String> {
    rooms.iter().find(|room| room.id == *id).map(|room| room.name.clone())
}

/// Alt+↑ and Alt+↓ go to the room above and below. An effect does not run on the server.
fn switch_rooms_by_key(rooms: Signal<Vec<RoomSummary>>, current: Signal<Option<RoomId>>) {
    let navigate = use_navigate();
    Effect::new(move |_| {
        let navigate = navigate.clone();
        let listener = window_event_listener(leptos::ev::keydown, move |key| {
            let forward = match key.key().as_str() {
                "ArrowDown" => true,
                "ArrowUp" => false,
                _ => return,
            };
            if !key.alt_key() || key.ctrl_key() || key.meta_key() || key.shift_key() {
                return;
            }
            let neighbour =
                rooms.with_untracked(|rooms| neighbour(rooms, current.get_untracked().as_ref(), forward));
            if let Some(room) = neighbour {
                key.prevent_default();
                navigate(&format!("/rooms/{room}"), NavigateOptions::default());
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

    #[test]
    fn an_address_names_a_room() {
        assert_eq!(room_of("/rooms/team:1").unwrap().as_str(), "team:1");
        assert_eq!(room_of("/rooms/"), None);
        assert_eq!(room_of("/"), None);
    }
}
