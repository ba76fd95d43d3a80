//! Dialects of raw sockets: a decoder, an encoder, and what a gateway has to know of both.

use hub::Encoder;
use protocol::RoomId;

use super::Decoded;
use super::size;

/// What a socket is for, by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Whatever its frames name.
    Anything,
    /// One room.
    Room(RoomId),
    /// The inbox of its user.
    Inbox,
}

/// A dialect of raw sockets. It knows no socket and keeps no state.
#[derive(Debug)]
pub struct Dialect {
    /// For logs.
    pub name: &'static str,
    /// Encodes events.
    pub encoder: Encoder,
    /// Decodes a frame of a socket with this scope.
    ///
    /// # Errors
    /// What is wrong with it, with the room and the draft that it names, where they can be read.
    pub decode: fn(&str, &Scope) -> Decoded,
    /// The types of frames that carry a text or values of the application. All others are small.
    pub carriers: &'static [&'static str],
    /// Whether a socket may come without a token and send it in its first frame.
    pub takes_first_frame: bool,
    /// Whether a client may keep a cursor of its inbox and send it when it connects.
    pub has_inbox_cursor: bool,
}

impl Dialect {
    /// How many bytes a frame may have, by the type that it begins with. One that names its type later may have what the
    /// largest may. `message_bytes`: how long a text may be.
    pub fn most_bytes(&self, frame: &str, message_bytes: usize) -> usize {
        size::most_bytes(size::first_type(frame), self.carriers, message_bytes)
    }
}
