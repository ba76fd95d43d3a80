//! Resumable outlet: each frame that must arrive carries the client's positions after it, as Socket.IO events do, and the
//! client shows the last ones when it comes back.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hub::{ClientTransport, DeliveryPolicy, Disconnected, Outbox, StreamPosition, TransportFuture};
use protocol::CloseCode;

use super::positions::Positions;

/// An outbox whose frames carry the client's positions.
pub(crate) struct ResumeTransport {
    outbox: Outbox,
    positions: Mutex<Positions>,
}

impl ResumeTransport {
    pub(crate) fn new(outbox: Outbox) -> Self {
        Self { outbox, positions: Mutex::default() }
    }

    fn positions(&self) -> MutexGuard<'_, Positions> {
        self.positions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client resumes from the positions of its last connection.
    pub(crate) fn stands(&self, positions: Positions) {
        *self.positions() = positions;
    }
}

impl ClientTransport for ResumeTransport {
    fn push(&self, frame: Bytes, delivery: DeliveryPolicy) -> Result<(), Disconnected> {
        if delivery != DeliveryPolicy::Reliable {
            return self.outbox.push(frame, delivery);
        }
        let positions = self.positions();
        let mut with_positions = frame.to_vec();
        // A client has no positions before the one in its inbox.
        if positions.inbox.is_some() {
            with_positions.push(b'\n');
            with_positions.extend(serde_json::to_vec(&*positions).unwrap_or_default());
        }
        // Under the lock, so that frames are in the order of their positions.
        self.outbox.push(with_positions.into(), delivery)
    }

    fn place(&self, position: StreamPosition<'_>) {
        self.positions().note(position);
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
