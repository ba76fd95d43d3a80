//! What somebody has not read is a matter of how far they have read and of what was said, on whichever device.

use hub::Settings;
use proptest::collection::vec;
use proptest::prelude::*;
use protocol::limits::MAX_UNREAD;
use serde_json::Value;

use crate::world::{NAMES, World, runtime, user};

#[derive(Debug, Clone)]
enum Act {
    /// Says so many things.
    Say(u8),
    /// Has read up to a number, which may lie beyond the end.
    Read(u64),
}

/// Who, on which device, does what.
type Step = (usize, usize, Act);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let act = prop_oneof![
        3 => (1..4_u8).prop_map(Act::Say),
        1 => (20..60_u8).prop_map(Act::Say),
        4 => (0..200_u64).prop_map(Act::Read),
    ];
    vec((0..NAMES.len(), 0..2_usize, act), 0..40)
}

/// Plays the steps without waiting in between, and compares with what can be counted on paper.
async fn play(steps: Vec<Step>) {
    let world = World::new(Settings::default()).await;
    let mut devices = Vec::new();
    for name in NAMES {
        devices.push([world.inside(name).await, world.inside(name).await]);
    }
    let (mut authors, mut read) = (Vec::new(), [0_u64; NAMES.len()]);
    for (who, device, act) in steps {
        let device = devices.get_mut(who).unwrap().get_mut(device).unwrap();
        match act {
            Act::Say(count) => {
                for _ in 0..count {
                    device.peer.handle(device.post()).await;
                    authors.push(who);
                }
            }
            Act::Read(seq) => {
                device.peer.handle(device.read(seq)).await;
                let mark = read.get_mut(who).unwrap();
                *mark = (*mark).max(seq.min(authors.len() as u64));
            }
        }
    }
    for (who, (name, upto)) in NAMES.iter().zip(read).enumerate() {
        // Goes through the room like everything before, and changes nothing.
        world.hub.mark_read(&user(name), &world.room, 0).await.unwrap();
        let unread = authors.iter().skip(usize::try_from(upto).unwrap()).filter(|author| **author != who);
        let unread = u32::try_from(unread.count()).unwrap().min(MAX_UNREAD);
        let summary = world.hub.room(&user(name), &world.room).await.unwrap();
        assert_eq!((summary.head.seq, summary.read_seq), (authors.len() as u64, upto), "{name}");
        assert_eq!(summary.unread, unread, "{name}");
    }
    for device in devices.iter_mut().flatten() {
        let heard = device.hear_all().await;
        let messages: Vec<u64> = heard.iter().filter_map(|said| said.get("message")?.as_u64()).collect();
        assert_eq!(messages, (1..=authors.len() as u64).collect::<Vec<_>>());
        for (name, upto) in NAMES.iter().zip(read) {
            let is_theirs = |mark: &&Value| mark.get(0).is_some_and(|it| it == name);
            let marks = heard.iter().filter_map(|said| said.get("read")).filter(is_theirs);
            let marks: Vec<u64> = marks.filter_map(|mark| mark.get(1)?.as_u64()).collect();
            assert!(marks.is_sorted_by(|one, next| one < next), "marks only rise: {marks:?}");
            assert_eq!(marks.last().copied().unwrap_or(0), upto, "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    #[test]
    fn unread_is_what_others_said_after_the_highest_mark(steps in steps()) {
        runtime().block_on(play(steps));
    }
}
