//! A store that fails after it has changed who is in a room: the room is what is stored, and everybody is told.

use std::time::Duration;

use hub::{Command, HubError, JoinMode, NewRoom, Settings};
use protocol::{RoomId, RoomKind};

use crate::world::{Listener, World, user};

async fn two(world: &World) -> (Listener, Listener) {
    (world.inside("ann").await, world.inside("bob").await)
}

/// Has the room loaded, so that it is not a failure to load it that a test sees.
async fn wake(world: &World) {
    world.hub.mark_read(&user("ann"), &world.room, 0).await.unwrap();
}

/// Ann takes bob out, and the answer is lost.
async fn take_bob_out(world: &World) {
    world.store.faults().lose_next_answer();
    let answer = world.hub.remove_member(&user("ann"), &world.room, &user("bob")).await;
    assert!(matches!(answer, Err(HubError::Unavailable(_))), "{answer:?}");
}

/// Ann puts eve in, and the answer is lost.
async fn put_eve_in(world: &World) {
    world.store.faults().lose_next_answer();
    let answer = world.hub.add_members(&user("ann"), &world.room, vec![user("eve")]).await;
    assert!(matches!(answer, Err(HubError::Unavailable(_))), "{answer:?}");
}

#[tokio::test]
async fn who_was_taken_out_although_the_store_failed_reads_no_more() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = two(&world).await;
    bob.types(true).await;
    ann.hear("typing bob true").await;
    take_bob_out(&world).await;
    assert_eq!(bob.hear_said().await, "left kitchen");
    assert_eq!(bob.hear_said().await, "room_removed kitchen");
    assert_eq!(ann.hear_said().await, "typing bob false");
    assert_eq!(ann.hear_said().await, "member_removed bob");
    ann.say(1, "secret").await;
    ann.hear("posted").await;
    bob.hears_nothing_more().await;
}

#[tokio::test]
async fn who_was_put_in_although_the_store_failed_is_told_and_let_in() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    let mut eve = world.enter("eve");
    put_eve_in(&world).await;
    assert_eq!(eve.hear("").await, "room_added kitchen unread=0");
    assert_eq!(ann.hear("member_added").await, "member_added eve Member");
    eve.join(None).await;
    assert_eq!(eve.hear("").await, "joined recovered=false head=0 []");
    ann.hears_nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_asked_again_although_nobody_does_anything() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = two(&world).await;
    world.store.faults().fail_next_record();
    take_bob_out(&world).await;
    // Paused time: the room's own timer is the only thing left to happen.
    assert_eq!(bob.hear_said().await, "left kitchen");
    assert_eq!(ann.hear_said().await, "member_removed bob");
}

#[tokio::test(start_paused = true)]
async fn a_room_that_nobody_follows_stays_awake_until_everybody_concerned_is_told() {
    let world = World::new(Settings { room_idle: Duration::from_millis(10), ..Settings::default() }).await;
    let mut eve = world.enter("eve");
    wake(&world).await;
    world.store.faults().fail_next_record();
    put_eve_in(&world).await;
    assert_eq!(eve.hear("").await, "room_added kitchen unread=0");
}

#[tokio::test]
async fn a_join_is_decided_by_what_the_store_has() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut eve) = (world.inside("ann").await, world.enter("eve"));
    world.store.faults().fail_next_record();
    put_eve_in(&world).await;
    world.store.faults().fail_next_record();
    eve.join(None).await;
    assert_eq!(eve.hear("").await, "failed Unavailable None");
    eve.join(None).await;
    assert_eq!(eve.hear("").await, "room_added kitchen unread=0");
    assert_eq!(eve.hear("").await, "joined recovered=false head=0 []");
    assert_eq!(ann.hear("member_added").await, "member_added eve Member");
}

#[tokio::test]
async fn an_owner_who_left_although_the_store_failed_has_handed_the_room_on() {
    let world = World::new(Settings::default()).await;
    let mut bob = world.inside("bob").await;
    world.store.faults().lose_next_answer();
    world.hub.remove_member(&user("ann"), &world.room, &user("ann")).await.unwrap_err();
    assert_eq!(bob.hear_said().await, "member_added bob Owner");
    assert_eq!(bob.hear_said().await, "member_removed ann");
    world.hub.rename_room(&user("bob"), &world.room, "Mine").await.unwrap();
}

#[tokio::test]
async fn the_last_one_who_left_although_the_store_failed_has_taken_the_room_along() {
    let world = World::new(Settings::default()).await;
    world.hub.remove_member(&user("ann"), &world.room, &user("ann")).await.unwrap();
    let mut bob = world.inside("bob").await;
    world.store.faults().lose_next_answer();
    world.hub.remove_member(&user("bob"), &world.room, &user("bob")).await.unwrap_err();
    assert_eq!(bob.hear_said().await, "left kitchen");
    assert_eq!(bob.hear_said().await, "room_removed kitchen");
    assert_eq!(world.hub.stats().rooms, 0);
}

#[tokio::test]
async fn a_room_that_was_deleted_although_the_store_failed_is_gone_for_everybody() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = two(&world).await;
    world.store.faults().lose_next_answer();
    let answer = world.hub.delete_room(&user("ann"), &world.room).await;
    assert!(matches!(answer, Err(HubError::Unavailable(_))), "{answer:?}");
    for listener in [&mut ann, &mut bob] {
        assert_eq!(listener.hear_said().await, "left kitchen");
        assert_eq!(listener.hear_said().await, "room_removed kitchen");
    }
    assert_eq!(world.hub.stats().rooms, 0);
    bob.join(None).await;
    assert_eq!(bob.hear_said().await, "failed NotFound None");
    // It is not known to be deleted, and yet nobody makes another room of its name.
    let (id, name, kind) = (Some(world.room.clone()), "New".to_owned(), RoomKind::Group);
    let new = NewRoom { id, name, kind, members: vec![user("ann")] };
    let refused = world.hub.create_room(&user("bob"), new).await;
    assert!(matches!(refused, Err(HubError::RoomDeleted)), "{refused:?}");
    ann.hears_nothing_more().await;
}

#[tokio::test]
async fn a_new_name_that_was_stored_although_the_store_failed_is_told() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = two(&world).await;
    world.store.faults().lose_next_answer();
    world.hub.rename_room(&user("ann"), &world.room, "Mine").await.unwrap_err();
    assert_eq!(bob.hear_said().await, "renamed Mine");
    world.store.faults().lose_next_answer();
    world.hub.rename_room(&user("ann"), &world.room, "Mine").await.unwrap_err();
    bob.hears_nothing_more().await;
    assert_eq!(ann.hear_said().await, "renamed Mine");
    ann.hears_nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn a_live_room_learns_late_that_somebody_was_taken_out_of_its_chat() {
    let world = World::new(Settings::default()).await;
    let session = RoomId::parse("session_kitchen").unwrap();
    let mut bob = world.enter_counting("bob");
    bob.wish(Command::Join { room: session, mode: JoinMode::WithParticipants }).await;
    bob.hear("participant bob true").await;
    wake(&world).await;
    world.store.faults().fail_next_record();
    take_bob_out(&world).await;
    assert_eq!(bob.hear("left").await, "left session_kitchen");
}

#[tokio::test(start_paused = true)]
async fn a_live_room_that_cannot_look_who_is_in_its_chat_looks_again() {
    let world = World::new(Settings::default()).await;
    let session = RoomId::parse("session_kitchen").unwrap();
    let mut bob = world.enter_counting("bob");
    bob.wish(Command::Join { room: session, mode: JoinMode::WithParticipants }).await;
    bob.hear("participant bob true").await;
    wake(&world).await;
    world.store.faults().fail_next_record();
    world.hub.remove_member(&user("ann"), &world.room, &user("bob")).await.unwrap();
    assert_eq!(bob.hear("left").await, "left session_kitchen");
}

#[tokio::test(start_paused = true)]
async fn who_could_not_be_told_of_a_new_room_is_told_later_and_the_others_at_once() {
    let world = World::new(Settings::default()).await;
    world.store.put_user(crate::world::person("zoe"));
    let mut ann = world.inside("ann").await;
    let (mut eve, mut zoe) = (world.enter("eve"), world.enter("zoe"));
    world.store.faults().fail_next_summary();
    let added = world.hub.add_members(&user("ann"), &world.room, vec![user("eve"), user("zoe")]).await;
    assert_eq!(added.unwrap().len(), 2);
    assert_eq!(ann.hear("member_added").await, "member_added eve Member");
    assert_eq!(ann.hear("member_added").await, "member_added zoe Member");
    assert_eq!(zoe.hear("").await, "room_added kitchen unread=0");
    assert_eq!(eve.hear("").await, "room_added kitchen unread=0");
}
