//! The outlet of a client that resumes, as Socket.IO clients do: each frame that must arrive ends with where the client
//! stands after it, and the client shows the last one when it comes back.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hub::{DeliveryPolicy, Gone, Outbox, Outlet, OutletFuture, Track};
use protocol::{CloseCode, Cursor};
use serde::{Deserialize, Serialize};

use super::words::Epoch;

/// Where a client stands in everything that it follows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Places {
    pub(crate) inbox: Option<u64>,
    /// By room: the epoch and the number of the last message.
    pub(crate) rooms: BTreeMap<String, (Epoch, u64)>,
}

impl Places {
    /// The places in rooms, as the hub asks for them.
    pub(crate) fn cursors(&self) -> Vec<Cursor> {
        self.rooms.values().map(|(Epoch(epoch), seq)| Cursor { epoch: *epoch, seq: *seq }).collect()
    }

    fn note(&mut self, track: Track<'_>) {
        match track {
            Track::Inbox(seq) => self.inbox = Some(seq),
            Track::Left(room) => drop(self.rooms.remove(room.as_str())),
            Track::Room(room, Cursor { epoch, seq }) => {
                self.rooms.insert(room.to_string(), (Epoch(epoch), seq));
            }
        }
    }
}

/// An outbox whose frames say where the client stands.
pub(crate) struct ResumeOutlet {
    outbox: Outbox,
    places: Mutex<Places>,
}

impl ResumeOutlet {
    pub(crate) fn new(outbox: Outbox) -> Self {
        Self { outbox, places: Mutex::default() }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client stands where it stood on its last connection.
    pub(crate) fn stands(&self, places: Places) {
        *self.places() = places;
    }
}

impl Outlet for ResumeOutlet {
    fn push(&self, frame: Bytes, delivery: DeliveryPolicy) -> Result<(), Gone> {
        if delivery != DeliveryPolicy::Reliable {
            return self.outbox.push(frame, delivery);
        }
        let places = self.places();
        let mut with_places = frame.to_vec();
        // A client is nowhere before it stands in its inbox.
        if places.inbox.is_some() {
            with_places.push(b'\n');
            with_places.extend(serde_json::to_vec(&*places).unwrap_or_default());
        }
        // Under the lock: frames stand in the order of their places.
        self.outbox.push(with_places.into(), delivery)
    }

    fn place(&self, track: Track<'_>) {
        self.places().note(track);
    }

    fn keeps_up(&self) -> OutletFuture<'_, ()> {
        self.outbox.keeps_up()
    }

    fn receipt(&self) -> OutletFuture<'static, Result<(), Gone>> {
        self.outbox.receipt()
    }

    fn close(&self, code: CloseCode) {
        self.outbox.close(code);
    }
}
