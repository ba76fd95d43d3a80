//! Transport: the trait by which the hub sends frames to a connection. Gateways implement it.

use std::pin::Pin;

use bytes::Bytes;
use protocol::{CloseCode, Cursor, RoomId};
use send_queue::DeliveryPolicy;

/// The client has disconnected, or was disconnected because it is too slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disconnected;

/// The position of a client in a stream that can be recovered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamPosition<'a> {
    /// In a room, at its last message and its last change.
    Room(&'a RoomId, Cursor, u64),
    /// In a room, at a message. The last change is as it was.
    Message(&'a RoomId, Cursor),
    /// In a room, at a change of a message. The last message is as it was.
    Change(&'a RoomId, u64),
    /// The client is not subscribed to this room any more.
    Left(&'a RoomId),
    /// In the user's inbox, at this number.
    Inbox(u64),
}

/// What a [`ClientTransport`] answers with, sooner or later.
pub type TransportFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Takes frames for one client. The hub knows nothing else of a connection.
pub trait ClientTransport: Send + Sync + 'static {
    /// Takes a frame without waiting.
    ///
    /// # Errors
    /// [`Disconnected`] when the client has disconnected, or has just been disconnected because it is too slow.
    fn push(&self, frame: Bytes, delivery: DeliveryPolicy) -> Result<(), Disconnected>;

    /// Takes a frame that must arrive, which moves the client to the position `position`.
    ///
    /// # Errors
    /// As [`ClientTransport::push`].
    fn push_at(&self, frame: Bytes, position: StreamPosition<'_>) -> Result<(), Disconnected> {
        self.place(position);
        self.push(frame, DeliveryPolicy::Reliable)
    }

    /// Moves the client to a position without a frame. For gateways that keep account of positions.
    fn place(&self, _: StreamPosition<'_>) {}

    /// Resolves when the client keeps up with what was pushed, or when the connection is to end. A sender of many frames
    /// waits for it before each portion: then the portions leave room for answers to the client's own commands.
    fn keeps_up(&self) -> TransportFuture<'_, ()>;

    /// Asks the client to prove that it received everything pushed before this call, and resolves when it has. The request
    /// leaves right behind the last frame pushed. At most one may be under way.
    ///
    /// # Errors
    /// [`Disconnected`] when the connection ended before, which proves nothing.
    fn receipt(&self) -> TransportFuture<'static, Result<(), Disconnected>>;

    /// Ends the connection after what was pushed before, with this code. Only the first call counts.
    fn close(&self, code: CloseCode);
}
