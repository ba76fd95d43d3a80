//! Unread counts: they depend on the read marker and the messages of others, on any of the user's connections.

use hub::HubSettings;
use proptest::collection::vec;
use proptest::prelude::*;
use protocol::limits::MAX_UNREAD;
use serde_json::Value;

use crate::world::{NAMES, World, runtime, user};

#[derive(Debug, Clone)]
enum Action {
    /// Posts this many messages.
    Post(u8),
    /// Marks messages as read up to a number, which may lie beyond the head.
    Read(u64),
}

/// The user, the user's connection, and the action.
type Step = (usize, usize, Action);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let action = prop_oneof![
        3 => (1..4_u8).prop_map(Action::Post),
        1 => (20..60_u8).prop_map(Action::Post),
        4 => (0..200_u64).prop_map(Action::Read),
    ];
    vec((0..NAMES.len(), 0..2_usize, action), 0..40)
}

/// Runs the steps without waiting in between, and compares with the counts of a model.
async fn run(steps: Vec<Step>) {
    let world = World::new(HubSettings::default()).await;
    let mut clients = Vec::new();
    for name in NAMES {
        clients.push([world.connect_and_join(name).await, world.connect_and_join(name).await]);
    }
    let (mut authors, mut read) = (Vec::new(), [0_u64; NAMES.len()]);
    for (user_index, client, action) in steps {
        let client = clients.get_mut(user_index).unwrap().get_mut(client).unwrap();
        match action {
            Action::Post(count) => {
                for _ in 0..count {
                    client.session.handle(client.post()).await;
                    authors.push(user_index);
                }
            }
            Action::Read(seq) => {
                client.session.handle(client.read(seq)).await;
                let marker = read.get_mut(user_index).unwrap();
                *marker = (*marker).max(seq.min(authors.len() as u64));
            }
        }
    }
    for (user_index, (name, upto)) in NAMES.iter().zip(read).enumerate() {
        // Is executed by the room after everything before, and changes nothing.
        world.hub.mark_read(&user(name), &world.room, 0).await.unwrap();
        let unread =
            authors.iter().skip(usize::try_from(upto).unwrap()).filter(|author| **author != user_index);
        let unread = u32::try_from(unread.count()).unwrap().min(MAX_UNREAD);
        let summary = world.hub.room(&user(name), &world.room).await.unwrap();
        assert_eq!((summary.head.seq, summary.read_seq), (authors.len() as u64, upto), "{name}");
        assert_eq!(summary.unread, unread, "{name}");
    }
    for client in clients.iter_mut().flatten() {
        let received = client.receive_all().await;
        let messages: Vec<u64> = received.iter().filter_map(|event| event.get("message")?.as_u64()).collect();
        assert_eq!(messages, (1..=authors.len() as u64).collect::<Vec<_>>());
        for (name, upto) in NAMES.iter().zip(read) {
            let is_theirs = |marker: &&Value| marker.get(0).is_some_and(|it| it == name);
            let markers = received.iter().filter_map(|event| event.get("read")).filter(is_theirs);
            let markers: Vec<u64> = markers.filter_map(|marker| marker.get(1)?.as_u64()).collect();
            assert!(markers.is_sorted_by(|one, next| one < next), "markers only advance: {markers:?}");
            assert_eq!(markers.last().copied().unwrap_or(0), upto, "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    #[test]
    fn unread_counts_messages_of_others_after_the_read_marker(steps in steps()) {
        runtime().block_on(run(steps));
    }
}
