//! Tests of the checker: one small history for each violation, and one that keeps the promise.

use std::collections::BTreeSet;

use chaos::{End, Entry, EntryKind, History, Notice, Position, Sent, Stored, View, Violation, check};

const ROOM: &str = "kitchen";

fn position(seq: u64) -> Position {
    Position { epoch: Some(7), seq: Some(seq), id: Some(format!("id-{seq}")) }
}

fn line(seq: u64) -> String {
    format!("line {seq}")
}

fn told(seq: u64) -> Notice {
    Notice::Message { room: ROOM.to_owned(), position: position(seq), text: line(seq) }
}

fn recovered() -> Notice {
    Notice::Recovered { room: ROOM.to_owned() }
}

fn started_over() -> Notice {
    Notice::StartedOver { room: ROOM.to_owned() }
}

fn people(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn view(client: &str, person: &str, notices: Vec<Notice>) -> View {
    let present = [(ROOM.to_owned(), people(&["ann", "bob"]))].into();
    let end = End { follows: people(&[ROOM]), present, hears_inbox: true };
    let kinds = [EntryKind::Direct].into();
    View { client: client.to_owned(), user: person.to_owned(), notices, kinds, end }
}

/// Ann says three lines; she hears them at once, bob hears the second one again after a cut that his own rules see through.
fn good() -> History {
    let seqs = [1, 2, 3];
    let sent = seqs.map(|seq| Sent {
        client: "ann-1".to_owned(),
        room: ROOM.to_owned(),
        text: line(seq),
        acknowledged: Some(position(seq)),
        is_persistent: true,
    });
    let stored = seqs.map(|seq| Stored { room: ROOM.to_owned(), position: position(seq), text: line(seq) });
    let views = vec![
        view("ann-1", "ann", vec![started_over(), told(1), told(2), told(3)]),
        view("bob-1", "bob", vec![started_over(), told(1), recovered(), told(2), told(3)]),
    ];
    let present = people(&["ann", "bob"]);
    History { sent: sent.into(), views, stored: stored.into(), present, ..History::default() }
}

/// What is found once a good history is made a bad one.
#[track_caller]
fn found(spoil: impl FnOnce(&mut History)) -> Vec<String> {
    let mut history = good();
    assert_eq!(check(&history), []);
    spoil(&mut history);
    check(&history).iter().map(Violation::to_string).collect()
}

#[test]
fn a_history_that_keeps_the_promise_is_left_alone() {
    assert!(found(|_| {}).is_empty());
}

#[test]
fn an_acknowledged_line_that_is_not_stored_is_lost() {
    let found = found(|it| {
        it.stored.pop();
        it.views.clear();
    });
    assert_eq!(
        found,
        ["room kitchen: `line 3` of ann-1 was acknowledged as number 3 of epoch 7 (id-3) and is not stored"]
    );
}

#[test]
fn an_acknowledgement_says_what_is_stored() {
    let found =
        found(|it| it.sent[2].acknowledged = Some(Position { id: Some("id-9".to_owned()), ..position(3) }));
    assert_eq!(
        found,
        [
            "room kitchen: `line 3` of ann-1 was acknowledged as number 3 of epoch 7 (id-9) and is stored as number 3 of epoch 7 (id-3)"
        ]
    );
}

#[test]
fn what_is_sent_until_it_is_taken_is_stored_in_the_end() {
    let unsent = |is_persistent| Sent {
        client: "bob-1".to_owned(),
        room: ROOM.to_owned(),
        text: "late".to_owned(),
        acknowledged: None,
        is_persistent,
    };
    assert!(found(|it| it.sent.push(unsent(false))).is_empty());
    assert_eq!(
        found(|it| it.sent.push(unsent(true))),
        ["room kitchen: `late` of bob-1 was to be sent until it is taken and is not stored"]
    );
}

#[test]
fn lines_of_one_client_keep_their_order() {
    let found = found(|it| it.sent.swap(0, 1));
    assert_eq!(found, ["room kitchen: ann-1 wrote number 2 before number 1"]);
}

#[test]
fn a_line_is_stored_once() {
    let found = found(|it| {
        it.stored.push(Stored { room: ROOM.to_owned(), position: position(4), text: line(2) });
        it.views.clear();
    });
    assert_eq!(
        found,
        [
            "`line 2` is stored as number 2 of epoch 7 (id-2) of room kitchen and as number 4 of epoch 7 (id-4) of room kitchen"
        ]
    );
}

#[test]
fn a_name_is_given_once() {
    let found = found(|it| {
        it.stored[2].position.id = Some("id-1".to_owned());
        it.sent[2].acknowledged = None;
        it.views.clear();
    });
    assert_eq!(found, ["room kitchen: number 3 has the name id-1, which another message has, too"]);
}

#[test]
fn nothing_is_stored_that_nobody_said() {
    let found = found(|it| it.sent.truncate(2));
    assert_eq!(found, ["room kitchen: number 3 of epoch 7 (id-3) is `line 3`, which nobody said there"]);
}

#[test]
fn numbers_have_no_holes_and_one_epoch() {
    let uneven = |spoil: fn(&mut Position)| {
        found(|it| {
            spoil(&mut it.stored[2].position);
            it.sent[2].acknowledged = None;
            it.views.clear();
        })
    };
    assert_eq!(
        uneven(|position| position.seq = Some(4)),
        ["room kitchen: where the store should have number 3 it has number 4 of epoch 7 (id-3)"]
    );
    assert_eq!(
        uneven(|position| position.seq = Some(2)),
        ["room kitchen: where the store should have number 3 it has number 2 of epoch 7 (id-3)"]
    );
    assert_eq!(
        uneven(|position| position.epoch = Some(8)),
        ["room kitchen: where the store should have number 3 it has number 3 of epoch 8 (id-3)"]
    );
}

#[test]
fn nothing_is_told_that_is_not_stored() {
    let found = found(|it| {
        let text = "never".to_owned();
        it.views[0].notices.push(Notice::Message { room: ROOM.to_owned(), position: position(4), text });
    });
    assert_eq!(
        found,
        ["room kitchen: ann-1 was told `never` as number 4 of epoch 7 (id-4), which is not stored"]
    );
}

#[test]
fn everybody_has_one_order() {
    let found = found(|it| {
        it.views[0].notices[3] =
            Notice::Message { room: ROOM.to_owned(), position: position(2), text: line(3) };
        it.views[0].end.follows.clear();
        it.views[0].end.present.clear();
    });
    assert_eq!(
        found,
        [
            "room kitchen: ann-1 was told `line 3` as number 2 of epoch 7 (id-2), and it is stored as number 3 of epoch 7 (id-3)"
        ]
    );
}

#[test]
fn a_number_is_told_once_and_in_its_turn() {
    assert_eq!(
        found(|it| it.views[1].notices.push(told(3))),
        ["room kitchen: bob-1 was told number 3 twice"]
    );
    assert_eq!(
        found(|it| it.views[1].notices = vec![started_over(), told(2), told(1), told(3)]),
        ["room kitchen: bob-1 was told number 1 after number 2"]
    );
}

#[test]
fn a_gap_is_said_or_it_is_not_there() {
    let hidden = "room kitchen: bob-1 was told number 3 after number 1, and that nothing is missing";
    for notices in
        [vec![started_over(), told(1), told(3)], vec![started_over(), told(1), recovered(), told(3)]]
    {
        assert_eq!(found(|it| it.views[1].notices = notices), [hidden]);
    }
    let said = vec![started_over(), told(1), started_over(), told(3)];
    assert!(found(|it| it.views[1].notices = said).is_empty());
}

#[test]
fn dialects_without_numbers_are_held_to_the_same() {
    let plain =
        |seq| Notice::Message { room: ROOM.to_owned(), position: Position::default(), text: line(seq) };
    assert!(found(|it| it.views[1].notices = vec![plain(1), plain(2), plain(3)]).is_empty());
    assert_eq!(
        found(|it| it.views[1].notices = vec![plain(1), plain(3)]),
        ["room kitchen: bob-1 was told number 3 after number 1, and that nothing is missing"]
    );
}

#[test]
fn who_follows_is_told_the_end() {
    let late = |it: &mut History| drop(it.views[1].notices.pop());
    assert_eq!(found(late), ["room kitchen: bob-1 follows and was told up to number 2 of 3"]);
    let gone = |it: &mut History| {
        late(it);
        it.views[1].end = End::default();
    };
    assert!(found(gone).is_empty());
}

#[test]
fn presence_is_the_truth_in_the_end() {
    let ghost = found(|it| {
        it.present.remove("bob");
        it.views.pop();
    });
    assert_eq!(ghost, ["room kitchen: ann-1 sees bob, who is gone"]);
    let overlooked = found(|it| it.views[0].end.present = [(ROOM.to_owned(), people(&["ann"]))].into());
    assert_eq!(overlooked, ["room kitchen: ann-1 does not see bob, who is there"]);
}

fn entry(text: &str, is_stored: bool) -> Entry {
    Entry { user: "bob".to_owned(), kind: EntryKind::Direct, text: text.to_owned(), is_stored }
}

fn told_entry(text: &str, number: Option<u64>) -> Notice {
    Notice::Entry { text: text.to_owned(), number }
}

/// What is found when these were sent to bob, who has another client beside `bob-1`, and the two were told these.
#[track_caller]
fn found_in_inbox(entries: &[Entry], first: Vec<Notice>, second: Vec<Notice>) -> Vec<String> {
    found(|it| {
        it.entries = entries.to_vec();
        let mut views = it.views.clone();
        if let Some(bob) = it.views.get_mut(1) {
            bob.notices.extend(first);
        }
        if let Some(mut bob) = views.pop() {
            bob.notices.extend(second);
            it.views.push(View { client: "bob-2".to_owned(), ..bob });
        }
    })
}

#[test]
fn an_acknowledged_entry_reaches_one_client_of_its_user() {
    let sent = [entry("psst", true), entry("pst", true), entry("ps", false)];
    assert_eq!(
        found_in_inbox(&sent, vec![], vec![]),
        ["inbox of bob: `psst` and 1 more were acknowledged and told to no client, and bob-1 is connected"]
    );
    let (first, second) = (told_entry("psst", None), told_entry("pst", None));
    assert!(found_in_inbox(&sent, vec![first], vec![second]).is_empty());
    let nobody_is_there = found(|it| {
        it.entries = sent.to_vec();
        it.views[1].end.hears_inbox = false;
    });
    assert!(nobody_is_there.is_empty());
    let without_a_word = found(|it| {
        it.entries = sent.to_vec();
        it.views[1].kinds.clear();
    });
    assert!(without_a_word.is_empty());
}

#[test]
fn an_entry_may_come_again_on_another_connection_and_not_on_the_same() {
    let psst = || told_entry("psst", None);
    let again = vec![psst(), Notice::Connected, psst()];
    assert!(found_in_inbox(&[entry("psst", true)], again, vec![]).is_empty());
    assert_eq!(
        found_in_inbox(&[entry("psst", true)], vec![psst(), psst()], vec![]),
        ["inbox of bob: bob-1 was told `psst` twice on one connection"]
    );
    assert_eq!(
        found_in_inbox(&[], vec![psst()], vec![]),
        ["inbox of bob: bob-1 was told `psst`, which was not sent there"]
    );
}

#[test]
fn entries_have_one_number_and_come_in_order() {
    let sent = [entry("one", true), entry("two", true)];
    let both = || vec![told_entry("one", Some(1)), told_entry("two", Some(2))];
    assert!(found_in_inbox(&sent, both(), both()).is_empty());
    let backwards = both().into_iter().rev().collect();
    assert_eq!(
        found_in_inbox(&sent, both(), backwards),
        ["inbox of bob: bob-2 was told `one` as number 1, after number 2"]
    );
    let other = vec![told_entry("two", Some(3))];
    assert_eq!(
        found_in_inbox(&sent, both(), other),
        ["inbox of bob: bob-2 was told `two` as number 3, after number 2"]
    );
}

#[test]
fn a_recovered_inbox_has_no_hole() {
    let sent = [entry("one", true), entry("two", true), entry("three", true)];
    let all = || vec![told_entry("one", Some(1)), told_entry("two", Some(2)), told_entry("three", Some(3))];
    let recovered = |told: &[Notice]| {
        let back = [told_entry("one", Some(1)), Notice::Connected];
        let position = Notice::InboxRecovered { after: 1, upto: 3 };
        back.iter().chain(told).chain([&position]).cloned().collect::<Vec<_>>()
    };
    assert!(found_in_inbox(&sent, all(), recovered(&all()[1..])).is_empty());
    assert_eq!(
        found_in_inbox(&sent, all(), recovered(&all()[2..])),
        ["inbox of bob: bob-2 was not told number 2, `two`, and that nothing is missing after 1"]
    );
}
