//! Broadcasts: an application's own events reach subscribers that keep up, and lagging ones miss them.

use hub::{Command, HubSettings, OutboxItem, WriterAction};
use protocol::{RawJson, RoomId};

use crate::world::{TestClient, World, user};

async fn broadcast(client: &mut TestClient, room: &RoomId, data: u32) {
    let (event, data) = ("move".to_owned(), RawJson::of(&data).unwrap());
    client.execute(Command::Broadcast { room: room.clone(), event, data }).await;
}

#[tokio::test]
async fn a_lagging_client_misses_broadcasts_and_remains_connected() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    let mut bob = world.connect_with("bob", 4_000);
    bob.join(None).await;
    bob.receive("joined").await;
    for number in 1..=100 {
        broadcast(&mut ann, &world.room, number).await;
    }
    ann.post(1, "and yet it moves").await;
    ann.receive("broadcast ann move 100").await;
    ann.receive("posted").await;
    let mut frames = Vec::new();
    assert_eq!(bob.connection.receiver.next(&mut frames, 1_000).await, WriterAction::Frames);
    let lines: Vec<_> = frames
        .iter()
        .map(|item| match item {
            OutboxItem::Frame(frame) => String::from_utf8(frame.to_vec()).unwrap(),
            OutboxItem::Ping(_) => panic!("no receipt is due"),
        })
        .collect();
    let received = lines.iter().filter(|line| line.starts_with("broadcast")).count();
    assert!((1..50).contains(&received), "{lines:?}");
    assert_eq!(lines.last().map(String::as_str), Some("message 1:and yet it moves"));
}

#[tokio::test]
async fn a_removed_member_who_returns_joins_before_broadcasting() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    let mut bob = world.connect_and_join("bob").await;
    world.hub.remove_member(&user("ann"), &world.room, &user("bob")).await.unwrap();
    bob.receive("left").await;
    broadcast(&mut bob, &world.room, 1).await;
    assert_eq!(bob.receive("failed").await, "failed NotFound None");
    world.hub.add_members(&user("ann"), &world.room, vec![user("bob")]).await.unwrap();
    broadcast(&mut bob, &world.room, 2).await;
    assert_eq!(bob.receive("failed").await, "failed NotJoined None");
    bob.join(None).await;
    bob.receive("joined").await;
    broadcast(&mut bob, &world.room, 3).await;
    assert_eq!(ann.receive("broadcast").await, "broadcast bob move 3");
}
