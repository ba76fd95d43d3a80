//! Stream positions: what a client has of its inbox and of each room, as it shows them when it resumes.

use std::collections::BTreeMap;

use hub::model::RoomHead;
use hub::{LocatedRoom, StreamPosition};
use protocol::Cursor;
use serde::{Deserialize, Serialize};

/// The positions of a client in its inbox and in its rooms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Positions {
    pub(crate) inbox: Option<u64>,
    /// By room: the epoch, the number of the last message, and that of the last change.
    pub(crate) rooms: BTreeMap<String, (Epoch, u64, u64)>,
}

impl Positions {
    /// The rooms among these that the client was in, and the last numbers of each that it has; `None` if one is missing.
    pub(crate) fn locate<'a>(&self, heads: &'a [RoomHead]) -> Option<Vec<LocatedRoom<'a>>> {
        let locate = |(room, (Epoch(epoch), seq, rev)): (&String, &(Epoch, u64, u64))| {
            let is_it = |known: &&RoomHead| known.room.as_str() == room && known.head.epoch == *epoch;
            heads.iter().find(is_it).map(|head| LocatedRoom { head, seq: *seq, rev: *rev })
        };
        self.rooms.iter().map(locate).collect()
    }

    /// The client has everything up to here.
    pub(crate) fn note(&mut self, position: StreamPosition<'_>) {
        match position {
            StreamPosition::Inbox(seq) => self.inbox = Some(seq),
            StreamPosition::Left(room) => drop(self.rooms.remove(room.as_str())),
            StreamPosition::Room(room, Cursor { epoch, seq }, rev) => {
                self.rooms.insert(room.to_string(), (Epoch(epoch), seq, rev));
            }
            StreamPosition::Message(room, Cursor { epoch, seq }) => {
                let known = self.rooms.entry(room.to_string()).or_insert((Epoch(epoch), seq, 0));
                (known.0, known.1) = (Epoch(epoch), seq);
            }
            StreamPosition::Change(room, rev) => {
                if let Some((.., known)) = self.rooms.get_mut(room.as_str()) {
                    *known = rev;
                }
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
