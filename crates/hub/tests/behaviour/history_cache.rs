//! History cache: it is bounded, and recovery is the same without it, because the rest comes from the store.

use bytes::Bytes;
use hub::{Command, HubSettings, JoinMode, OutboxItem, WriterAction};
use protocol::{Cursor, RoomId};

use crate::world::{TestClient, World, user};

/// Posts these messages, each after the one before is acknowledged.
async fn post_all(ann: &mut TestClient, numbers: impl Iterator<Item = u128>) {
    for number in numbers {
        ann.post(number, &format!("m{number}")).await;
        ann.receive(&format!("posted {number}")).await;
    }
}

fn line(seqs: std::ops::RangeInclusive<u128>) -> String {
    seqs.map(|seq| format!("{seq}:m{seq}")).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn recovery_is_the_same_with_any_size_of_the_history_cache() {
    for (history_cache_bytes_per_room, history_cache_bytes) in
        [(usize::MAX, usize::MAX), (1_000, usize::MAX), (usize::MAX, 1_000), (0, 0)]
    {
        let world = World::new(HubSettings {
            history_cache_bytes_per_room,
            history_cache_bytes,
            ..HubSettings::default()
        })
        .await;
        let mut ann = world.connect_and_join("ann").await;
        post_all(&mut ann, 1..=60).await;
        let beginning = world.beginning().await;
        for since in [0, 30, 55, 60] {
            let mut bob = world.connect("bob");
            bob.join(Some(Cursor { seq: since, ..beginning })).await;
            let missed = line(u128::from(since) + 1..=60);
            assert_eq!(bob.receive("joined").await, format!("joined recovered=true head=60 [{missed}]"));
            let mut again = world.connect("bob");
            again.resume(Cursor { seq: since, ..beginning });
            for seq in since + 1..=60 {
                assert_eq!(again.receive_next().await, format!("message {seq}:m{seq}"));
            }
            again.receives_nothing_more().await;
        }
        let mut new = world.connect("bob");
        new.join(None).await;
        assert_eq!(
            new.receive("joined").await,
            format!("joined recovered=false head=60 [{}]", line(11..=60))
        );
    }
}

#[tokio::test]
async fn a_busy_room_does_not_change_the_recovery_in_a_quiet_one() {
    let world = World::new(HubSettings { history_cache_bytes: 2_000, ..HubSettings::default() }).await;
    let attic: RoomId = world.create_room("attic").await;
    let mut ann = world.connect_and_join("ann").await;
    post_all(&mut ann, 1..=8).await;
    ann.execute(Command::Join { room: attic.clone(), mode: JoinMode::SubscribeOnly }).await;
    let speaker = std::sync::Arc::new(crate::world::new_user("ann"));
    for number in 100..200 {
        let draft = protocol::DraftId(uuid::Uuid::from_u128(number));
        world.hub.post(&speaker, &attic, draft, "in the attic").await.unwrap();
    }
    let mut bob = world.connect("bob");
    bob.join(Some(world.beginning().await)).await;
    assert_eq!(bob.receive("joined").await, format!("joined recovered=true head=8 [{}]", line(1..=8)));
    assert_eq!(world.hub.room(&user("ann"), &attic).await.unwrap().head.seq, 100);
}

#[tokio::test]
async fn clients_that_recover_together_share_encoded_bytes() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    post_all(&mut ann, 1..=3).await;
    let (mut one, mut other) = (world.connect("bob"), world.connect("bob"));
    let since = Cursor { seq: 1, ..world.beginning().await };
    one.resume(since);
    other.resume(since);
    let (first, second) = (waiting_frames(&mut one).await, waiting_frames(&mut other).await);
    assert_eq!(first, ["message 2:m2", "message 3:m3"]);
    let addresses = |frames: &[Bytes]| frames.iter().map(|it| it.as_ptr()).collect::<Vec<_>>();
    assert_eq!(addresses(&first), addresses(&second));
    let mut late = world.connect("bob");
    late.resume(since);
    let third = waiting_frames(&mut late).await;
    assert_eq!(third, first);
    assert_ne!(addresses(&third), addresses(&first), "encoded bytes are shared within one batch only");
}

/// The frames that wait for a client.
async fn waiting_frames(client: &mut TestClient) -> Vec<Bytes> {
    let mut frames = Vec::new();
    assert!(matches!(client.connection.receiver.next(&mut frames, 16).await, WriterAction::Frames));
    let frames = frames.into_iter().filter_map(|item| match item {
        OutboxItem::Frame(frame) => Some(frame),
        OutboxItem::Ping(_) => None,
    });
    frames.filter(|frame| frame.starts_with(b"message")).collect()
}
