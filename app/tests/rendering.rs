//! Pages as the server renders them: on one thread, to be dropped on whichever thread the request ends.
#![cfg(feature = "ssr")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use app::{Account, PageKind, Start};
use leptos::prelude::*;
use leptos_meta::ServerMetaContext;
use leptos_router::location::RequestUrl;
use protocol::{Cursor, JoinedRoom, Member, Role, RoomId, RoomKind, RoomSummary, UserId};

/// A page of alice, who is in one room with bob.
fn start(path: &str) -> Start {
    let user = |name: &str| UserId::parse(name).unwrap();
    let member = |name: &str| Member {
        id: user(name),
        name: name.to_owned(),
        role: Role::Owner,
        online: true,
        read_seq: 0,
    };
    let (room, head) = (RoomId::parse("general").unwrap(), Cursor { epoch: 1, seq: 0 });
    Start {
        path: path.to_owned(),
        next: "/".to_owned(),
        account: Some(Account { id: user("alice"), name: "alice".to_owned() }),
        rooms: vec![RoomSummary {
            id: room.clone(),
            name: "General".to_owned(),
            kind: RoomKind::Group,
            role: Role::Owner,
            head,
            read_seq: 0,
            unread: 0,
            member_count: 2,
            last: None,
            created_at_ms: 0,
        }],
        open: Some(JoinedRoom {
            room,
            chat: None,
            head,
            recovered: false,
            has_more: false,
            messages: Vec::new(),
            members: vec![member("alice"), member("bob")],
            typing: Vec::new(),
            participants: vec![user("alice")],
            live: None,
            rev: None,
            changed: Vec::new(),
        }),
        ..Start::default()
    }
}

#[test]
fn a_page_is_dropped_on_another_thread_than_its_own() {
    for (path, kind, text) in [
        ("/", PageKind::Interactive, "Pick a room"),
        ("/rooms/general", PageKind::Interactive, "Leave room"),
        ("/live/general", PageKind::Interactive, "Session controls"),
        #[cfg(feature = "test")]
        ("/test", PageKind::Interactive, "Send test message"),
        ("/sign-in", PageKind::Static, "Create an account"),
    ] {
        let owner = Owner::new();
        let html = owner.with(|| {
            provide_context(start(path));
            provide_context(kind);
            provide_context(RequestUrl::new(path));
            provide_context(ServerMetaContext::new().0);
            app::shell(LeptosOptions::builder().output_name("hubbub").build()).to_html()
        });
        assert!(html.contains(text), "{path}: {html}");
        let dropped = std::thread::spawn(move || drop(owner)).join();
        assert!(dropped.is_ok(), "{path}");
    }
}
