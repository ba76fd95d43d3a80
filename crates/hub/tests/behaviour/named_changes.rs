//! Changes in dialects that name each of them: what is sent, in which order, and what a client gets that comes back.

use hub::store::Change;
use hub::{HubSettings, LocatedRoom};
use protocol::{Cursor, limits};

use crate::world::{TestClient, WITH_NAMED_CHANGES, World};

fn edit(body: &str) -> Change {
    Change::Edit { body: body.into(), base_rev: None }
}

fn react(emoji: &str, on: bool) -> Change {
    Change::React { emoji: emoji.into(), on }
}

/// Ann and bob in a room with three messages of ann's. Bob's dialect names changes.
async fn kitchen() -> (World, TestClient, TestClient) {
    let world = World::new(HubSettings::default()).await;
    world.store_drafts([1, 2, 3]).await;
    let mut ann = world.connect_and_join("ann").await;
    ann.join(None).await;
    let mut bob = world.connect_with_encoder("bob", WITH_NAMED_CHANGES);
    bob.join(None).await;
    bob.receive("joined").await;
    (world, ann, bob)
}

async fn cursor(world: &World, seq: u64) -> Cursor {
    Cursor { seq, ..world.beginning().await }
}

#[tokio::test]
async fn each_change_is_named_in_order() {
    let (_world, mut ann, mut bob) = kitchen().await;
    ann.change(10, 2, edit("tea")).await;
    assert_eq!(bob.receive_next().await, "change 1 ann Edit [2@1:tea]");
    bob.change(11, 2, react("👍", true)).await;
    assert_eq!(bob.receive_next().await, "change 2 bob React👍 [2@2:tea 👍1]");
    assert_eq!(bob.receive_next().await, "done 2 11");
    bob.change(12, 2, react("👍", false)).await;
    assert_eq!(bob.receive_next().await, "change 3 bob Unreact👍 [2@3:tea]");
    assert_eq!(bob.receive_next().await, "done 3 12");
    ann.change(13, 3, Change::Pin { on: true }).await;
    assert_eq!(bob.receive_next().await, "change 4 ann Pin [3@4:m3 pinned]");
    ann.change(14, 3, Change::Delete).await;
    assert_eq!(bob.receive_next().await, "change 5 ann Delete [3@5: deleted]");
    // What changes nothing is not named.
    ann.change(15, 3, Change::Delete).await;
    ann.receive("done 5 15").await;
    bob.receives_nothing_more().await;
}

#[tokio::test]
async fn changes_of_one_commit_are_named_one_by_one() {
    let (world, mut ann, mut bob) = kitchen().await;
    // The room waits, and then commits together what came meanwhile.
    let held = world.store.inject().hold_next_page();
    let mut late = world.connect("ann");
    let join = tokio::spawn(async move {
        late.join(Some(Cursor { epoch: 0, seq: 0 })).await;
    });
    ann.change(10, 1, react("👍", true)).await;
    ann.change(11, 1, react("👍", false)).await;
    ann.change(12, 1, react("🎉", true)).await;
    held.resume();
    join.await.unwrap();
    ann.receive("done 3").await;
    let mut lines = Vec::new();
    for _ in 0..3 {
        lines.push(bob.receive_next().await);
    }
    let kinds: Vec<&str> = lines.iter().filter_map(|line| line.split_once(" [")).map(|it| it.0).collect();
    assert_eq!(kinds, ["change 1 ann React👍", "change 2 ann Unreact👍", "change 3 ann React🎉"]);
    assert!(lines.iter().all(|line| line.contains("[1@")), "{lines:?}");
    bob.receives_nothing_more().await;
}

#[tokio::test]
async fn a_change_committed_by_a_failed_call_is_named_once() {
    let (world, mut ann, mut bob) = kitchen().await;
    world.store.inject().lose_next_answer();
    ann.change(10, 1, react("👍", true)).await;
    assert_eq!(ann.receive("failed").await, "failed Unavailable Some(10)");
    ann.change(10, 1, react("👍", true)).await;
    ann.change(11, 1, edit("one")).await;
    assert_eq!(bob.receive_next().await, "change 1 ann React👍 [1@1:m1 👍1]");
    assert_eq!(bob.receive_next().await, "change 2 ann Edit [1@2:one 👍1]");
    bob.receives_nothing_more().await;
}

#[tokio::test]
async fn a_client_that_comes_back_gets_messages_and_then_changed_ones() {
    for (seq, rev, missed) in [
        (3, 0, &["message 4:four", "message_changed [2@2:m2 👍1]", "message_changed [1@3:one pinned]"][..]),
        (4, 1, &["message_changed [2@2:m2 👍1]", "message_changed [1@3:one pinned]"]),
        (1, 2, &["message 2:m2", "message 3:m3", "message 4:four", "message_changed [1@3:one pinned]"]),
        (4, 3, &[]),
    ] {
        let (world, mut ann, bob) = kitchen().await;
        drop(bob);
        ann.change(10, 1, edit("one")).await;
        ann.change(11, 2, react("👍", true)).await;
        ann.post(12, "four").await;
        ann.change(13, 1, Change::Pin { on: true }).await;
        ann.receive("done 3").await;
        let mut back = world.connect_with_encoder("bob", WITH_NAMED_CHANGES);
        back.resume_after(cursor(&world, seq).await, rev);
        for line in missed {
            assert_eq!(back.receive_next().await, *line, "{seq} {rev}");
        }
        // With it the client is subscribed.
        ann.post(14, "five").await;
        assert_eq!(back.receive_next().await, "message 5:five", "{seq} {rev}");
        ann.change(15, 3, edit("three")).await;
        assert_eq!(back.receive_next().await, "change 4 ann Edit [3@4:three]", "{seq} {rev}");
    }
}

#[tokio::test]
async fn what_was_changed_long_ago_is_sent_in_portions() {
    let world = World::new(HubSettings::default()).await;
    world.store_drafts(1..=400).await;
    let mut ann = world.connect_with("ann", 64 * 1024 * 1024);
    ann.join_with_changes(None, 0).await;
    let long = "x".repeat(4_000);
    for number in 1..=400 {
        ann.change(10_000 + number, number, edit(&long)).await;
    }
    ann.receive("done 400").await;
    let mut bob = world.connect_with_encoder("bob", WITH_NAMED_CHANGES);
    bob.resume_after(cursor(&world, 300).await, 0);
    for seq in 301..=400 {
        assert!(bob.receive_next().await.starts_with(&format!("message {seq}:x")));
    }
    // Those that came as messages come again: they have the same numbers.
    for seq in 1..=400 {
        assert!(bob.receive_next().await.starts_with(&format!("message_changed [{seq}@{seq}:x")));
    }
    ann.change(20_000, 7, edit("tea")).await;
    assert_eq!(bob.receive("change ").await, "change 401 ann Edit [7@401:tea]");
}

#[tokio::test]
async fn as_many_changed_messages_are_resumed_as_messages() {
    let world = World::new(HubSettings::default()).await;
    let most = u128::from(limits::MAX_RECOVERED_MESSAGES);
    world.store_drafts(1..=most + 1).await;
    let mut ann = world.connect_with("ann", 64 * 1024 * 1024);
    ann.join_with_changes(None, 0).await;
    let bob = world.connect("bob");
    let resumes = async |seq: u64, rev: u64| {
        let positions = bob.session.positions_to_resume(0, |heads| Some(at(heads, seq, rev)));
        positions.await.unwrap().is_some()
    };
    // Many changes of one message are one message.
    for number in 0..=most {
        ann.change(10_000 + number, 1, react("👍", number % 2 == 0)).await;
    }
    ann.receive(&format!("done {}", most + 1)).await;
    let rev = u64::try_from(most).unwrap() + 1;
    assert!(resumes(rev, 0).await);
    assert!(!resumes(rev, rev + 1).await, "the room has no such change");
    for number in 2..=most {
        ann.change(20_000 + number, number, react("👍", true)).await;
    }
    ann.receive(&format!("done {}", 2 * most)).await;
    assert!(resumes(rev, 0).await, "each of 500");
    assert!(!resumes(rev - 1, 0).await, "and a message");
    ann.change(30_000, most + 1, react("👍", true)).await;
    ann.receive("done").await;
    assert!(!resumes(rev, 0).await, "or one more");
    assert!(resumes(rev, 1_000).await);
}

/// All of these rooms, at one position.
fn at(heads: &[hub::model::RoomHead], seq: u64, rev: u64) -> Vec<LocatedRoom<'_>> {
    heads.iter().map(|head| LocatedRoom { head, seq, rev }).collect()
}
