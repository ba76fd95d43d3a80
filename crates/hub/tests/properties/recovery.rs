//! Whoever comes back is told exactly what is missing, in order, or that it is not complete.

use hub::{JoinMode, Settings};
use proptest::collection::vec;
use proptest::prelude::*;
use protocol::{Cursor, limits};

use crate::world::{World, runtime, user};

/// A history, and somebody who comes back into it.
#[derive(Debug, Clone)]
struct Absence {
    ring: usize,
    /// Bytes that the ring may take, and all rings together.
    bytes: (usize, usize),
    /// What was said before the room woke up, and what since.
    stored: u64,
    said: u64,
    since: u64,
    same_epoch: bool,
    /// What is said before each page is asked for, and after the last.
    meanwhile: Vec<u8>,
}

fn absence() -> impl Strategy<Value = Absence> {
    let stored = prop_oneof![0..30_u64, 0..1_300_u64];
    let few = || prop_oneof![Just(usize::MAX), 0..8_000_usize];
    let bytes = (few(), few());
    let rest =
        (1..80_usize, bytes, stored, 0..120_u64, any::<u64>(), prop::bool::weighted(0.9), vec(0..3_u8, 1..6));
    rest.prop_map(|(ring, bytes, stored, said, since, same_epoch, meanwhile)| Absence {
        ring,
        bytes,
        stored,
        said,
        // A little beyond the end, too.
        since: since % (stored + said + 3),
        same_epoch,
        meanwhile,
    })
}

async fn comes_back(absence: Absence) {
    let Absence { ring, bytes, stored, said, since, same_epoch, meanwhile } = absence;
    let (history_cache_bytes_per_room, history_cache_bytes) = bytes;
    let world = World::new(Settings {
        ring,
        history_cache_bytes_per_room,
        history_cache_bytes,
        ..Settings::default()
    })
    .await;
    world.store(stored).await;
    let mut ann = world.inside("ann").await;
    for _ in 0..said {
        ann.say().await;
    }
    let mut head = stored + said;
    let epoch = world.hub.room(&user("ann"), &world.room).await.unwrap().head.epoch;
    let mut place = Cursor { epoch: if same_epoch { epoch } else { epoch ^ 1 }, seq: since };
    let mut bob = world.device("bob");
    let (mut told, mut complete) = (Vec::new(), true);
    let mut pauses = meanwhile.iter().cycle();
    for page in 1.. {
        for _ in 0..*pauses.next().unwrap() {
            ann.say().await;
            head += 1;
        }
        let joined = bob.join(JoinMode::Recover(Some(place))).await;
        let seqs = joined.messages.iter().map(|message| message.cursor.seq);
        assert!(joined.messages.iter().all(|message| message.cursor.epoch == epoch));
        if !joined.recovered {
            assert_eq!(page, 1, "what began as a recovery goes on as one");
            let missed = place.gap_to(Cursor { epoch, seq: head });
            let limit = u64::from(limits::MAX_RECOVERED_MESSAGES);
            assert!(missed.is_none_or(|gap| gap > limit), "{missed:?} could be told");
            let newest = seqs.len() as u64;
            assert_eq!(newest, head.min(limits::PAGE_MESSAGES.into()), "the newest page");
            assert_eq!(joined.has_more, newest < head);
            place = Cursor { epoch, seq: head - newest };
            complete = false;
        }
        told.extend(seqs);
        if !(joined.recovered && joined.has_more) {
            break;
        }
        let last = *told.last().unwrap();
        assert!(last > place.seq, "each page brings something");
        place.seq = last;
    }
    for _ in 0..*pauses.next().unwrap() {
        ann.say().await;
        head += 1;
    }
    told.extend(bob.hear_all().await.iter().filter_map(|said| said.get("message")?.as_u64()));
    let first = if complete { since } else { place.seq } + 1;
    assert_eq!(told, (first..=head).collect::<Vec<_>>(), "complete, in order, and nothing twice");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    #[test]
    fn all_that_was_missed_is_told_once_and_in_order(absence in absence()) {
        runtime().block_on(comes_back(absence));
    }
}
