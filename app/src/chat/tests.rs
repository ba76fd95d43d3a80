//! Folding of frames, through the same front door as in a browser. No connection is live here, so nothing goes out.

use protocol::{
    ClientFrame, Cursor, DraftId, ErrorCode, ErrorData, JoinedRoom, LiveChange, MemberAdded, MemberRemoved,
    Message, MessageId, MessageKind, Opaque, Posted, PresenceChange, ReadMark, Role, RoomKind, RoomName,
    RoomRef, ServerFrame, TypingChange, UserId,
};
use uuid::Uuid;

use super::effect::Effect;
use super::*;
use crate::model::timeline::LineState;
use crate::start::Account;

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn id(name: &str) -> RoomId {
    RoomId::parse(name).unwrap()
}

fn member(name: &str) -> Member {
    Member { id: user(name), name: name.to_owned(), role: Role::Member, online: false, read_seq: 0 }
}

fn summary(name: &str) -> RoomSummary {
    RoomSummary {
        id: id(name),
        name: name.to_owned(),
        kind: RoomKind::Group,
        role: Role::Member,
        head: Cursor { epoch: 1, seq: 0 },
        read_seq: 0,
        unread: 0,
        member_count: 2,
        last: None,
        created_at_ms: 0,
    }
}

fn message(room: &str, seq: u64, author: &str, draft: DraftId) -> Message {
    Message {
        room: id(room),
        cursor: Cursor { epoch: 1, seq },
        id: MessageId(Uuid::from_u128(u128::from(seq))),
        author: user(author),
        name: author.to_owned(),
        draft,
        body: format!("text {seq}"),
        at_ms: i64::try_from(seq).unwrap(),
        parent: None,
        kind: MessageKind::Text,
        rev: 0,
        edited_at_ms: None,
        deleted_at_ms: None,
        pinned: false,
        reactions: Vec::new(),
    }
}

fn of_bob(room: &str, seq: u64) -> ServerFrame {
    ServerFrame::Message { data: message(room, seq, "bob", DraftId(Uuid::from_u128(u128::from(seq)))) }
}

fn joined(room: &str, messages: Vec<Message>) -> JoinedRoom {
    let head = messages.last().map_or(Cursor { epoch: 1, seq: 0 }, |last| last.cursor);
    let members = vec![member("alice"), member("bob")];
    JoinedRoom {
        room: id(room),
        chat: None,
        head,
        recovered: false,
        has_more: false,
        messages,
        members,
        typing: Vec::new(),
        participants: Vec::new(),
        live: None,
        rev: None,
        changed: Vec::new(),
    }
}

/// Alice looks at the room "a"; she is in "b" as well.
fn alice(test: impl FnOnce(ChatStore)) {
    let owner = Owner::new();
    owner.with(|| {
        let start = Start {
            account: Some(Account { id: user("alice"), name: "alice".to_owned() }),
            rooms: vec![summary("a"), summary("b")],
            open: Some(joined("a", Vec::new())),
            ..Start::default()
        };
        let chat = provide_chat_store(&start);
        chat.open(&id("a"));
        test(chat);
    });
    owner.cleanup();
}

fn bodies(here: &ChatStore, room: &str) -> Vec<String> {
    here.timeline(&id(room)).with_untracked(|it| it.lines().into_iter().map(|line| line.body).collect())
}

fn unread(here: &ChatStore, room: &str) -> u32 {
    here.summary(&id(room)).get_untracked().unwrap().unread
}

fn only_draft(here: &ChatStore) -> (DraftId, LineState) {
    let lines = here.timeline(&id("a")).with_untracked(Timeline::lines);
    let line = lines.last().unwrap();
    (line.key.draft, line.state.clone())
}

fn refused(draft: DraftId) -> ServerFrame {
    let data = ErrorData {
        code: ErrorCode::TooLong,
        field: None,
        room: Some(id("a")),
        draft: Some(draft),
        retry_after_ms: None,
    };
    ServerFrame::Error { message: "Too long by 3 bytes".to_owned(), data }
}

#[test]
fn what_the_server_rendered_is_there_from_the_first_moment() {
    alice(|here| {
        assert!(here.timeline(&id("a")).with_untracked(|it| it.loaded));
        assert!(!here.timeline(&id("b")).with_untracked(|it| it.loaded));
        assert_eq!(here.roster(&id("a")).get_untracked().len(), 2);
        assert_eq!(here.rooms().get_untracked().len(), 2);
    });
}

#[test]
fn a_message_shows_in_its_room_and_counts_in_the_list_until_it_is_read() {
    alice(|here| {
        here.dispatcher.apply(&of_bob("a", 1));
        here.dispatcher.apply(&of_bob("b", 1));
        here.dispatcher.apply(&of_bob("b", 1));
        assert_eq!(bodies(&here, "a"), ["text 1"]);
        assert_eq!((unread(&here, "a"), unread(&here, "b")), (1, 1));
        here.mark_read(&id("a"), 1);
        assert_eq!((unread(&here, "a"), unread(&here, "b")), (0, 1));
    });
}

#[test]
fn a_long_absence_does_not_fill_the_page_with_all_that_was_said() {
    alice(|here| {
        here.dispatcher.apply(&of_bob("a", 1));
        let of_long_ago = message("a", 2, "bob", DraftId(Uuid::from_u128(2)));
        let page = JoinedRoom { recovered: true, has_more: true, ..joined("a", vec![of_long_ago]) };
        here.dispatcher.apply(&ServerFrame::Joined { data: page });
        assert_eq!(bodies(&here, "a"), ["text 1"]);
        let newest = message("a", 900, "bob", DraftId(Uuid::from_u128(900)));
        here.dispatcher
            .apply(&ServerFrame::Joined { data: JoinedRoom { has_more: true, ..joined("a", vec![newest]) } });
        assert_eq!(bodies(&here, "a"), ["text 900"]);
    });
}

#[test]
fn reading_in_another_tab_counts_here() {
    alice(|here| {
        here.dispatcher.apply(&of_bob("b", 1));
        here.dispatcher
            .apply(&ServerFrame::Read { data: ReadMark { room: id("b"), user: user("bob"), seq: 1 } });
        assert_eq!(unread(&here, "b"), 1);
        here.dispatcher
            .apply(&ServerFrame::Read { data: ReadMark { room: id("b"), user: user("alice"), seq: 1 } });
        assert_eq!(unread(&here, "b"), 0);
    });
}

#[test]
fn what_one_writes_shows_at_once_and_settles_without_moving() {
    alice(|here| {
        here.post(&id("a"), "hello".to_owned());
        let (draft, state) = only_draft(&here);
        assert_eq!(state, LineState::Pending);
        let Message { room, cursor, id: name, at_ms, .. } = message("a", 1, "alice", draft);
        here.dispatcher.apply(&ServerFrame::Posted { data: Posted { room, draft, cursor, id: name, at_ms } });
        here.dispatcher.apply(&ServerFrame::Message { data: message("a", 1, "alice", draft) });
        assert_eq!(only_draft(&here), (draft, LineState::Sent));
        assert_eq!(bodies(&here, "a"), ["hello"]);
        assert_eq!(unread(&here, "a"), 0);
    });
}

#[test]
fn a_refused_text_says_why_and_can_be_tried_again_or_thrown_away() {
    alice(|here| {
        here.post(&id("a"), "hello".to_owned());
        let (draft, _) = only_draft(&here);
        here.dispatcher.apply(&refused(draft));
        let reason = "Too long by 3 bytes".to_owned();
        assert_eq!(only_draft(&here), (draft, LineState::Failed { reason }));
        here.retry(&id("a"), draft);
        assert_eq!(only_draft(&here), (draft, LineState::Pending));
        here.dispatcher.apply(&refused(draft));
        here.discard(&id("a"), draft);
        assert!(bodies(&here, "a").is_empty());
    });
}

#[test]
fn typing_names_the_others_until_they_speak_or_go() {
    alice(|here| {
        let typing = here.typing(&id("a"));
        let began = |who: &str| ServerFrame::Typing {
            data: TypingChange { room: id("a"), user: user(who), on: true },
        };
        here.dispatcher.apply(&began("alice"));
        here.dispatcher.apply(&began("bob"));
        assert_eq!(typing.get_untracked(), ["bob"]);
        here.dispatcher.apply(&of_bob("a", 1));
        assert!(typing.get_untracked().is_empty());
        here.dispatcher.apply(&began("bob"));
        let gone = PresenceChange { room: id("a"), online: vec![], offline: vec![user("bob")] };
        here.dispatcher.apply(&ServerFrame::Presence { data: gone });
        assert!(typing.get_untracked().is_empty());
    });
}

#[test]
fn people_come_and_go_and_are_counted() {
    alice(|here| {
        let added = MemberAdded { room: id("a"), member: member("carol") };
        here.dispatcher.apply(&ServerFrame::MemberAdded { data: added.clone() });
        here.dispatcher.apply(&ServerFrame::MemberAdded { data: added });
        assert_eq!(here.roster(&id("a")).get_untracked().len(), 3);
        assert_eq!(here.summary(&id("a")).get_untracked().unwrap().member_count, 3);
        let removed = MemberRemoved { room: id("a"), user: user("carol") };
        here.dispatcher.apply(&ServerFrame::MemberRemoved { data: removed });
        assert_eq!(here.summary(&id("a")).get_untracked().unwrap().member_count, 2);
    });
}

#[test]
fn rooms_are_added_renamed_and_removed_while_one_looks_on() {
    alice(|here| {
        here.dispatcher.apply(&ServerFrame::RoomAdded { data: summary("c") });
        here.dispatcher.apply(&ServerFrame::RoomAdded { data: summary("c") });
        here.dispatcher
            .apply(&ServerFrame::RoomRenamed { data: RoomName { room: id("c"), name: "Sea".to_owned() } });
        let names = || here.rooms().get_untracked().into_iter().map(|room| room.name).collect::<Vec<_>>();
        assert_eq!(names(), ["a", "b", "Sea"]);
        here.post(&id("a"), "too late".to_owned());
        here.dispatcher.apply(&ServerFrame::RoomRemoved { data: RoomRef { room: id("a") } });
        assert_eq!(names(), ["b", "Sea"]);
        assert!(matches!(only_draft(&here).1, LineState::Failed { .. }), "what cannot be sent says so");
    });
}

/// The newest page of the live session of the room "a", which Alice has read up to its second message.
fn session_page(count: u64, status: Option<LiveChange>) -> JoinedRoom {
    let messages =
        (1..=count).map(|seq| message("session_a", seq, "bob", DraftId(Uuid::from_u128(seq.into()))));
    let me = Member { read_seq: 2, ..member("alice") };
    JoinedRoom { members: vec![me, member("bob")], live: status, ..joined("session_a", messages.collect()) }
}

fn status(word: &str) -> LiveChange {
    LiveChange {
        room: id("session_a"),
        chat: Some(id("a")),
        status: word.to_owned(),
        user: user("bob"),
        at_ms: 7,
        details: Opaque::default(),
    }
}

#[test]
fn a_live_session_is_joined_left_and_joined_again_from_where_it_was_left() {
    alice(|here| {
        let (chat, session) = (id("a"), id("session_a"));
        let joins = |effect: Effect| match effect {
            Effect::Send(ClientFrame::Join { room, since, .. }) => (room, since.map(|it| it.seq)),
            other => panic!("{other:?}"),
        };
        assert_eq!(joins(here.state.enter(&chat, &session)), (session.clone(), None));
        here.dispatcher.apply(&ServerFrame::Joined { data: session_page(3, None) });
        assert_eq!(here.timeline(&session).with_untracked(|it| it.first_unread), Some(3));
        assert_eq!(here.rooms().get_untracked().len(), 2, "it is in no list");
        here.dispatcher.apply(&of_bob("session_a", 4));
        assert_eq!(unread(&here, "session_a"), 1);
        here.mark_read(&session, 4);
        assert_eq!(unread(&here, "session_a"), 0);

        let left = here.state.leave(&session);
        assert!(matches!(left, Effect::Send(ClientFrame::Leave { room }) if room == session));
        // Another tab is in it still.
        here.dispatcher.apply(&of_bob("session_a", 9));
        assert_eq!(bodies(&here, "session_a").len(), 4);
        assert!(here.state.messages(&[message("session_a", 12, "bob", DraftId(Uuid::nil()))]).is_empty());
        assert_eq!(joins(here.state.enter(&chat, &session)), (session.clone(), Some(4)));
    });
}

#[test]
fn a_page_of_a_live_session_knows_the_rooms_and_that_it_is_on() {
    let owner = Owner::new();
    owner.with(|| {
        let start = Start {
            path: "/live/a".to_owned(),
            account: Some(Account { id: user("alice"), name: "alice".to_owned() }),
            rooms: vec![summary("a"), summary("b")],
            open: Some(session_page(3, Some(status("live")))),
            ..Start::default()
        };
        let here = provide_chat_store(&start);
        assert_eq!(bodies(&here, "session_a").len(), 3);
        assert_eq!(here.timeline(&id("session_a")).with_untracked(|it| it.first_unread), Some(3));
        assert_eq!(here.session(&id("a")).get_untracked(), Standing::Live);
        assert!(here.live_rooms().with_untracked(|live| live.contains(&id("a")) && !live.contains(&id("b"))));
        here.dispatcher.apply(&ServerFrame::Live { data: status("paused") });
        assert_eq!(here.session(&id("a")).get_untracked(), Standing::Paused);
        assert!(!here.live_rooms().with_untracked(|live| live.contains(&id("a"))));
        let names: Vec<_> = here.rooms().get_untracked().into_iter().map(|room| room.id).collect();
        assert_eq!(names, [id("a"), id("b")]);
    });
    owner.cleanup();
}

#[test]
fn the_list_after_an_absence_replaces_what_was_known_before_it() {
    alice(|here| {
        let renamed = RoomSummary { name: "Bees".to_owned(), ..summary("b") };
        // "d" came while the question was under way, so its absence in the answer means nothing.
        here.dispatcher.apply(&ServerFrame::RoomAdded { data: summary("d") });
        let effects = here.state.rooms_listed(&[renamed, summary("c")], &[id("a"), id("b")]);
        here.dispatcher.run_all(effects);
        let names: Vec<_> = here.rooms().get_untracked().into_iter().map(|room| room.name).collect();
        assert_eq!(names, ["Bees", "c", "d"]);
    });
}

#[test]
fn a_page_keeps_its_room_while_another_page_comes_and_goes() {
    alice(|here| {
        let page = Owner::new();
        page.with(|| here.timeline(&id("b")).with_untracked(|it| assert!(!it.loaded)));
        page.cleanup();
        here.dispatcher.apply(&ServerFrame::Joined { data: joined("b", vec![]) });
        here.dispatcher.apply(&of_bob("b", 1));
        assert_eq!(bodies(&here, "b"), ["text 1"]);
    });
}
