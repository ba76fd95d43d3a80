//! What the hub tells a client of Socket.IO: packets that all readers share, each with a short ending of the reader's own
//! that says where the reader stands after it.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use engineio::{CloseReason, Outgoing};
use hub::{ClientTransport, DeliveryPolicy, Disconnected, StreamPosition, TransportFuture};
use protocol::CloseCode;
use socketio::Socket;

use super::resume_token::Positions;

/// The hub's end of a client.
#[derive(Debug)]
pub(super) struct SocketOutlet {
    socket: Socket,
    /// A std mutex: held while a packet is queued, so that the packets' endings stand in the order of the packets.
    positions: Mutex<Positions>,
    /// Whether the client is told where it stands.
    resumes: bool,
}

impl SocketOutlet {
    pub(super) fn new(socket: Socket, resumes: bool) -> Self {
        Self { socket, positions: Mutex::default(), resumes }
    }

    fn send(&self, packet: Bytes, track: Option<StreamPosition<'_>>) -> Result<(), Disconnected> {
        if !self.resumes {
            return self.socket.send(Outgoing::text(packet)).map_err(|_| Disconnected);
        }
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(track) = track {
            positions.note(track);
        }
        let message = match positions.offset() {
            Some(offset) => with_offset(packet, &offset),
            None => Outgoing::text(packet),
        };
        self.socket.send(message).map_err(|_| Disconnected)
    }
}

/// Adds an argument to an event: clients keep the last text of the last event and show it when they come back.
fn with_offset(packet: Bytes, offset: &str) -> Outgoing {
    let open = packet.len().saturating_sub(1);
    if packet.get(open) != Some(&b']') {
        return Outgoing::text(packet);
    }
    let mut tail = Vec::with_capacity(offset.len() + 4);
    tail.extend_from_slice(b",\"");
    tail.extend_from_slice(offset.as_bytes());
    tail.extend_from_slice(b"\"]");
    Outgoing::text(packet.slice(..open)).with_tail(tail.into())
}

impl ClientTransport for SocketOutlet {
    fn push(&self, frame: Bytes, delivery: DeliveryPolicy) -> Result<(), Disconnected> {
        match delivery {
            DeliveryPolicy::Reliable => self.send(frame, None),
            // It may be replaced by a newer one, and the place where the reader stands must not go with it.
            DeliveryPolicy::ReliableLatest(_) | DeliveryPolicy::Latest(_) | DeliveryPolicy::BestEffort => {
                self.socket.send(Outgoing::text(frame).with_delivery(delivery)).map_err(|_| Disconnected)
            }
        }
    }

    fn push_at(&self, frame: Bytes, track: StreamPosition<'_>) -> Result<(), Disconnected> {
        self.send(frame, Some(track))
    }

    fn place(&self, track: StreamPosition<'_>) {
        if !self.resumes {
            return;
        }
        self.positions.lock().unwrap_or_else(PoisonError::into_inner).note(track);
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
            // The door has let go of the client, which has left or was refused. Its session may still be of use to it.
            CloseCode::Normal => {}
            // The client library does not come back by itself after it was shown out.
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
