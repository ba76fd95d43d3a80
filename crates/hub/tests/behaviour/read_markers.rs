//! Read markers: events by number, and receipts by message for dialects that want them.

use hub::{Command, HubSettings, JoinMode};
use protocol::{MessageId, MessageKind, RoomId};

use crate::world::{TestClient, World, user};

async fn post_messages(world: &World, ann: &mut TestClient, count: u128) -> Vec<MessageId> {
    for draft in 1..=count {
        ann.post(draft, &format!("m{draft}")).await;
        ann.receive("posted").await;
    }
    let slice = hub::store::HistoryRange::Newest;
    let page = world.hub.history(&user("ann"), &world.room, slice, 200).await.unwrap();
    page.messages.iter().map(|message| message.id).collect()
}

fn read_message(room: Option<&RoomId>, message: MessageId) -> Command {
    Command::ReadMessage { room: room.cloned(), message }
}

#[tokio::test]
async fn an_advanced_marker_sends_a_receipt_for_each_message_it_passes() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    let ids = post_messages(&world, &mut ann, 3).await;
    let mut counting = world.connect_with_receipts("ann");
    counting.execute(Command::Join { room: world.room.clone(), mode: JoinMode::SubscribeOnly }).await;
    let mut bob = world.connect_and_join("bob").await;
    bob.mark_read(2).await;
    assert_eq!(counting.receive("receipt").await, format!("receipt bob {}", ids[0]));
    assert_eq!(counting.receive("receipt").await, format!("receipt bob {}", ids[1]));
    bob.execute(read_message(Some(&world.room), ids[2])).await;
    assert_eq!(counting.receive("receipt").await, format!("receipt bob {}", ids[2]));
    assert_eq!(ann.receive("read").await, "read bob 2");
    assert_eq!(ann.receive("read").await, "read bob 3");
}

#[tokio::test]
async fn a_receipt_is_sent_once_and_never_to_its_reader() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    let ids = post_messages(&world, &mut ann, 1).await;
    let mut bob = world.connect_with_receipts("bob");
    bob.execute(Command::Join { room: world.room.clone(), mode: JoinMode::SubscribeOnly }).await;
    bob.execute(read_message(Some(&world.room), ids[0])).await;
    bob.execute(read_message(None, ids[0])).await;
    assert_eq!(ann.receive("read").await, "read bob 1");
    ann.execute(read_message(None, ids[0])).await;
    assert_eq!(bob.receive("receipt").await, format!("receipt ann {}", ids[0]));
    bob.receives_nothing_more().await;
}

#[tokio::test]
async fn a_message_of_another_room_can_be_neither_read_nor_answered() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    let ids = post_messages(&world, &mut ann, 1).await;
    let attic = world.create_room("attic").await;
    ann.execute(Command::Join { room: attic.clone(), mode: JoinMode::SubscribeOnly }).await;
    ann.execute(read_message(Some(&attic), ids[0])).await;
    assert_eq!(ann.receive("failed").await, "failed NotFound None");
    let post = |room: &RoomId, parent| Command::Post {
        room: room.clone(),
        draft: None,
        body: "an answer".to_owned(),
        parent: Some(parent),
        kind: MessageKind::Text,
    };
    ann.execute(post(&attic, ids[0])).await;
    assert!(ann.receive("failed").await.starts_with("failed NotFound"));
    ann.execute(post(&world.room, ids[0])).await;
    assert_eq!(ann.receive("message 2").await, "message 2:an answer");
}

#[tokio::test]
async fn an_outsider_cannot_set_a_read_marker() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    let ids = post_messages(&world, &mut ann, 1).await;
    let mut eve = world.connect("eve");
    eve.execute(read_message(None, ids[0])).await;
    assert_eq!(eve.receive("failed").await, "failed NotFound None");
}

#[tokio::test]
async fn a_receipt_for_a_message_outside_of_the_cache_is_sent() {
    let world =
        World::new(HubSettings { history_cache_messages_per_room: 2, ..HubSettings::default() }).await;
    let mut ann = world.connect_and_join("ann").await;
    let ids = post_messages(&world, &mut ann, 5).await;
    let mut counting = world.connect_with_receipts("ann");
    counting.execute(Command::Join { room: world.room.clone(), mode: JoinMode::SubscribeOnly }).await;
    let mut bob = world.connect("bob");
    bob.execute(read_message(None, ids[0])).await;
    assert_eq!(counting.receive("receipt").await, format!("receipt bob {}", ids[0]));
}

#[tokio::test]
async fn a_lagging_client_receives_the_read_marker_of_each_user() {
    let world = World::new(HubSettings::default()).await;
    world.hub.add_members(&user("ann"), &world.room, vec![user("eve")]).await.unwrap();
    let (mut ann, mut eve) = (world.connect_and_join("ann").await, world.connect_and_join("eve").await);
    let mut bob = world.connect_with("bob", 16_000);
    bob.join(None).await;
    bob.receive("joined").await;
    for n in 1..=3 {
        ann.post(n, &"x".repeat(500)).await;
        ann.receive("posted").await;
    }
    ann.mark_read(1).await;
    ann.receive("read ann 1").await;
    eve.mark_read(2).await;
    ann.receive("read eve 2").await;
    ann.mark_read(3).await;
    ann.receive("read ann 3").await;
    bob.receive("message 3").await;
    assert_eq!(bob.receive_next().await, "read eve 2");
    assert_eq!(bob.receive_next().await, "read ann 3");
    bob.receives_nothing_more().await;
}
