//! Tests of the list of rooms.

use protocol::{DraftId, Member, MessageId, MessageKind, Role, RoomKind};
use uuid::Uuid;

use super::*;

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn id(name: &str) -> RoomId {
    RoomId::parse(name).unwrap()
}

fn summary(name: &str, head: u64, read_seq: u64) -> RoomSummary {
    RoomSummary {
        id: id(name),
        name: name.to_owned(),
        kind: RoomKind::Group,
        role: Role::Member,
        head: Cursor { epoch: 1, seq: head },
        read_seq,
        unread: u32::try_from(head - read_seq).unwrap().min(MAX_UNREAD),
        member_count: 2,
        last: None,
        created_at_ms: 0,
    }
}

fn message(room: &str, seq: u64, author: &str) -> Message {
    Message {
        room: id(room),
        cursor: Cursor { epoch: 1, seq },
        id: MessageId(Uuid::from_u128(u128::from(seq))),
        author: user(author),
        name: author.to_owned(),
        draft: DraftId(Uuid::from_u128(u128::from(seq))),
        body: format!("text {seq}"),
        at_ms: i64::try_from(seq).unwrap() * 1_000,
        parent: None,
        kind: MessageKind::Text,
        rev: 0,
        edited_at_ms: None,
        deleted_at_ms: None,
        pinned: false,
        reactions: Vec::new(),
    }
}

fn joined(room: &str, messages: Vec<Message>, recovered: bool, read_seq: u64) -> JoinedRoom {
    let member =
        Member { id: user("alice"), name: "alice".to_owned(), role: Role::Member, online: true, read_seq };
    JoinedRoom {
        room: id(room),
        chat: None,
        head: messages.last().unwrap().cursor,
        recovered,
        has_more: false,
        messages,
        members: vec![member],
        typing: Vec::new(),
        participants: Vec::new(),
        live: None,
        rev: None,
        changed: Vec::new(),
    }
}

fn rooms(list: Vec<RoomSummary>) -> Rooms {
    Rooms::new(Some(user("alice")), list)
}

fn unread(rooms: &Rooms, room: &str) -> u32 {
    rooms.get(&id(room)).unwrap().unread
}

fn order(rooms: &Rooms) -> Vec<&str> {
    rooms.list().iter().map(|room| room.id.as_str()).collect()
}

#[test]
fn a_message_brings_its_room_to_the_top_and_counts_as_unread_once() {
    let mut rooms = rooms(vec![summary("a", 0, 0), summary("b", 0, 0)]);
    assert_eq!(rooms.message(&message("b", 1, "bob")), Outcome::News);
    assert_eq!(rooms.message(&message("b", 1, "bob")), Outcome::Known);
    assert_eq!(order(&rooms), ["b", "a"]);
    assert_eq!(unread(&rooms, "b"), 1);
    assert_eq!(rooms.get(&id("b")).unwrap().last.as_ref().unwrap().text, "text 1");
}

#[test]
fn a_live_session_is_a_room_in_no_list_until_its_room_goes() {
    let mut rooms = rooms(vec![summary("a", 0, 0)]);
    let session =
        joined("session_a", (1..=3).map(|seq| message("session_a", seq, "bob")).collect(), false, 2);
    assert!(!rooms.entered(&id("b"), &session), "a room that one is not in has none");
    assert!(rooms.entered(&id("a"), &session));
    assert!(!rooms.entered(&id("a"), &session));
    assert_eq!(order(&rooms), ["a"]);
    assert_eq!(rooms.get(&id("session_a")).map(|it| (it.read_seq, it.unread)), Some((2, 0)));
    assert_eq!(rooms.message(&message("session_a", 4, "bob")), Outcome::News);
    assert_eq!(unread(&rooms, "session_a"), 1);
    assert!(rooms.removed(&id("a")));
    assert_eq!(rooms.get(&id("session_a")), None);
}

#[test]
fn ones_own_messages_are_not_unread() {
    let mut rooms = rooms(vec![summary("a", 0, 0)]);
    rooms.message(&message("a", 1, "alice"));
    assert_eq!(unread(&rooms, "a"), 0);
}

#[test]
fn a_hole_is_filled_before_anything_is_counted() {
    let mut rooms = rooms(vec![summary("a", 3, 3)]);
    assert_eq!(rooms.message(&message("a", 6, "bob")), Outcome::Gap);
    assert_eq!(unread(&rooms, "a"), 0);
    let missed = (4..=6).map(|seq| message("a", seq, if seq == 5 { "alice" } else { "bob" })).collect();
    let answer = joined("a", missed, true, 3);
    rooms.joined(&answer);
    rooms.joined(&answer);
    assert_eq!(unread(&rooms, "a"), 2);
}

#[test]
fn what_was_missed_adds_to_what_was_unread() {
    let mut rooms = rooms(vec![summary("a", 10, 8)]);
    rooms.joined(&joined("a", (11..=13).map(|seq| message("a", seq, "bob")).collect(), true, 8));
    assert_eq!(unread(&rooms, "a"), 5);
}

#[test]
fn without_recovery_everything_that_is_not_known_counts() {
    let mut rooms = rooms(vec![summary("a", 10, 10)]);
    rooms.joined(&joined("a", (31..=40).map(|seq| message("a", seq, "bob")).collect(), false, 10));
    assert_eq!(unread(&rooms, "a"), 30);
    let page = (951..=1_000).map(|seq| message("a", seq, "bob")).collect();
    rooms.joined(&joined("a", page, false, 10));
    assert_eq!(unread(&rooms, "a"), MAX_UNREAD);
}

#[test]
fn reading_in_another_tab_lowers_the_count_here() {
    let mut rooms = rooms(vec![summary("a", 10, 4)]);
    assert!(!rooms.read(&id("a"), &user("bob"), 10));
    assert_eq!(unread(&rooms, "a"), 6);
    assert!(rooms.read(&id("a"), &user("alice"), 8));
    assert_eq!(unread(&rooms, "a"), 2);
    assert!(!rooms.read(&id("a"), &user("alice"), 5), "marks never fall");
    assert!(rooms.read(&id("a"), &user("alice"), 10));
    assert_eq!(unread(&rooms, "a"), 0);
}

#[test]
fn reading_elsewhere_while_away_is_learned_by_joining() {
    let mut rooms = rooms(vec![summary("a", 10, 4)]);
    rooms.joined(&joined("a", vec![message("a", 10, "bob")], false, 10));
    assert_eq!(unread(&rooms, "a"), 0);
}

#[test]
fn the_server_is_told_only_when_the_mark_rises() {
    let mut rooms = rooms(vec![summary("a", 3, 1)]);
    assert_eq!(rooms.mark_read(&id("a"), 3, 0), Some(3));
    assert_eq!(unread(&rooms, "a"), 0);
    assert_eq!(rooms.mark_read(&id("a"), 3, 0), None);
    assert_eq!(rooms.mark_read(&id("nowhere"), 3, 0), None);
    rooms.message(&message("a", 4, "bob"));
    assert_eq!(rooms.mark_read(&id("a"), 4, 0), Some(4));
}

#[test]
fn the_badge_goes_down_as_a_room_is_read() {
    let mut rooms = rooms(vec![summary("a", 9, 1)]);
    assert_eq!(rooms.mark_read(&id("a"), 4, 3), Some(4));
    assert_eq!(unread(&rooms, "a"), 3, "two of the five that are left are one's own");
    assert_eq!(rooms.mark_read(&id("a"), 2, 5), None, "marks never fall");
    assert_eq!(rooms.mark_read(&id("a"), 12, 0), Some(9), "a mark is no message that never was");
    assert_eq!(unread(&rooms, "a"), 0);
}

#[test]
fn rooms_come_go_and_change_their_name_once() {
    let mut rooms = rooms(vec![summary("a", 0, 0)]);
    assert!(rooms.added(&summary("b", 0, 0)));
    assert!(!rooms.added(&summary("b", 0, 0)));
    let change = RoomName { room: id("b"), name: "Bees".to_owned() };
    assert!(rooms.renamed(&change));
    assert!(!rooms.renamed(&change));
    assert!(rooms.count(&id("b"), 3));
    assert!(!rooms.count(&id("b"), 3));
    assert!(rooms.removed(&id("a")));
    assert!(!rooms.removed(&id("a")));
    assert_eq!(order(&rooms), ["b"]);
}

#[test]
fn a_room_that_was_made_anew_under_the_same_name_starts_over() {
    let mut rooms = rooms(vec![summary("a", 10, 10)]);
    let mut reborn = message("a", 2, "bob");
    reborn.cursor.epoch = 2;
    assert_eq!(rooms.message(&reborn), Outcome::Gap);
    rooms.joined(&joined("a", vec![reborn], false, 0));
    assert_eq!(rooms.get(&id("a")).unwrap().head, Cursor { epoch: 2, seq: 2 });
    assert_eq!(unread(&rooms, "a"), 2);
}
