//! What rooms keep at hand is bounded, and whoever comes back does not notice: the rest comes from the store.

use bytes::Bytes;
use hub::{Command, JoinMode, OutboxItem, Settings, WriterAction};
use protocol::{Cursor, RoomId};

use crate::world::{Listener, World, user};

/// Says so many messages in the listener's room, each after the one before.
async fn say(ann: &mut Listener, numbers: impl Iterator<Item = u128>) {
    for number in numbers {
        ann.say(number, &format!("m{number}")).await;
        ann.hear(&format!("posted {number}")).await;
    }
}

fn line(seqs: std::ops::RangeInclusive<u128>) -> String {
    seqs.map(|seq| format!("{seq}:m{seq}")).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn who_comes_back_is_told_the_same_however_little_is_at_hand() {
    for (history_cache_bytes_per_room, history_cache_bytes) in
        [(usize::MAX, usize::MAX), (1_000, usize::MAX), (usize::MAX, 1_000), (0, 0)]
    {
        let world =
            World::new(Settings { history_cache_bytes_per_room, history_cache_bytes, ..Settings::default() })
                .await;
        let mut ann = world.inside("ann").await;
        say(&mut ann, 1..=60).await;
        let beginning = world.beginning().await;
        for since in [0, 30, 55, 60] {
            let mut bob = world.enter("bob");
            bob.join(Some(Cursor { seq: since, ..beginning })).await;
            let missed = line(u128::from(since) + 1..=60);
            assert_eq!(bob.hear("joined").await, format!("joined recovered=true head=60 [{missed}]"));
            let mut again = world.enter("bob");
            again.resume(Cursor { seq: since, ..beginning });
            for seq in since + 1..=60 {
                assert_eq!(again.hear_said().await, format!("message {seq}:m{seq}"));
            }
            again.hears_nothing_more().await;
        }
        let mut new = world.enter("bob");
        new.join(None).await;
        assert_eq!(new.hear("joined").await, format!("joined recovered=false head=60 [{}]", line(11..=60)));
    }
}

#[tokio::test]
async fn a_room_that_was_busy_takes_nothing_from_what_is_told_in_a_quiet_one() {
    let world = World::new(Settings { history_cache_bytes: 2_000, ..Settings::default() }).await;
    let attic: RoomId = world.make("attic").await;
    let mut ann = world.inside("ann").await;
    say(&mut ann, 1..=8).await;
    ann.wish(Command::Join { room: attic.clone(), mode: JoinMode::SubscribeOnly }).await;
    let speaker = std::sync::Arc::new(crate::world::person("ann"));
    for number in 100..200 {
        let draft = protocol::DraftId(uuid::Uuid::from_u128(number));
        world.hub.post(&speaker, &attic, draft, "in the attic").await.unwrap();
    }
    let mut bob = world.enter("bob");
    bob.join(Some(world.beginning().await)).await;
    assert_eq!(bob.hear("joined").await, format!("joined recovered=true head=8 [{}]", line(1..=8)));
    assert_eq!(world.hub.room(&user("ann"), &attic).await.unwrap().head.seq, 100);
}

#[tokio::test]
async fn many_who_come_back_at_once_share_the_bytes() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    say(&mut ann, 1..=3).await;
    let (mut one, mut other) = (world.enter("bob"), world.enter("bob"));
    let since = Cursor { seq: 1, ..world.beginning().await };
    one.resume(since);
    other.resume(since);
    let (first, second) = (told(&mut one).await, told(&mut other).await);
    assert_eq!(first, ["message 2:m2", "message 3:m3"]);
    let places = |frames: &[Bytes]| frames.iter().map(|it| it.as_ptr()).collect::<Vec<_>>();
    assert_eq!(places(&first), places(&second));
    let mut late = world.enter("bob");
    late.resume(since);
    let third = told(&mut late).await;
    assert_eq!(third, first);
    assert_ne!(places(&third), places(&first), "nothing spelled is kept longer than that");
}

/// The frames that wait.
async fn told(listener: &mut Listener) -> Vec<Bytes> {
    let mut frames = Vec::new();
    assert!(matches!(listener.ear.inlet.next(&mut frames, 16).await, WriterAction::Frames));
    let frames = frames.into_iter().filter_map(|item| match item {
        OutboxItem::Frame(frame) => Some(frame),
        OutboxItem::Ping(_) => None,
    });
    frames.filter(|frame| frame.starts_with(b"message")).collect()
}
