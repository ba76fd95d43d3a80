//! Read marks: by number for those who count messages, by message for those who count readers.

use hub::{Command, JoinMode, Settings};
use protocol::{MessageId, MessageKind, RoomId};

use crate::world::{Listener, World, user};

async fn messages(world: &World, ann: &mut Listener, count: u128) -> Vec<MessageId> {
    for draft in 1..=count {
        ann.say(draft, &format!("m{draft}")).await;
        ann.hear("posted").await;
    }
    let slice = hub::store::HistoryRange::Newest;
    let page = world.hub.history(&user("ann"), &world.room, slice, 200).await.unwrap();
    page.messages.iter().map(|message| message.id).collect()
}

fn read(room: Option<&RoomId>, message: MessageId) -> Command {
    Command::ReadMessage { room: room.cloned(), message }
}

#[tokio::test]
async fn a_mark_that_passes_several_messages_is_a_receipt_for_each_where_readers_are_counted() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    let ids = messages(&world, &mut ann, 3).await;
    let mut counting = world.enter_counting("ann");
    counting.wish(Command::Join { room: world.room.clone(), mode: JoinMode::SubscribeOnly }).await;
    let mut bob = world.inside("bob").await;
    bob.reads(2).await;
    assert_eq!(counting.hear("receipt").await, format!("receipt bob {}", ids[0]));
    assert_eq!(counting.hear("receipt").await, format!("receipt bob {}", ids[1]));
    bob.wish(read(Some(&world.room), ids[2])).await;
    assert_eq!(counting.hear("receipt").await, format!("receipt bob {}", ids[2]));
    assert_eq!(ann.hear("read").await, "read bob 2");
    assert_eq!(ann.hear("read").await, "read bob 3");
}

#[tokio::test]
async fn the_same_receipt_is_told_once_and_never_to_its_reader() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    let ids = messages(&world, &mut ann, 1).await;
    let mut bob = world.enter_counting("bob");
    bob.wish(Command::Join { room: world.room.clone(), mode: JoinMode::SubscribeOnly }).await;
    bob.wish(read(Some(&world.room), ids[0])).await;
    bob.wish(read(None, ids[0])).await;
    assert_eq!(ann.hear("read").await, "read bob 1");
    ann.wish(read(None, ids[0])).await;
    assert_eq!(bob.hear("receipt").await, format!("receipt ann {}", ids[0]));
    bob.hears_nothing_more().await;
}

#[tokio::test]
async fn a_message_that_is_not_in_the_room_cannot_be_read_there_nor_answered() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    let ids = messages(&world, &mut ann, 1).await;
    let attic = world.make("attic").await;
    ann.wish(Command::Join { room: attic.clone(), mode: JoinMode::SubscribeOnly }).await;
    ann.wish(read(Some(&attic), ids[0])).await;
    assert_eq!(ann.hear("failed").await, "failed NotFound None");
    let post = |room: &RoomId, parent| Command::Post {
        room: room.clone(),
        draft: None,
        body: "an answer".to_owned(),
        parent: Some(parent),
        kind: MessageKind::Text,
    };
    ann.wish(post(&attic, ids[0])).await;
    assert!(ann.hear("failed").await.starts_with("failed NotFound"));
    ann.wish(post(&world.room, ids[0])).await;
    assert_eq!(ann.hear("message 2").await, "message 2:an answer");
}

#[tokio::test]
async fn somebody_elses_room_has_no_marks_of_strangers() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    let ids = messages(&world, &mut ann, 1).await;
    let mut eve = world.enter("eve");
    eve.wish(read(None, ids[0])).await;
    assert_eq!(eve.hear("failed").await, "failed NotFound None");
}

#[tokio::test]
async fn a_receipt_for_a_message_that_is_not_at_hand_is_told_too() {
    let world = World::new(Settings { ring: 2, ..Settings::default() }).await;
    let mut ann = world.inside("ann").await;
    let ids = messages(&world, &mut ann, 5).await;
    let mut counting = world.enter_counting("ann");
    counting.wish(Command::Join { room: world.room.clone(), mode: JoinMode::SubscribeOnly }).await;
    let mut bob = world.enter("bob");
    bob.wish(read(None, ids[0])).await;
    assert_eq!(counting.hear("receipt").await, format!("receipt bob {}", ids[0]));
}
