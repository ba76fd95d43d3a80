//! The room transport: the outbox of a socket that is for one room, closed when its user is removed from the room.

use bytes::Bytes;
use hub::{ClientTransport, DeliveryPolicy, Disconnected, Outbox, StreamPosition, TransportFuture};
use protocol::{CloseCode, RoomId};

/// The hub's end of a socket that is for one room.
pub(super) struct RoomTransport {
    outbox: Outbox,
    room: RoomId,
}

impl RoomTransport {
    pub(super) fn new(outbox: Outbox, room: RoomId) -> Self {
        Self { outbox, room }
    }
}

impl ClientTransport for RoomTransport {
    fn push(&self, frame: Bytes, delivery: DeliveryPolicy) -> Result<(), Disconnected> {
        self.outbox.push(frame, delivery)
    }

    fn place(&self, position: StreamPosition<'_>) {
        if position == StreamPosition::Left(&self.room) {
            self.close(CloseCode::Forbidden);
        }
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
