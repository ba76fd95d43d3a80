//! Log resync: messages that a failing store has committed are published once, in order and without gaps.

use std::time::Duration;

use hub::store::HistoryRange;
use hub::{Command, HubError, HubSettings};
use protocol::{Cursor, ErrorCode, MessageKind};
use tokio::time::Instant;

use crate::world::{TestClient, World, user};

async fn join_both(world: &World) -> (TestClient, TestClient) {
    (world.connect_and_join("ann").await, world.connect_and_join("bob").await)
}

#[tokio::test]
async fn a_message_committed_by_a_failed_append_is_published_at_once() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = join_both(&world).await;
    world.store.inject().lose_next_answer();
    ann.post(5, "try").await;
    assert_eq!(ann.receive_next().await, "failed Unavailable Some(5)");
    assert_eq!(ann.receive_next().await, "message 1:try");
    ann.post(5, "try").await;
    assert_eq!(ann.receive_next().await, "posted 1 5");
    assert_eq!(bob.receive_next().await, "message 1:try");
    bob.receives_nothing_more().await;
}

#[tokio::test]
async fn a_message_is_published_after_an_unconfirmed_earlier_one() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = join_both(&world).await;
    world.store.inject().lose_next_answer();
    world.store.inject().fail_next_page();
    ann.post(5, "try").await;
    ann.post(6, "next").await;
    assert_eq!(bob.receive_next().await, "message 1:try");
    assert_eq!(bob.receive_next().await, "message 2:next");
    bob.receives_nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn an_unconfirmed_message_is_published_by_the_resync_timer() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = join_both(&world).await;
    world.store.inject().lose_next_answer();
    world.store.inject().fail_next_page();
    ann.post(5, "try").await;
    assert_eq!(ann.receive_next().await, "failed Unavailable Some(5)");
    let failed = Instant::now();
    // Time is paused: only the room's own timer can fire.
    assert_eq!(bob.receive_next().await, "message 1:try");
    assert!(failed.elapsed() >= Duration::from_secs(1), "{:?}", failed.elapsed());
}

#[tokio::test]
async fn a_message_is_published_without_a_read_of_the_store() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = join_both(&world).await;
    world.store.inject().fail_next_page();
    for number in 1..=3 {
        ann.post(number, "m").await;
        bob.receive(&format!("message {number}")).await;
    }
    let read = world.hub.history(&user("bob"), &world.room, HistoryRange::Newest, 10).await;
    assert!(matches!(read, Err(HubError::Unavailable(_))), "the failure is still to come: {read:?}");
}

#[tokio::test]
async fn a_gap_before_an_appended_message_is_published_first() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = join_both(&world).await;
    world.store_drafts([1, 2, 3]).await;
    ann.post(4, "new").await;
    for line in ["message 1:m1", "message 2:m2", "message 3:m3", "message 4:new"] {
        assert_eq!(bob.receive_next().await, line);
    }
    assert_eq!(ann.receive("posted").await, "posted 4 4");
    bob.receives_nothing_more().await;
}

#[tokio::test]
async fn a_known_draft_that_was_never_published_is_published() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = join_both(&world).await;
    world.store_drafts([1, 2]).await;
    ann.post(2, "m2").await;
    assert_eq!(bob.receive_next().await, "message 1:m1");
    assert_eq!(bob.receive_next().await, "message 2:m2");
    assert_eq!(ann.receive("posted").await, "posted 2 2");
    ann.post(2, "m2").await;
    assert_eq!(ann.receive_next().await, "posted 2 2");
    bob.receives_nothing_more().await;
}

#[tokio::test]
async fn a_join_sends_nothing_that_is_published_later() {
    let world = World::new(HubSettings::default()).await;
    world.store_drafts(1..=3).await;
    let (mut ann, mut bob) = (world.connect("ann"), world.connect("bob"));
    let head = Cursor { seq: 3, ..world.beginning().await };
    ann.join(Some(head)).await;
    assert_eq!(ann.receive("joined").await, "joined recovered=true head=3 []");
    world.store_drafts([4]).await;
    let since = Cursor { seq: 1, ..head };
    bob.join(Some(since)).await;
    assert_eq!(bob.receive("joined").await, "joined recovered=true head=3 [2:m2 3:m3]");
    ann.post(5, "new").await;
    assert_eq!(bob.receive_next().await, "message 4:m4");
    assert_eq!(bob.receive_next().await, "message 5:new");
}

#[tokio::test]
async fn message_times_never_fall_although_the_clock_falls_in_a_restart() {
    let world = World::new(HubSettings::default()).await;
    world.clock.set_ms(9_000);
    let mut ann = world.connect_and_join("ann").await;
    ann.post(1, "before").await;
    ann.receive("posted").await;
    let world = world.restart();
    world.clock.set_ms(4_000);
    let mut ann = world.connect_and_join("ann").await;
    ann.post(2, "after").await;
    ann.receive("posted").await;
    assert_eq!(world.stored_times().await, [9_000, 9_000]);
}

#[tokio::test]
async fn a_room_that_cannot_be_loaded_is_not_reported_as_missing() {
    let world = World::new(HubSettings::default()).await;
    let (beginning, room) = (world.beginning().await, world.room.clone());
    let world = world.restart();
    let mut ann = world.connect("ann");
    world.store.inject().fail_next_record();
    ann.resume(beginning);
    // One thread: the room has ended after that.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let (body, kind) = ("still here?".to_owned(), MessageKind::Text);
    let post = Command::Post { room, draft: None, body, parent: None, kind };
    let failure = ann.session.request(post).await.unwrap_err();
    assert_eq!(failure.error.code(), ErrorCode::Unavailable);
}
