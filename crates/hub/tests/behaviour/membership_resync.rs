//! Membership resync: changes of the members that a failing store has made are applied and published.

use std::time::Duration;

use hub::{Command, HubError, HubSettings, JoinMode, NewRoom};
use protocol::{RoomId, RoomKind};
use tokio::time::Instant;

use crate::world::{TestClient, World, user};

async fn join_both(world: &World) -> (TestClient, TestClient) {
    (world.connect_and_join("ann").await, world.connect_and_join("bob").await)
}

/// Spawns the room, so that a test does not see a failure to load it.
async fn spawn_room(world: &World) {
    world.hub.mark_read(&user("ann"), &world.room, 0).await.unwrap();
}

/// Ann removes bob, and the store does not confirm it.
async fn remove_bob_unconfirmed(world: &World) {
    world.store.inject().lose_next_answer();
    let answer = world.hub.remove_member(&user("ann"), &world.room, &user("bob")).await;
    assert!(matches!(answer, Err(HubError::Unavailable(_))), "{answer:?}");
}

/// Ann adds eve, and the store does not confirm it.
async fn add_eve_unconfirmed(world: &World) {
    world.store.inject().lose_next_answer();
    let answer = world.hub.add_members(&user("ann"), &world.room, vec![user("eve")]).await;
    assert!(matches!(answer, Err(HubError::Unavailable(_))), "{answer:?}");
}

#[tokio::test]
async fn an_unconfirmed_removal_unsubscribes_the_member() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = join_both(&world).await;
    bob.set_typing(true).await;
    ann.receive("typing bob true").await;
    remove_bob_unconfirmed(&world).await;
    assert_eq!(bob.receive_next().await, "left kitchen");
    assert_eq!(bob.receive_next().await, "room_removed kitchen");
    assert_eq!(ann.receive_next().await, "typing bob false");
    assert_eq!(ann.receive_next().await, "member_removed bob");
    ann.post(1, "secret").await;
    ann.receive("posted").await;
    bob.receives_nothing_more().await;
}

#[tokio::test]
async fn an_unconfirmed_addition_notifies_the_new_member() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    let mut eve = world.connect("eve");
    add_eve_unconfirmed(&world).await;
    assert_eq!(eve.receive("").await, "room_added kitchen unread=0");
    assert_eq!(ann.receive("member_added").await, "member_added eve Member");
    eve.join(None).await;
    assert_eq!(eve.receive("").await, "joined recovered=false head=0 []");
    ann.receives_nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn the_resync_timer_reads_the_members_again() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = join_both(&world).await;
    world.store.inject().fail_next_record();
    remove_bob_unconfirmed(&world).await;
    let failed = Instant::now();
    // Time is paused: only the room's own timer can fire.
    assert_eq!(bob.receive_next().await, "left kitchen");
    assert_eq!(ann.receive_next().await, "member_removed bob");
    assert!(failed.elapsed() >= Duration::from_secs(1), "{:?}", failed.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_room_without_subscribers_runs_until_its_members_are_resynced() {
    let world =
        World::new(HubSettings { room_idle: Duration::from_millis(10), ..HubSettings::default() }).await;
    let mut eve = world.connect("eve");
    spawn_room(&world).await;
    world.store.inject().fail_next_record();
    add_eve_unconfirmed(&world).await;
    assert_eq!(eve.receive("").await, "room_added kitchen unread=0");
}

#[tokio::test]
async fn a_join_is_checked_against_the_stored_members() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut eve) = (world.connect_and_join("ann").await, world.connect("eve"));
    world.store.inject().fail_next_record();
    add_eve_unconfirmed(&world).await;
    world.store.inject().fail_next_record();
    eve.join(None).await;
    assert_eq!(eve.receive("").await, "failed Unavailable None");
    eve.join(None).await;
    assert_eq!(eve.receive("").await, "room_added kitchen unread=0");
    assert_eq!(eve.receive("").await, "joined recovered=false head=0 []");
    assert_eq!(ann.receive("member_added").await, "member_added eve Member");
}

#[tokio::test]
async fn an_unconfirmed_leave_of_the_owner_names_a_successor() {
    let world = World::new(HubSettings::default()).await;
    let mut bob = world.connect_and_join("bob").await;
    world.store.inject().lose_next_answer();
    world.hub.remove_member(&user("ann"), &world.room, &user("ann")).await.unwrap_err();
    assert_eq!(bob.receive_next().await, "member_added bob Owner");
    assert_eq!(bob.receive_next().await, "member_removed ann");
    world.hub.rename_room(&user("bob"), &world.room, "Mine").await.unwrap();
}

#[tokio::test]
async fn an_unconfirmed_leave_of_the_last_member_ends_the_room() {
    let world = World::new(HubSettings::default()).await;
    world.hub.remove_member(&user("ann"), &world.room, &user("ann")).await.unwrap();
    let mut bob = world.connect_and_join("bob").await;
    world.store.inject().lose_next_answer();
    world.hub.remove_member(&user("bob"), &world.room, &user("bob")).await.unwrap_err();
    assert_eq!(bob.receive_next().await, "left kitchen");
    assert_eq!(bob.receive_next().await, "room_removed kitchen");
    assert_eq!(world.hub.stats().rooms, 0);
}

#[tokio::test]
async fn an_unconfirmed_deletion_ends_the_room_for_all_members() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = join_both(&world).await;
    world.store.inject().lose_next_answer();
    let answer = world.hub.delete_room(&user("ann"), &world.room).await;
    assert!(matches!(answer, Err(HubError::Unavailable(_))), "{answer:?}");
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.receive_next().await, "left kitchen");
        assert_eq!(client.receive_next().await, "room_removed kitchen");
    }
    assert_eq!(world.hub.stats().rooms, 0);
    bob.join(None).await;
    assert_eq!(bob.receive_next().await, "failed NotFound None");
    // The deletion was not confirmed, and yet no other room can have its id.
    let (id, name, kind) = (Some(world.room.clone()), "New".to_owned(), RoomKind::Group);
    let new = NewRoom { id, name, kind, members: vec![user("ann")] };
    let refused = world.hub.create_room(&user("bob"), new).await;
    assert!(matches!(refused, Err(HubError::RoomDeleted)), "{refused:?}");
    ann.receives_nothing_more().await;
}

#[tokio::test]
async fn an_unconfirmed_new_name_is_published_once() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = join_both(&world).await;
    world.store.inject().lose_next_answer();
    world.hub.rename_room(&user("ann"), &world.room, "Mine").await.unwrap_err();
    assert_eq!(bob.receive_next().await, "renamed Mine");
    world.store.inject().lose_next_answer();
    world.hub.rename_room(&user("ann"), &world.room, "Mine").await.unwrap_err();
    bob.receives_nothing_more().await;
    assert_eq!(ann.receive_next().await, "renamed Mine");
    ann.receives_nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn a_live_room_is_updated_when_its_chat_resyncs_late() {
    let world = World::new(HubSettings::default()).await;
    let live_room = RoomId::parse("session_kitchen").unwrap();
    let mut bob = world.connect_with_receipts("bob");
    bob.execute(Command::Join { room: live_room, mode: JoinMode::WithParticipants }).await;
    bob.receive("participant bob true").await;
    spawn_room(&world).await;
    world.store.inject().fail_next_record();
    remove_bob_unconfirmed(&world).await;
    assert_eq!(bob.receive("left").await, "left session_kitchen");
}

#[tokio::test(start_paused = true)]
async fn a_live_room_retries_a_failed_read_of_its_members() {
    let world = World::new(HubSettings::default()).await;
    let live_room = RoomId::parse("session_kitchen").unwrap();
    let mut bob = world.connect_with_receipts("bob");
    bob.execute(Command::Join { room: live_room, mode: JoinMode::WithParticipants }).await;
    bob.receive("participant bob true").await;
    spawn_room(&world).await;
    world.store.inject().fail_next_record();
    world.hub.remove_member(&user("ann"), &world.room, &user("bob")).await.unwrap();
    assert_eq!(bob.receive("left").await, "left session_kitchen");
}

#[tokio::test(start_paused = true)]
async fn a_failed_notification_of_a_new_room_is_retried_alone() {
    let world = World::new(HubSettings::default()).await;
    world.store.put_user(crate::world::new_user("zoe"));
    let mut ann = world.connect_and_join("ann").await;
    let (mut eve, mut zoe) = (world.connect("eve"), world.connect("zoe"));
    world.store.inject().fail_next_summary();
    let added = world.hub.add_members(&user("ann"), &world.room, vec![user("eve"), user("zoe")]).await;
    assert_eq!(added.unwrap().len(), 2);
    assert_eq!(ann.receive("member_added").await, "member_added eve Member");
    assert_eq!(ann.receive("member_added").await, "member_added zoe Member");
    assert_eq!(zoe.receive("").await, "room_added kitchen unread=0");
    assert_eq!(eve.receive("").await, "room_added kitchen unread=0");
}
