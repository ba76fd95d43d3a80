//! Changes of messages: who receives them, how they are recovered, and what a failing store does to them.

use hub::store::Change;
use hub::{HubError, HubSettings};
use protocol::{Cursor, limits};

use crate::world::{TestClient, World, user};

fn edit(body: &str) -> Change {
    Change::Edit { body: body.into(), base_rev: None }
}

fn react(emoji: &str) -> Change {
    Change::React { emoji: emoji.into(), on: true }
}

/// Ann and bob in a room with three messages of ann's; both take changes.
async fn kitchen() -> (World, TestClient, TestClient) {
    let world = World::new(HubSettings::default()).await;
    world.store_drafts([1, 2, 3]).await;
    let (mut ann, mut bob) = (world.connect("ann"), world.connect("bob"));
    for client in [&mut ann, &mut bob] {
        client.join_with_changes(None, 0).await;
        let line = client.receive("joined").await;
        assert_eq!(line, "joined recovered=false head=3 [1:m1 2:m2 3:m3] rev=0 []");
    }
    (world, ann, bob)
}

async fn cursor(world: &World, seq: u64) -> Cursor {
    Cursor { seq, ..world.beginning().await }
}

#[tokio::test]
async fn a_change_reaches_clients_that_take_changes_and_its_author_is_answered() {
    let (world, mut ann, mut bob) = kitchen().await;
    let mut old = world.connect_and_join("bob").await;
    ann.change(10, 2, edit("tea")).await;
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.receive("changed").await, "changed 1..1 [2@1:tea]");
    }
    bob.change(11, 2, react("👍")).await;
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.receive("changed").await, "changed 2..2 [2@2:tea 👍1]");
    }
    // The answer comes after the change.
    ann.change(12, 3, Change::Delete).await;
    assert_eq!(ann.receive_next().await, "changed 3..3 [3@3: deleted]");
    assert_eq!(ann.receive_next().await, "done 3 12");
    ann.change(13, 1, Change::Pin { on: true }).await;
    assert_eq!(bob.receive("changed 4").await, "changed 4..4 [1@4:m1 pinned]");
    // Others notice nothing.
    old.receives_nothing_more().await;
    ann.post(14, "cake").await;
    assert_eq!(old.receive_next().await, "message 4:cake");
}

#[tokio::test]
async fn a_refused_change_is_answered_with_its_draft_and_changes_nothing() {
    let (world, mut ann, mut bob) = kitchen().await;
    for (draft, message, change, code) in [
        (20, 1, edit("mine"), "Forbidden"),
        (21, 1, Change::Delete, "Forbidden"),
        (22, 1, Change::Pin { on: true }, "Forbidden"),
        (23, 9, react("👍"), "NotFound"),
        (24, 1, edit(" "), "Blank"),
        (25, 1, react("tea"), "Invalid"),
        (26, 1, react("👍👍"), "Invalid"),
    ] {
        bob.change(draft, message, change).await;
        assert_eq!(bob.receive_next().await, format!("failed {code} Some({draft})"));
    }
    let mut eve = world.connect("eve");
    eve.change(30, 1, react("👍")).await;
    assert_eq!(eve.receive_next().await, "failed NotJoined Some(30)");
    ann.receives_nothing_more().await;
    // Whoever is removed has lost the right, whatever is under way.
    world.hub.remove_member(&user("ann"), &world.room, &user("bob")).await.unwrap();
    bob.change(31, 1, react("👍")).await;
    assert_eq!(bob.receive("failed").await, "failed NotFound Some(31)");
    let read = world.hub.versions(&user("bob"), uuid_of(1)).await;
    assert!(matches!(read, Err(HubError::NoSuchMessage)), "{read:?}");
}

fn uuid_of(draft: u128) -> protocol::MessageId {
    protocol::MessageId(uuid::Uuid::from_u128(1_000_000 + draft))
}

#[tokio::test]
async fn missed_changes_come_with_the_answer_to_a_join() {
    let (world, mut ann, bob) = kitchen().await;
    drop(bob);
    ann.change(10, 1, edit("one")).await;
    ann.change(11, 2, edit("two")).await;
    ann.post(12, "four").await;
    ann.change(13, 1, react("👍")).await;
    ann.receive("done 3").await;
    for (seq, rev, answer) in [
        (3, 0, "[4:four] rev=3 [2@2:two 1@3:one 👍1]"),
        (3, 2, "[4:four] rev=3 [1@3:one 👍1]"),
        (1, 1, "[2:two 3:m3 4:four] rev=3 [1@3:one 👍1]"),
        (4, 3, "[] rev=3 []"),
        (0, 0, "[1:one 2:two 3:m3 4:four] rev=3 []"),
    ] {
        let mut bob = world.connect("bob");
        bob.join_with_changes(Some(cursor(&world, seq).await), rev).await;
        let line = bob.receive("joined").await;
        assert_eq!(line, format!("joined recovered=true head=4 {answer}"), "{seq} {rev}");
    }
    // A number that the room has not given is of another history, and so is another epoch.
    for (since, rev) in [(cursor(&world, 4).await, 4), (Cursor { epoch: 1, seq: 4 }, 3)] {
        let mut bob = world.connect("bob");
        bob.join_with_changes(Some(since), rev).await;
        let line = bob.receive("joined").await;
        assert_eq!(line, "joined recovered=false head=4 [1:one 2:two 3:m3 4:four] rev=3 []");
    }
}

#[tokio::test]
async fn changes_of_before_the_room_was_loaded_are_recovered_from_the_store() {
    let (world, mut ann, bob) = kitchen().await;
    ann.change(10, 1, edit("one")).await;
    ann.receive("done 1").await;
    drop((ann, bob));
    let world = world.restart();
    let mut ann = world.connect("ann");
    ann.join_with_changes(None, 0).await;
    ann.change(11, 2, edit("two")).await;
    ann.receive("done 2").await;
    let mut bob = world.connect("bob");
    bob.join_with_changes(Some(cursor(&world, 3).await), 0).await;
    let line = bob.receive("joined").await;
    assert_eq!(line, "joined recovered=true head=3 [] rev=2 [1@1:one 2@2:two]");
}

#[tokio::test]
async fn a_client_that_joins_again_without_changes_takes_none_any_more() {
    let (world, mut ann, mut bob) = kitchen().await;
    bob.join(Some(cursor(&world, 3).await)).await;
    assert_eq!(bob.receive("joined").await, "joined recovered=true head=3 []");
    ann.change(10, 1, edit("one")).await;
    ann.receive("done").await;
    bob.receives_nothing_more().await;
}

#[tokio::test]
async fn a_change_committed_by_a_failed_call_is_published_once() {
    let (world, mut ann, mut bob) = kitchen().await;
    world.store.inject().lose_next_answer();
    ann.change(10, 1, edit("one")).await;
    assert_eq!(ann.receive_next().await, "changed 1..1 [1@1:one]");
    assert_eq!(ann.receive_next().await, "failed Unavailable Some(10)");
    ann.change(10, 1, edit("one")).await;
    assert_eq!(ann.receive_next().await, "done 1 10");
    assert_eq!(bob.receive_next().await, "changed 1..1 [1@1:one]");
    bob.receives_nothing_more().await;
}

#[tokio::test]
async fn an_unconfirmed_change_is_published_before_the_next_one() {
    let (world, mut ann, mut bob) = kitchen().await;
    world.store.inject().lose_next_answer();
    world.store.inject().fail_next_page();
    ann.change(10, 1, edit("one")).await;
    ann.change(11, 2, edit("two")).await;
    assert_eq!(bob.receive_next().await, "changed 1..2 [1@1:one 2@2:two]");
    bob.receives_nothing_more().await;
}

#[tokio::test]
async fn a_change_of_a_message_that_was_not_published_comes_after_it() {
    let (world, mut ann, mut bob) = kitchen().await;
    // Committed by somebody whose answer was lost, and found over REST.
    world.store_drafts([4]).await;
    ann.change(10, 4, edit("four")).await;
    assert_eq!(bob.receive_next().await, "message 4:four");
    assert_eq!(bob.receive_next().await, "changed 1..1 [4@1:four]");
    bob.receives_nothing_more().await;
}

#[tokio::test]
async fn many_long_changes_are_sent_in_frames_of_bounded_size() {
    let world = World::new(HubSettings::default()).await;
    world.store_drafts(1..=40).await;
    let mut ann = world.connect_with("ann", 64 * 1024 * 1024);
    ann.join_with_changes(None, 0).await;
    let long = "x".repeat(60_000);
    for number in 1..=40 {
        ann.change(100 + number, number, edit(&long)).await;
    }
    let (mut rev, mut frames) = (0, 0);
    while rev < 40 {
        let line = ann.receive("changed").await;
        assert!(line.len() <= limits::PAGE_BYTES + 1_000, "{} bytes", line.len());
        let (from, rest) = line["changed ".len()..].split_once("..").unwrap();
        assert_eq!(from.parse(), Ok(rev + 1));
        rev = rest.split_once(' ').unwrap().0.parse().unwrap();
        frames += 1;
    }
    assert!(frames >= 5, "{frames}");
}

/// Recovers page by page. Returns for each answer how many messages and how many changes it brought.
async fn recover(world: &World, mut since: Cursor, mut rev: u64) -> Vec<(usize, usize)> {
    let mut bob = world.connect_with("bob", 64 * 1024 * 1024);
    let mut answers = Vec::new();
    loop {
        bob.join_with_changes(Some(since), rev).await;
        let line = bob.receive("joined recovered=true").await;
        let lists: Vec<&str> = line.split(['[', ']']).collect();
        let count = |list: &str| list.split_whitespace().filter(|word| word.contains(':')).count();
        answers.push((count(lists.get(1).unwrap()), count(lists.get(3).unwrap())));
        let number = |key: &str| {
            let rest = line.split_once(key).unwrap().1;
            rest.split_whitespace().next().unwrap().parse::<u64>().unwrap()
        };
        (since.seq, rev) = (number("head="), number("rev="));
        if !line.contains("] and more") {
            return answers;
        }
    }
}

#[tokio::test]
async fn changes_come_after_the_messages_page_by_page() {
    let world = World::new(HubSettings::default()).await;
    world.store_drafts(1..=1_200).await;
    let mut ann = world.connect_with("ann", 64 * 1024 * 1024);
    ann.join_with_changes(None, 0).await;
    for number in 1..=1_100 {
        ann.change(10_000 + number, number, edit("edited")).await;
    }
    ann.receive("done 1100").await;
    // More than one answer holds: a page of 500, and the rest from memory.
    assert_eq!(recover(&world, cursor(&world, 1_200).await, 0).await, [(0, 500), (0, 500), (0, 100)]);
    let answers = recover(&world, cursor(&world, 600).await, 0).await;
    // Those that came with the messages come again: a client has one number for all changes.
    assert_eq!(answers, [(500, 0), (100, 0), (0, 500), (0, 500), (0, 100)]);
    assert_eq!(recover(&world, cursor(&world, 1_200).await, 900).await, [(0, 200)]);
    assert_eq!(recover(&world, cursor(&world, 1_200).await, 1_100).await, [(0, 0)]);
}
