//! The Socket.IO transport: sends what the hub pushes, and with each packet the client's own recovery offset.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use engineio::{CloseReason, Outgoing};
use hub::{ClientTransport, DeliveryPolicy, Disconnected, RoomPosition, StreamPosition, TransportFuture};
use protocol::CloseCode;
use socketio::Socket;

use super::resume_token::SentPositions;
use crate::dialect::socketio::with_offset;

/// The hub's end of a client.
#[derive(Debug)]
pub(super) struct SocketIoTransport {
    socket: Socket,
    /// A std mutex: held while a packet is queued, so that offsets are queued in the order of the packets.
    positions: Mutex<SentPositions>,
    /// Whether the client resumes, and so is sent offsets.
    resumes: bool,
}

impl SocketIoTransport {
    pub(super) fn new(socket: Socket, resumes: bool) -> Self {
        Self { socket, positions: Mutex::default(), resumes }
    }

    /// Sets the positions of a client that resumes.
    pub(super) fn set_positions(&self, inbox: u64, rooms: &[RoomPosition]) {
        self.place(StreamPosition::Inbox(inbox));
        for RoomPosition { room, cursor, rev } in rooms {
            self.place(StreamPosition::Room(room, *cursor, *rev));
        }
    }

    fn send(&self, packet: Bytes, position: Option<StreamPosition<'_>>) -> Result<(), Disconnected> {
        if !self.resumes {
            return self.socket.send(Outgoing::text(packet)).map_err(|_| Disconnected);
        }
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(position) = position {
            positions.advance(position);
        }
        let message = match positions.offset() {
            Some(offset) => match with_offset(packet, &offset) {
                (packet, Some(tail)) => Outgoing::text(packet).with_tail(tail),
                (packet, None) => Outgoing::text(packet),
            },
            None => Outgoing::text(packet),
        };
        self.socket.send(message).map_err(|_| Disconnected)
    }
}

impl ClientTransport for SocketIoTransport {
    fn push(&self, frame: Bytes, delivery: DeliveryPolicy) -> Result<(), Disconnected> {
        match delivery {
            DeliveryPolicy::Reliable => self.send(frame, None),
            // A newer packet may replace it, and the offset must not be lost with it.
            DeliveryPolicy::ReliableLatest(_) | DeliveryPolicy::Latest(_) | DeliveryPolicy::BestEffort => {
                self.socket.send(Outgoing::text(frame).with_delivery(delivery)).map_err(|_| Disconnected)
            }
        }
    }

    fn push_at(&self, frame: Bytes, position: StreamPosition<'_>) -> Result<(), Disconnected> {
        self.send(frame, Some(position))
    }

    fn place(&self, position: StreamPosition<'_>) {
        if !self.resumes {
            return;
        }
        self.positions.lock().unwrap_or_else(PoisonError::into_inner).advance(position);
    }

    fn keeps_up(&self) -> TransportFuture<'_, ()> {
        Box::pin(self.socket.keeps_up())
    }

    fn receipt(&self) -> TransportFuture<'static, Result<(), Disconnected>> {
        let socket = self.socket.clone();
        Box::pin(async move { socket.receipt().await.map_err(|_| Disconnected) })
    }

    fn close(&self, code: CloseCode) {
        match code {
            // The gateway has dropped the client session: the client has left or was refused. Its Engine.IO session may go on.
            CloseCode::Normal => {}
            // The client library does not come back by itself after it was disconnected.
            CloseCode::Token | CloseCode::Forbidden => self.socket.disconnect(true),
            CloseCode::TooSlow => self.socket.end(CloseReason::TooSlow),
            CloseCode::TooMany => self.socket.end(CloseReason::TooFast),
            CloseCode::Restart => self.socket.end(CloseReason::Stopping),
            CloseCode::GoingAway
            | CloseCode::Protocol
            | CloseCode::BadText
            | CloseCode::TooBig
            | CloseCode::Internal => self.socket.end(CloseReason::Server),
        }
    }
}
