//! Resumable outlet: each frame that must arrive carries the client's positions after it, as Socket.IO events do, and the
//! client shows the last ones when it comes back.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hub::{ClientTransport, DeliveryPolicy, Disconnected, Outbox, RoomHead, StreamPosition, TransportFuture};
use protocol::{CloseCode, Cursor};
use serde::{Deserialize, Serialize};

use super::frames::Epoch;

/// Where a client stands in everything that it follows.
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

    fn note(&mut self, track: StreamPosition<'_>) {
        match track {
            StreamPosition::Inbox(seq) => self.inbox = Some(seq),
            StreamPosition::Left(room) => drop(self.rooms.remove(room.as_str())),
            StreamPosition::Room(room, Cursor { epoch, seq }) => {
                self.rooms.insert(room.to_string(), (Epoch(epoch), seq));
            }
        }
    }
}

/// An outbox whose frames say where the client stands.
pub(crate) struct ResumeOutlet {
    outbox: Outbox,
    positions: Mutex<Positions>,
}

impl ResumeOutlet {
    pub(crate) fn new(outbox: Outbox) -> Self {
        Self { outbox, positions: Mutex::default() }
    }

    fn positions(&self) -> MutexGuard<'_, Positions> {
        self.positions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client stands where it stood on its last connection.
    pub(crate) fn stands(&self, positions: Positions) {
        *self.positions() = positions;
    }
}

impl ClientTransport for ResumeOutlet {
    fn push(&self, frame: Bytes, delivery: DeliveryPolicy) -> Result<(), Disconnected> {
        if delivery != DeliveryPolicy::Reliable {
            return self.outbox.push(frame, delivery);
        }
        let positions = self.positions();
        let mut with_positions = frame.to_vec();
        // A client is nowhere before it stands in its inbox.
        if positions.inbox.is_some() {
            with_positions.push(b'\n');
            with_positions.extend(serde_json::to_vec(&*positions).unwrap_or_default());
        }
        // Under the lock: frames stand in the order of their places.
        self.outbox.push(with_positions.into(), delivery)
    }

    fn place(&self, track: StreamPosition<'_>) {
        self.positions().note(track);
    }

    fn keeps_up(&self) -> TransportFuture<'_, ()> {
        self.outbox.keeps_up()
    }

    fn receipt(&self) -> TransportFuture<'static, Result<(), Disconnected>> {
        self.outbox.receipt()
    }

    fn close(&self, code: CloseCode) {
        self.outbox.close(code);
    }
}
