//! Stream positions: what a client has of its inbox and of each room, as it shows them when it resumes.

use std::collections::BTreeMap;

use hub::{RoomHead, StreamPosition};
use protocol::Cursor;
use serde::{Deserialize, Serialize};

/// The positions of a client in its inbox and in its rooms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Positions {
    pub(crate) inbox: Option<u64>,
    /// By room: the epoch and the number of the last message.
    pub(crate) rooms: BTreeMap<String, (Epoch, u64)>,
}

impl Positions {
    /// The rooms among these that the client was in, and the last number of each that it has; `None` if one is missing.
    pub(crate) fn locate<'a>(&self, heads: &'a [RoomHead]) -> Option<Vec<(&'a RoomHead, u64)>> {
        let locate = |(room, (Epoch(epoch), seq)): (&String, &(Epoch, u64))| {
            let is_it = |(known, head): &&RoomHead| known.as_str() == room && head.epoch == *epoch;
            heads.iter().find(is_it).map(|head| (head, *seq))
        };
        self.rooms.iter().map(locate).collect()
    }

    /// The client has everything up to here.
    pub(crate) fn note(&mut self, position: StreamPosition<'_>) {
        match position {
            StreamPosition::Inbox(seq) => self.inbox = Some(seq),
            StreamPosition::Left(room) => drop(self.rooms.remove(room.as_str())),
            StreamPosition::Room(room, Cursor { epoch, seq }) => {
                self.rooms.insert(room.to_string(), (Epoch(epoch), seq));
            }
        }
    }
}

/// An epoch in eight hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Epoch(pub(crate) u32);

impl From<Epoch> for String {
    fn from(Epoch(epoch): Epoch) -> Self {
        format!("{epoch:08x}")
    }
}

impl TryFrom<String> for Epoch {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u32::from_str_radix(&text, 16).map(Self)
    }
}
