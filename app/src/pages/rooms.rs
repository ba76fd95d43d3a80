//! The layout of the rooms, beside each of their pages: the list, the connection, oneself. Going from one of the pages to
//! another one keeps it, and with it the connection.

use std::time::Duration;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_location, use_navigate};
use protocol::{RoomId, RoomSummary, ServerFrame};
use wasm_bindgen::JsCast;

use crate::api::problem;
use crate::browser::{IS_BROWSER, attempt};
use crate::chat::{provide_chat_store, use_chat_store};
use crate::components::arcs::Wordmark;
use crate::components::avatar::Avatar;
use crate::components::connection_status::ConnectionStatus;
use crate::components::icon::{Glyph, Icon};
use crate::components::new_room::{NewRoom, NewRoomDialog};
use crate::components::room_list::RoomList;
use crate::components::theme_switch::ThemeSwitch;
use crate::components::toasts::Toaster;
use crate::connection::{Connection, use_connection};
use crate::copies::{note_change, start_copies};
use crate::notices::notices;
use crate::page::use_page;
use crate::paths::{self, RoomsPath};
use crate::start::{Account, Start};
use crate::title::counted_title;

/// Whether the dialog for a new room is open, as a context.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewRoomAsked(pub(super) RwSignal<bool>);

/// The frame of the pages for those who are signed in.
#[component]
pub fn RoomsLayout() -> impl IntoView {
    use_page().account().map(|account| view! { <Frame account/> })
}

#[component]
fn Frame(account: Account) -> impl IntoView {
    let chat = provide_chat_store(&expect_context::<Start>());
    let connection = use_connection();
    let rooms = chat.rooms();
    let pathname = use_location().pathname;
    let here = Memo::new(move |_| pathname.with(|path| RoomsPath::parse(path)));
    let is_in_room = Memo::new(move |_| here.with(|here| here.room().is_some()));
    let unread = Memo::new(move |_| rooms.with(|rooms| rooms.iter().filter(|room| room.unread != 0).count()));
    // For the server, which formats the title when the signals of the page may be gone.
    let unread_at_first = unread.get_untracked();

    let new_room = RwSignal::new(false);
    provide_context(NewRoomAsked(new_room));
    switch_rooms_by_key(rooms, here);
    keep_copies(here, connection);
    keep_focus(here);

    view! {
        <Title formatter=move |name: String| counted_title(&name, if IS_BROWSER { unread.get() } else { unread_at_first })/>
        // The browser's own way to a part of the page takes the focus along.
        <a class="skip_link" href="#main" rel="external">"Skip to the conversation"</a>
        {move || is_in_room.get().then(|| view! { <a class="skip_link" href="#composer" rel="external">"Skip to the message field"</a> })}
        <div class="shell" class:is-in-room=move || is_in_room.get()>
            <Brand/>
            <ConnectionStatus
                status=connection.state
                on_retry=Callback::new(move |()| connection.retry())
                here=Signal::from(pathname)
            />
            <RoomList rooms here live=chat.live_rooms() on_new=Callback::new(move |()| new_room.set(true))/>
            <AccountBar account/>
            <main class="shell__main" id="main" tabindex="-1">
                <Outlet/>
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
    let navigate = use_navigate();
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
            navigate(&paths::room(&room), NavigateOptions::default());
            open.set(false);
        }
    });
    view! { <NewRoomDialog open pending problem=problem(creation) on_create=create/> }
}

#[component]
fn Brand() -> impl IntoView {
    view! {
        <header class="shell__brand">
            <a href="/" class="shell__home" aria-label="Hubbub">
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
            <a class="shell__me" href="/account" rel="external" title="Your account">
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

/// From now on there are copies of what this page shows, until nobody is signed in any more. A live session is worth
/// nothing without a connection.
fn keep_copies(here: Memo<RoomsPath>, connection: Connection) {
    Effect::new(move |has_started: Option<()>| {
        let is_live = here.with(RoomsPath::is_live);
        if has_started.is_none() {
            start_copies();
        } else if !is_live {
            // Once the address bar says so, too.
            set_timeout(|| note_change(true), Duration::ZERO);
        }
    });
    connection.on_frame(move |frame| {
        if matches!(frame, ServerFrame::Message { .. }) && !here.with_untracked(RoomsPath::is_live) {
            note_change(false);
        }
    });
}

/// A focus that has gone with the page before is on the page that took its place.
fn keep_focus(here: Memo<RoomsPath>) {
    Effect::new(move |is_another: Option<()>| {
        here.track();
        if is_another.is_some() {
            // Once that page is in the document.
            request_animation_frame(|| {
                let document = document();
                let is_lost = document.active_element().is_none_or(|it| it.tag_name() == "BODY");
                let main = document.get_element_by_id("main").filter(|_| is_lost);
                if let Some(main) = main.and_then(|it| it.dyn_into::<web_sys::HtmlElement>().ok()) {
                    attempt("focusing the page", main.focus());
                }
            });
        }
    });
}

/// Alt+↑ and Alt+↓ go to the room above and below. An effect does not run on the server.
fn switch_rooms_by_key(rooms: Memo<Vec<RoomSummary>>, here: Memo<RoomsPath>) {
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
            let here = here.get_untracked();
            let neighbour = rooms.with_untracked(|rooms| neighbour(rooms, here.room(), forward));
            if let Some(room) = neighbour {
                key.prevent_default();
                navigate(&paths::room(&room), NavigateOptions::default());
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
