//! Tests of the checker: one small history for each violation, and one that keeps the promise.

use std::collections::BTreeSet;

use chaos::{
    ChangedState, End, Entry, EntryKind, History, Observation, Position, Sent, Stored, View, Violation, check,
};

const ROOM: &str = "kitchen";

fn position(seq: u64) -> Position {
    Position { epoch: Some(7), seq: Some(seq), id: Some(format!("id-{seq}")) }
}

fn line(seq: u64) -> String {
    format!("line {seq}")
}

/// The line of one number, stored as another.
fn stored(seq: u64, of: u64) -> Stored {
    let (room, state) = (ROOM.to_owned(), ChangedState::default());
    Stored { room, position: position(seq), text: line(of), state }
}

fn received(seq: u64) -> Observation {
    Observation::Message { room: ROOM.to_owned(), position: position(seq), text: line(seq) }
}

fn recovered() -> Observation {
    Observation::Recovered { room: ROOM.to_owned() }
}

fn started_over() -> Observation {
    Observation::StartedOver { room: ROOM.to_owned() }
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn view(client: &str, user: &str, observations: Vec<Observation>) -> View {
    let present = [(ROOM.to_owned(), names(&["ann", "bob"]))].into();
    let end = End { subscribed: names(&[ROOM]), present, receives_inbox: true };
    let kinds = [EntryKind::Direct].into();
    View { client: client.to_owned(), user: user.to_owned(), observations, kinds, end, ..View::default() }
}

/// Ann sends three messages and receives them at once; bob is cut off after the first one and recovers.
fn good() -> History {
    let seqs = [1, 2, 3];
    let sent = seqs.map(|seq| Sent {
        client: "ann-1".to_owned(),
        room: ROOM.to_owned(),
        text: line(seq),
        acknowledged: Some(position(seq)),
        is_persistent: true,
    });
    let stored = seqs.map(|seq| stored(seq, seq));
    let views = vec![
        view("ann-1", "ann", vec![started_over(), received(1), received(2), received(3)]),
        view("bob-1", "bob", vec![started_over(), received(1), recovered(), received(2), received(3)]),
    ];
    let present = names(&["ann", "bob"]);
    History { sent: sent.into(), views, stored: stored.into(), present, ..History::default() }
}

/// The violations of a good history that was spoilt.
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
fn acknowledgements_match_stored_positions() {
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
fn persistent_messages_are_stored_in_the_end() {
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
        ["room kitchen: `late` of bob-1 was resent until acknowledged and is not stored"]
    );
}

#[test]
fn lines_of_one_client_keep_their_order() {
    let found = found(|it| it.sent.swap(0, 1));
    assert_eq!(found, ["room kitchen: ann-1 sent number 2 before number 1"]);
}

#[test]
fn a_line_is_stored_once() {
    let found = found(|it| {
        it.stored.push(stored(4, 2));
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
fn message_ids_are_unique() {
    let found = found(|it| {
        it.stored[2].position.id = Some("id-1".to_owned());
        it.sent[2].acknowledged = None;
        it.views.clear();
    });
    assert_eq!(found, ["room kitchen: number 3 has the id id-1, which another message also has"]);
}

#[test]
fn nothing_is_stored_that_no_client_sent() {
    let found = found(|it| it.sent.truncate(2));
    assert_eq!(found, ["room kitchen: number 3 of epoch 7 (id-3) is `line 3`, which no client sent there"]);
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
        ["room kitchen: the store should have number 3 and has number 4 of epoch 7 (id-3)"]
    );
    assert_eq!(
        uneven(|position| position.seq = Some(2)),
        ["room kitchen: the store should have number 3 and has number 2 of epoch 7 (id-3)"]
    );
    assert_eq!(
        uneven(|position| position.epoch = Some(8)),
        ["room kitchen: the store should have number 3 and has number 3 of epoch 8 (id-3)"]
    );
}

#[test]
fn nothing_is_received_that_is_not_stored() {
    let found = found(|it| {
        let text = "never".to_owned();
        it.views[0].observations.push(Observation::Message {
            room: ROOM.to_owned(),
            position: position(4),
            text,
        });
    });
    assert_eq!(
        found,
        ["room kitchen: ann-1 received `never` as number 4 of epoch 7 (id-4), which is not stored"]
    );
}

#[test]
fn all_clients_receive_the_same_order() {
    let found = found(|it| {
        it.views[0].observations[3] =
            Observation::Message { room: ROOM.to_owned(), position: position(2), text: line(3) };
        it.views[0].end.subscribed.clear();
        it.views[0].end.present.clear();
    });
    assert_eq!(
        found,
        [
            "room kitchen: ann-1 received `line 3` as number 2 of epoch 7 (id-2), and it is stored as number 3 of epoch 7 (id-3)"
        ]
    );
}

#[test]
fn each_number_is_received_once_and_in_order() {
    assert_eq!(
        found(|it| it.views[1].observations.push(received(3))),
        ["room kitchen: bob-1 received number 3 twice"]
    );
    assert_eq!(
        found(|it| it.views[1].observations = vec![started_over(), received(2), received(1), received(3)]),
        ["room kitchen: bob-1 received number 1 after number 2"]
    );
}

#[test]
fn a_gap_that_was_not_reported_is_a_violation() {
    let hidden =
        "room kitchen: bob-1 received number 3 after number 1, although nothing was reported missing";
    for observations in [
        vec![started_over(), received(1), received(3)],
        vec![started_over(), received(1), recovered(), received(3)],
    ] {
        assert_eq!(found(|it| it.views[1].observations = observations), [hidden]);
    }
    let said = vec![started_over(), received(1), started_over(), received(3)];
    assert!(found(|it| it.views[1].observations = said).is_empty());
}

#[test]
fn dialects_without_numbers_are_checked_by_text() {
    let plain =
        |seq| Observation::Message { room: ROOM.to_owned(), position: Position::default(), text: line(seq) };
    assert!(found(|it| it.views[1].observations = vec![plain(1), plain(2), plain(3)]).is_empty());
    assert_eq!(
        found(|it| it.views[1].observations = vec![plain(1), plain(3)]),
        ["room kitchen: bob-1 received number 3 after number 1, although nothing was reported missing"]
    );
}

#[test]
fn subscribers_receive_every_message_up_to_the_end() {
    let late = |it: &mut History| drop(it.views[1].observations.pop());
    assert_eq!(found(late), ["room kitchen: bob-1 is subscribed and received up to number 2 of 3"]);
    let gone = |it: &mut History| {
        late(it);
        it.views[1].end = End::default();
    };
    assert!(found(gone).is_empty());
}

#[test]
fn presence_is_correct_in_the_end() {
    let ghost = found(|it| {
        it.present.remove("bob");
        it.views.pop();
    });
    assert_eq!(ghost, ["room kitchen: ann-1 sees bob, who is gone"]);
    let overlooked = found(|it| it.views[0].end.present = [(ROOM.to_owned(), names(&["ann"]))].into());
    assert_eq!(overlooked, ["room kitchen: ann-1 does not see bob, who is there"]);
}

fn entry(text: &str, is_stored: bool) -> Entry {
    Entry { user: "bob".to_owned(), kind: EntryKind::Direct, text: text.to_owned(), is_stored }
}

fn received_entry(text: &str, number: Option<u64>) -> Observation {
    Observation::Entry { text: text.to_owned(), number }
}

/// The violations when these entries were sent to bob, and `bob-1` and `bob-2` received these.
#[track_caller]
fn found_in_inbox(entries: &[Entry], first: Vec<Observation>, second: Vec<Observation>) -> Vec<String> {
    found(|it| {
        it.entries = entries.to_vec();
        let mut views = it.views.clone();
        if let Some(bob) = it.views.get_mut(1) {
            bob.observations.extend(first);
        }
        if let Some(mut bob) = views.pop() {
            bob.observations.extend(second);
            it.views.push(View { client: "bob-2".to_owned(), ..bob });
        }
    })
}

#[test]
fn an_acknowledged_entry_reaches_one_client_of_its_user() {
    let sent = [entry("psst", true), entry("pst", true), entry("ps", false)];
    assert_eq!(
        found_in_inbox(&sent, vec![], vec![]),
        [
            "inbox of bob: `psst` and 1 more were acknowledged and delivered to no client, and bob-1 is connected"
        ]
    );
    let (first, second) = (received_entry("psst", None), received_entry("pst", None));
    assert!(found_in_inbox(&sent, vec![first], vec![second]).is_empty());
    let nobody_is_there = found(|it| {
        it.entries = sent.to_vec();
        it.views[1].end.receives_inbox = false;
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
    let psst = || received_entry("psst", None);
    let again = vec![psst(), Observation::Connected, psst()];
    assert!(found_in_inbox(&[entry("psst", true)], again, vec![]).is_empty());
    assert_eq!(
        found_in_inbox(&[entry("psst", true)], vec![psst(), psst()], vec![]),
        ["inbox of bob: bob-1 received `psst` twice on one connection"]
    );
    assert_eq!(
        found_in_inbox(&[], vec![psst()], vec![]),
        ["inbox of bob: bob-1 received `psst`, which was not sent there"]
    );
}

#[test]
fn entries_have_one_number_and_come_in_order() {
    let sent = [entry("one", true), entry("two", true)];
    let both = || vec![received_entry("one", Some(1)), received_entry("two", Some(2))];
    assert!(found_in_inbox(&sent, both(), both()).is_empty());
    let backwards = both().into_iter().rev().collect();
    assert_eq!(
        found_in_inbox(&sent, both(), backwards),
        ["inbox of bob: bob-2 received `one` as number 1, after number 2"]
    );
    let other = vec![received_entry("two", Some(3))];
    assert_eq!(
        found_in_inbox(&sent, both(), other),
        ["inbox of bob: bob-2 received `two` as number 3, after number 2"]
    );
}

#[test]
fn a_recovered_inbox_has_no_hole() {
    let sent = [entry("one", true), entry("two", true), entry("three", true)];
    let all = || {
        vec![received_entry("one", Some(1)), received_entry("two", Some(2)), received_entry("three", Some(3))]
    };
    let recovered = |received: &[Observation]| {
        let back = [received_entry("one", Some(1)), Observation::Connected];
        let position = Observation::InboxRecovered { after: 1, upto: 3 };
        back.iter().chain(received).chain([&position]).cloned().collect::<Vec<_>>()
    };
    assert!(found_in_inbox(&sent, all(), recovered(&all()[1..])).is_empty());
    assert_eq!(
        found_in_inbox(&sent, all(), recovered(&all()[2..])),
        [
            "inbox of bob: bob-2 did not receive number 2, `two`, although nothing was reported missing after 1"
        ]
    );
}
