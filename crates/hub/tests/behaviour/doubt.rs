//! A store that fails after it has committed: nothing stored stays untold, and nobody sees a hole.

use hub::{Command, Settings};
use protocol::{Cursor, ErrorCode, MessageKind};

use crate::world::{Listener, World};

async fn two(world: &World) -> (Listener, Listener) {
    (world.inside("ann").await, world.inside("bob").await)
}

#[tokio::test]
async fn what_was_stored_although_the_store_failed_is_told_at_once() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = two(&world).await;
    world.store.faults().lose_next_answer();
    ann.say(5, "try").await;
    assert_eq!(ann.hear_said().await, "failed Unavailable Some(5)");
    assert_eq!(ann.hear_said().await, "message 1:try");
    ann.say(5, "try").await;
    assert_eq!(ann.hear_said().await, "posted 1 5");
    assert_eq!(bob.hear_said().await, "message 1:try");
    bob.hears_nothing_more().await;
}

#[tokio::test]
async fn the_next_message_does_not_overtake_one_whose_answer_was_lost() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = two(&world).await;
    world.store.faults().lose_next_answer();
    world.store.faults().fail_next_page();
    ann.say(5, "try").await;
    ann.say(6, "next").await;
    assert_eq!(bob.hear_said().await, "message 1:try");
    assert_eq!(bob.hear_said().await, "message 2:next");
    bob.hears_nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn it_is_told_even_if_nobody_says_anything_more() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = two(&world).await;
    world.store.faults().lose_next_answer();
    world.store.faults().fail_next_page();
    ann.say(5, "try").await;
    assert_eq!(ann.hear_said().await, "failed Unavailable Some(5)");
    // Paused time: the room's own timer is the only thing left to happen.
    assert_eq!(bob.hear_said().await, "message 1:try");
}

#[tokio::test]
async fn a_number_beyond_the_next_one_brings_what_lies_before_it() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = two(&world).await;
    world.store_drafts([1, 2, 3]).await;
    ann.say(4, "new").await;
    for line in ["message 1:m1", "message 2:m2", "message 3:m3", "message 4:new"] {
        assert_eq!(bob.hear_said().await, line);
    }
    assert_eq!(ann.hear("posted").await, "posted 4 4");
    bob.hears_nothing_more().await;
}

#[tokio::test]
async fn a_draft_that_is_known_and_was_never_told_is_told() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = two(&world).await;
    world.store_drafts([1, 2]).await;
    ann.say(2, "m2").await;
    assert_eq!(bob.hear_said().await, "message 1:m1");
    assert_eq!(bob.hear_said().await, "message 2:m2");
    assert_eq!(ann.hear("posted").await, "posted 2 2");
    ann.say(2, "m2").await;
    assert_eq!(ann.hear_said().await, "posted 2 2");
    bob.hears_nothing_more().await;
}

#[tokio::test]
async fn a_join_tells_nothing_that_will_be_told_again() {
    let world = World::new(Settings::default()).await;
    world.store_drafts(1..=3).await;
    let (mut ann, mut bob) = (world.enter("ann"), world.enter("bob"));
    let head = Cursor { seq: 3, ..world.beginning().await };
    ann.join(Some(head)).await;
    assert_eq!(ann.hear("joined").await, "joined recovered=true head=3 []");
    world.store_drafts([4]).await;
    let since = Cursor { seq: 1, ..head };
    bob.join(Some(since)).await;
    assert_eq!(bob.hear("joined").await, "joined recovered=true head=3 [2:m2 3:m3]");
    ann.say(5, "new").await;
    assert_eq!(bob.hear_said().await, "message 4:m4");
    assert_eq!(bob.hear_said().await, "message 5:new");
}

#[tokio::test]
async fn times_never_fall_even_if_the_clock_does_while_the_server_is_down() {
    let world = World::new(Settings::default()).await;
    world.clock.set_ms(9_000);
    let mut ann = world.inside("ann").await;
    ann.say(1, "before").await;
    ann.hear("posted").await;
    let world = world.restart();
    world.clock.set_ms(4_000);
    let mut ann = world.inside("ann").await;
    ann.say(2, "after").await;
    ann.hear("posted").await;
    assert_eq!(world.stored_times().await, [9_000, 9_000]);
}

#[tokio::test]
async fn a_room_that_could_not_be_read_when_it_was_woken_is_not_taken_for_gone() {
    let world = World::new(Settings::default()).await;
    let (beginning, room) = (world.beginning().await, world.room.clone());
    let world = world.restart();
    let mut ann = world.enter("ann");
    world.store.faults().fail_next_record();
    ann.resume(beginning);
    // On one thread the room has ended after that.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let (body, kind) = ("still here?".to_owned(), MessageKind::Text);
    let post = Command::Post { room, draft: None, body, parent: None, kind };
    let failure = ann.peer.request(post).await.unwrap_err();
    assert_eq!(failure.error.code(), ErrorCode::Unavailable);
}
