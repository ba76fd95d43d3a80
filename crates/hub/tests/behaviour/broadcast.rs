//! What an application tells a room: for those who follow and keep up, and for nobody else.

use hub::{Command, OutboxItem, Settings, WriterAction};
use protocol::{RawJson, RoomId};

use crate::world::{Listener, World, user};

async fn tell(listener: &mut Listener, room: &RoomId, data: u32) {
    let (event, data) = ("move".to_owned(), RawJson::of(&data).unwrap());
    listener.wish(Command::Broadcast { room: room.clone(), event, data }).await;
}

#[tokio::test]
async fn a_reader_who_is_behind_goes_without_and_stays() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    let mut bob = world.enter_with("bob", 4_000);
    bob.join(None).await;
    bob.hear("joined").await;
    for number in 1..=100 {
        tell(&mut ann, &world.room, number).await;
    }
    ann.say(1, "and yet it moves").await;
    ann.hear("broadcast ann move 100").await;
    ann.hear("posted").await;
    let mut frames = Vec::new();
    assert_eq!(bob.ear.inlet.next(&mut frames, 1_000).await, WriterAction::Frames);
    let told: Vec<_> = frames
        .iter()
        .map(|item| match item {
            OutboxItem::Frame(frame) => String::from_utf8(frame.to_vec()).unwrap(),
            OutboxItem::Ping(_) => panic!("no receipt is due"),
        })
        .collect();
    let heard = told.iter().filter(|line| line.starts_with("broadcast")).count();
    assert!((1..50).contains(&heard), "{told:?}");
    assert_eq!(told.last().map(String::as_str), Some("message 1:and yet it moves"));
}

#[tokio::test]
async fn who_was_put_out_and_is_back_joins_again_before_saying_anything() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    let mut bob = world.inside("bob").await;
    world.hub.remove_member(&user("ann"), &world.room, &user("bob")).await.unwrap();
    bob.hear("left").await;
    tell(&mut bob, &world.room, 1).await;
    assert_eq!(bob.hear("failed").await, "failed NotFound None");
    world.hub.add_members(&user("ann"), &world.room, vec![user("bob")]).await.unwrap();
    tell(&mut bob, &world.room, 2).await;
    assert_eq!(bob.hear("failed").await, "failed NotJoined None");
    bob.join(None).await;
    bob.hear("joined").await;
    tell(&mut bob, &world.room, 3).await;
    assert_eq!(ann.hear("broadcast").await, "broadcast bob move 3");
}
