//! Recovery: a client receives exactly what it missed, in order, or is told that this is not possible.

use hub::{HubSettings, JoinMode};
use proptest::collection::vec;
use proptest::prelude::*;
use protocol::{Cursor, limits};

use crate::world::{World, runtime, user};

/// A history, and a client that recovers in it.
#[derive(Debug, Clone)]
struct Absence {
    history_cache_messages_per_room: usize,
    /// Bytes of the history cache of the room, and of all rooms.
    bytes: (usize, usize),
    /// Messages stored before the room is spawned, and posted since.
    stored: u64,
    posted: u64,
    since: u64,
    same_epoch: bool,
    /// Messages posted before each page is requested, and after the last.
    meanwhile: Vec<u8>,
}

fn absence() -> impl Strategy<Value = Absence> {
    let stored = prop_oneof![0..30_u64, 0..1_300_u64];
    let few = || prop_oneof![Just(usize::MAX), 0..8_000_usize];
    let bytes = (few(), few());
    let rest =
        (1..80_usize, bytes, stored, 0..120_u64, any::<u64>(), prop::bool::weighted(0.9), vec(0..3_u8, 1..6));
    rest.prop_map(|(history_cache_messages_per_room, bytes, stored, posted, since, same_epoch, meanwhile)| {
        Absence {
            history_cache_messages_per_room,
            bytes,
            stored,
            posted,
            // Also a little beyond the head.
            since: since % (stored + posted + 3),
            same_epoch,
            meanwhile,
        }
    })
}

async fn recover(absence: Absence) {
    let Absence { history_cache_messages_per_room, bytes, stored, posted, since, same_epoch, meanwhile } =
        absence;
    let (history_cache_bytes_per_room, history_cache_bytes) = bytes;
    let world = World::new(HubSettings {
        history_cache_messages_per_room,
        history_cache_bytes_per_room,
        history_cache_bytes,
        ..HubSettings::default()
    })
    .await;
    world.store(stored).await;
    let mut ann = world.connect_and_join("ann").await;
    for _ in 0..posted {
        ann.post_and_wait().await;
    }
    let mut head = stored + posted;
    let epoch = world.hub.room(&user("ann"), &world.room).await.unwrap().head.epoch;
    let mut cursor = Cursor { epoch: if same_epoch { epoch } else { epoch ^ 1 }, seq: since };
    let mut bob = world.connect("bob");
    let (mut received, mut complete) = (Vec::new(), true);
    let mut gaps = meanwhile.iter().cycle();
    for page in 1.. {
        for _ in 0..*gaps.next().unwrap() {
            ann.post_and_wait().await;
            head += 1;
        }
        let joined = bob.join(JoinMode::Recover(Some(cursor))).await;
        let seqs = joined.messages.iter().map(|message| message.cursor.seq);
        assert!(joined.messages.iter().all(|message| message.cursor.epoch == epoch));
        if !joined.recovered {
            assert_eq!(page, 1, "a recovery that has begun is complete");
            let missed = cursor.gap_to(Cursor { epoch, seq: head });
            let limit = u64::from(limits::MAX_RECOVERED_MESSAGES);
            assert!(missed.is_none_or(|gap| gap > limit), "{missed:?} could be sent");
            let newest = seqs.len() as u64;
            assert_eq!(newest, head.min(limits::PAGE_MESSAGES.into()), "the newest page");
            assert_eq!(joined.has_more, newest < head);
            cursor = Cursor { epoch, seq: head - newest };
            complete = false;
        }
        received.extend(seqs);
        if !(joined.recovered && joined.has_more) {
            break;
        }
        let last = *received.last().unwrap();
        assert!(last > cursor.seq, "each page has a message");
        cursor.seq = last;
    }
    for _ in 0..*gaps.next().unwrap() {
        ann.post_and_wait().await;
        head += 1;
    }
    received.extend(bob.receive_all().await.iter().filter_map(|posted| posted.get("message")?.as_u64()));
    let first = if complete { since } else { cursor.seq } + 1;
    assert_eq!(received, (first..=head).collect::<Vec<_>>(), "complete, in order, and nothing twice");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    #[test]
    fn missed_messages_are_sent_once_and_in_order(absence in absence()) {
        runtime().block_on(recover(absence));
    }
}
