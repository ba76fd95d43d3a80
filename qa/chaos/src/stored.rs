//! Index of the stored messages by text; finds holes in the numbers and duplicates on the way.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::history::Stored;
use crate::violation::Violation;

/// The messages of a store.
pub(crate) struct StoredMessages<'a> {
    by_text: BTreeMap<&'a str, &'a Stored>,
    heads: HashMap<&'a str, u64>,
}

impl<'a> StoredMessages<'a> {
    /// Also notes what is wrong with the store by itself: numbers with holes, and what is there more than once.
    pub(crate) fn new(stored: &'a [Stored], found: &mut Vec<Violation>) -> Self {
        let mut by_text: BTreeMap<&str, &Stored> = BTreeMap::new();
        let mut ids = HashSet::new();
        let mut rooms: BTreeMap<&str, Vec<&Stored>> = BTreeMap::new();
        for message in stored {
            rooms.entry(&message.room).or_default().push(message);
            if let Some(first) = by_text.insert(&message.text, message) {
                found.push(Violation::StoredTwice {
                    text: message.text.clone(),
                    first_room: first.room.clone(),
                    first: first.position.clone(),
                    second_room: message.room.clone(),
                    second: message.position.clone(),
                });
                by_text.insert(&first.text, first);
            }
            if let Some(id) = &message.position.id
                && !ids.insert(id)
            {
                let seq = message.position.seq.unwrap_or_default();
                found.push(Violation::IdTwice { room: message.room.clone(), seq, id: id.clone() });
            }
        }
        let mut heads = HashMap::new();
        for (room, mut messages) in rooms {
            messages.sort_by_key(|message| message.position.seq);
            let epoch = messages.first().and_then(|first| first.position.epoch);
            let mut expected = 1;
            for message in messages {
                if message.position.seq != Some(expected) || message.position.epoch != epoch {
                    let found_there = message.position.clone();
                    found.push(Violation::BrokenSequence {
                        room: room.to_owned(),
                        expected,
                        found: found_there,
                    });
                }
                expected = message.position.seq.unwrap_or(expected) + 1;
            }
            heads.insert(room, expected - 1);
        }
        Self { by_text, heads }
    }

    /// The message with this text.
    pub(crate) fn find(&self, text: &str) -> Option<&'a Stored> {
        self.by_text.get(text).copied()
    }

    /// Everything, once.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'a Stored> {
        self.by_text.values().copied()
    }

    /// The last number of a room; 0 for one that is empty.
    pub(crate) fn head(&self, room: &str) -> u64 {
        self.heads.get(room).copied().unwrap_or_default()
    }
}
