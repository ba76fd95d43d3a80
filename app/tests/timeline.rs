//! Whatever the network does to the order and the number of frames, a person sees each message once and in order.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use app::model::timeline::{Line, LineState, Outcome, Timeline};
use protocol::{Cursor, DraftId, JoinedRoom, Message, MessageId, MessageKind, Posted, RoomId, UserId};
use uuid::Uuid;

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn room() -> RoomId {
    RoomId::parse("general").unwrap()
}

fn draft(number: u64) -> DraftId {
    DraftId(Uuid::from_u128(u128::from(number)))
}

/// Number `seq`, said by bob, or by alice (who looks on) when the number is one of `hers`.
fn message(seq: u64, hers: &[u64]) -> Message {
    let name = if hers.contains(&seq) { "alice" } else { "bob" };
    Message {
        room: room(),
        cursor: Cursor { epoch: 1, seq },
        id: MessageId(Uuid::from_u128(u128::from(seq) + 1_000)),
        author: user(name),
        name: name.to_owned(),
        draft: draft(seq),
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

fn posted(seq: u64) -> Posted {
    let Message { room, cursor, id, draft, at_ms, .. } = message(seq, &[]);
    Posted { room, draft, cursor, id, at_ms }
}

fn page(seqs: std::ops::RangeInclusive<u64>, recovered: bool) -> JoinedRoom {
    let head = Cursor { epoch: 1, seq: *seqs.end() };
    JoinedRoom {
        room: room(),
        chat: None,
        head,
        recovered,
        has_more: *seqs.start() > 1,
        messages: seqs.map(|seq| message(seq, &[])).collect(),
        members: Vec::new(),
        typing: Vec::new(),
        participants: Vec::new(),
        live: None,
        rev: None,
        changed: Vec::new(),
    }
}

/// What alice sees of a room whose newest page is this.
fn timeline(seqs: std::ops::RangeInclusive<u64>) -> Timeline {
    let mut timeline = Timeline::new(Some((user("alice"), "alice".to_owned())));
    timeline.joined(&page(seqs, false));
    timeline
}

fn numbers(timeline: &Timeline) -> Vec<Option<u64>> {
    timeline.lines().iter().map(|line| line.seq).collect()
}

fn range(seqs: std::ops::RangeInclusive<u64>) -> Vec<Option<u64>> {
    seqs.map(Some).collect()
}

/// Calls back with every order of the items.
fn each_order<T: Clone>(items: &mut Vec<T>, from: usize, call: &mut impl FnMut(&[T])) {
    if from == items.len() {
        return call(items);
    }
    for at in from..items.len() {
        items.swap(from, at);
        each_order(items, from + 1, call);
        items.swap(from, at);
    }
}

#[test]
fn every_order_of_six_messages_ends_in_the_same_timeline() {
    let mut expected = timeline(1..=3);
    for seq in 4..=9 {
        assert_eq!(expected.message(&message(seq, &[])), Outcome::News);
    }
    let mut orders = 0;
    each_order(&mut (4..=9).collect(), 0, &mut |order| {
        let mut seen = timeline(1..=3);
        for seq in order {
            seen.message(&message(*seq, &[]));
        }
        assert_eq!(seen, expected, "{order:?}");
        orders += 1;
    });
    assert_eq!(orders, 720);
}

#[test]
fn every_order_with_everything_twice_ends_in_the_same_timeline() {
    let expected = {
        let mut timeline = timeline(1..=2);
        for seq in 3..=5 {
            timeline.message(&message(seq, &[]));
        }
        timeline
    };
    each_order(&mut vec![3, 3, 4, 4, 5, 5, 2], 0, &mut |order| {
        let mut seen = timeline(1..=2);
        for seq in order {
            seen.message(&message(*seq, &[]));
        }
        assert_eq!(seen, expected, "{order:?}");
    });
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Echo(u64),
    Posted(u64),
    Rejoin,
}

#[test]
fn own_text_appears_once_whether_its_answer_or_its_echo_comes_first() {
    let hers = [4, 6];
    let steps = [Step::Echo(4), Step::Posted(4), Step::Echo(5), Step::Echo(6), Step::Posted(6), Step::Rejoin];
    each_order(&mut steps.to_vec(), 0, &mut |order| {
        let mut seen = timeline(1..=3);
        seen.write(draft(4), "text 4".to_owned(), 4);
        seen.write(draft(6), "text 6".to_owned(), 6);
        for step in order {
            match step {
                Step::Echo(seq) => drop(seen.message(&message(*seq, &hers))),
                Step::Posted(seq) => drop(seen.posted(&posted(*seq))),
                Step::Rejoin => {
                    let since = seen.head().unwrap().seq;
                    let mut answer = page(since + 1..=6, true);
                    answer.messages.iter_mut().for_each(|it| *it = message(it.cursor.seq, &hers));
                    seen.joined(&answer);
                }
            }
        }
        assert_eq!(numbers(&seen), range(1..=6), "{order:?}");
        assert!(seen.lines().iter().all(|line| line.state == LineState::Sent), "{order:?}");
    });
}

#[test]
fn a_line_keeps_its_key_from_writing_to_sent() {
    let mut seen = timeline(1..=1);
    seen.write(draft(2), "text 2".to_owned(), 70);
    let before = seen.lines().pop().unwrap();
    assert_eq!((before.state, before.mine, before.seq), (LineState::Pending, true, None));
    assert_eq!(seen.posted(&posted(2)), Outcome::News);
    let after = seen.lines().pop().unwrap();
    assert_eq!((after.state, after.mine, after.seq), (LineState::Sent, true, Some(2)));
    assert_eq!(before.key, after.key);
    assert_eq!(after.body, "text 2");
}

#[test]
fn two_authors_may_choose_the_same_draft_id() {
    let mut seen = timeline(1..=1);
    seen.write(draft(2), "mine".to_owned(), 0);
    seen.message(&message(2, &[]));
    let lines = seen.lines();
    assert_eq!(lines.len(), 3);
    assert_ne!(lines[1].key, lines[2].key);
}

#[test]
fn a_second_tab_sees_its_persons_messages_as_its_own() {
    let mut seen = timeline(1..=3);
    seen.message(&message(4, &[4]));
    let Line { mine, state, .. } = seen.lines().pop().unwrap();
    assert!(mine);
    assert_eq!(state, LineState::Sent);
}

#[test]
fn a_hole_asks_to_join_again_and_the_answer_fills_it() {
    let mut seen = timeline(1..=3);
    assert_eq!(seen.message(&message(6, &[])), Outcome::Gap);
    assert_eq!(seen.head().unwrap().seq, 3, "recovery starts before the hole");
    assert_eq!(numbers(&seen), range(1..=3), "nothing is shown after a hole");
    seen.joined(&page(4..=5, true));
    assert_eq!(numbers(&seen), range(1..=6));
    assert_eq!(seen.head().unwrap().seq, 6);
}

#[test]
fn recovery_adds_what_was_missed_and_keeps_what_was_loaded() {
    let mut seen = timeline(41..=90);
    seen.joined(&page(91..=99, true));
    assert_eq!(numbers(&seen), range(41..=99));
    assert!(seen.has_older);
    seen.joined(&page(91..=99, true));
    assert_eq!(numbers(&seen), range(41..=99), "twice is once");
}

#[test]
fn without_recovery_the_timeline_starts_over_and_keeps_what_is_on_its_way() {
    let mut seen = timeline(1..=50);
    seen.write(draft(900), "unsent".to_owned(), 0);
    seen.joined(&page(651..=700, false));
    let mut expected = range(651..=700);
    expected.push(None);
    assert_eq!(numbers(&seen), expected);
    assert!(seen.has_older);
}

#[test]
fn a_page_that_meets_what_is_here_is_joined_to_it() {
    let mut seen = timeline(30..=60);
    seen.joined(&page(21..=70, false));
    assert_eq!(numbers(&seen), range(21..=70));
    seen.joined(&page(40..=50, false));
    assert_eq!(numbers(&seen), range(21..=70), "late news takes nothing away");
}

#[test]
fn what_was_sent_before_the_connection_was_lost_is_found_by_recovery() {
    let mut seen = timeline(1..=3);
    seen.write(draft(4), "text 4".to_owned(), 0);
    let mut answer = page(4..=4, true);
    answer.messages = vec![message(4, &[4])];
    seen.joined(&answer);
    assert_eq!(numbers(&seen), range(1..=4));
    // Its resend is answered with the old number.
    seen.posted(&posted(4));
    assert_eq!(numbers(&seen), range(1..=4));
}

#[test]
fn another_epoch_is_another_room() {
    let mut seen = timeline(1..=5);
    let mut reborn = message(6, &[]);
    reborn.cursor.epoch = 2;
    assert_eq!(seen.message(&reborn), Outcome::Gap);
    let mut answer = page(1..=2, false);
    answer.head.epoch = 2;
    answer.messages.iter_mut().for_each(|it| it.cursor.epoch = 2);
    seen.joined(&answer);
    assert_eq!(numbers(&seen), range(1..=2));
    assert_eq!(seen.head().unwrap().epoch, 2);
}

#[test]
fn older_pages_go_in_front_and_only_where_they_fit() {
    let mut seen = timeline(101..=150);
    let fetch = |seqs: std::ops::RangeInclusive<u64>| seqs.map(|seq| message(seq, &[])).collect::<Vec<_>>();
    seen.older(fetch(51..=100), true);
    assert_eq!(numbers(&seen), range(51..=150));
    seen.older(fetch(51..=100), true);
    assert_eq!(numbers(&seen), range(51..=150), "twice is once");
    seen.older(fetch(1..=20), false);
    assert_eq!(numbers(&seen), range(51..=150), "a page that does not fit is not shown");
    assert!(seen.has_older);
    seen.older(fetch(1..=50), false);
    assert_eq!(numbers(&seen), range(1..=150));
    assert!(!seen.has_older);
}

#[test]
fn a_refused_text_can_be_tried_again_as_the_last_one_or_thrown_away() {
    let mut seen = timeline(1..=1);
    seen.write(draft(10), "first".to_owned(), 0);
    seen.write(draft(11), "second".to_owned(), 1);
    assert!(seen.failed(draft(10), "too long"));
    let states: Vec<_> = seen.lines().into_iter().skip(1).map(|line| line.state).collect();
    assert_eq!(states, [LineState::Failed { reason: "too long".to_owned() }, LineState::Pending]);
    assert_eq!(seen.again(draft(11), 2), None, "it still waits");
    assert_eq!(seen.again(draft(10), 2), Some("first".to_owned()));
    let bodies: Vec<_> = seen.lines().into_iter().skip(1).map(|line| line.body).collect();
    assert_eq!(bodies, ["second", "first"]);
    assert_eq!(seen.discard(draft(10)), Some("first".to_owned()));
    assert_eq!(seen.discard(draft(10)), None);
    assert!(!seen.failed(draft(10), "late"));
}

#[test]
fn a_kept_text_stands_where_it_was_written_until_it_arrives() {
    let mut seen = timeline(1..=1);
    seen.write(draft(10), "second".to_owned(), 5);
    assert!(seen.kept(draft(11), "first", 3, None));
    assert!(!seen.kept(draft(11), "first", 3, None), "it is known");
    assert!(seen.kept(draft(12), "third", 7, Some("too long")));
    let bodies = |seen: &Timeline| seen.lines().into_iter().skip(1).map(|it| it.body).collect::<Vec<_>>();
    assert_eq!(bodies(&seen), ["first", "second", "third"]);
    assert!(seen.kept(draft(12), "third", 9, None), "it is tried again");
    assert_eq!(seen.lines().last().map(|line| line.state.clone()), Some(LineState::Pending));
    let arrived = Message { draft: draft(11), ..message(2, &[2]) };
    assert_eq!(seen.message(&arrived), Outcome::News);
    assert!(!seen.kept(draft(11), "first", 3, None), "it is here already");
    assert_eq!(bodies(&seen), ["text 2", "second", "third"]);
}

#[test]
fn the_new_mark_stands_at_the_first_unread_message_of_somebody_else() {
    let mut seen = Timeline::new(Some((user("alice"), "alice".to_owned())));
    seen.opened(3);
    assert_eq!(seen.first_unread, None, "nothing is here yet");
    let mut answer = page(1..=6, false);
    answer.messages = (1..=6).map(|seq| message(seq, &[4])).collect();
    seen.joined(&answer);
    assert_eq!(seen.first_unread, Some(5), "one's own message is not new");
    seen.message(&message(7, &[]));
    assert_eq!(seen.first_unread, Some(5), "it does not move while one reads");
    seen.opened(7);
    assert_eq!(seen.first_unread, None);
}

#[test]
fn a_room_that_was_never_opened_keeps_nothing() {
    let mut seen = Timeline::new(Some((user("alice"), "alice".to_owned())));
    assert_eq!(seen.message(&message(9, &[])), Outcome::Known);
    seen.joined(&page(8..=9, true));
    assert!(!seen.loaded);
    assert!(seen.lines().is_empty());
}

#[test]
fn memory_is_bounded_and_what_went_can_be_loaded_again() {
    let mut seen = timeline(1..=50);
    for seq in 51..=4_000 {
        seen.message(&message(seq, &[]));
    }
    let lines = seen.lines();
    assert!(lines.len() <= 3_000, "{}", lines.len());
    assert_eq!(lines.last().unwrap().seq, Some(4_000));
    assert!(seen.has_older);

    let mut holed = timeline(1..=1);
    for seq in (1_000..3_000).rev() {
        assert_ne!(holed.message(&message(seq, &[])), Outcome::News);
    }
    holed.joined(&page(2..=999, true));
    assert_eq!(numbers(&holed), range(1..=1_199), "the nearest of what came too early is kept");
}

#[test]
fn whoever_follows_the_newest_keeps_few_and_loads_the_others_again() {
    let mut seen = timeline(1..=50);
    for seq in 51..=240 {
        seen.message(&message(seq, &[]));
    }
    assert!(!seen.followed(), "as many may stay");
    seen.message(&message(241, &[]));
    assert!(seen.followed());
    assert_eq!(numbers(&seen), range(82..=241));
    assert!(seen.has_older);
    seen.older((32..=81).map(|seq| message(seq, &[])).collect(), true);
    assert_eq!(numbers(&seen), range(32..=241));
    assert_eq!(seen.message(&message(242, &[])), Outcome::News);
}
