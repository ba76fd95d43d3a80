//! Out frame: a frame that a server sends. Its payload is shared, not copied.

use bytes::Bytes;

use super::{EncodedHeader, Kind, Opcode, close_frame};

/// Pieces that a payload may be put together from.
const PIECES: usize = 3;

/// A whole frame. Its payload comes in up to three pieces that are written one after another, so that many frames can
/// share a piece and differ in another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutFrame {
    opcode: Opcode,
    compressed: bool,
    pieces: [Bytes; PIECES],
}

impl OutFrame {
    /// A text message. The caller knows that it is UTF-8.
    pub fn text(payload: Bytes) -> Self {
        Self::message(Kind::Text, [payload, Bytes::new(), Bytes::new()])
    }

    /// A binary message.
    pub fn binary(payload: Bytes) -> Self {
        Self::message(Kind::Binary, [payload, Bytes::new(), Bytes::new()])
    }

    /// A message in pieces; those that are not needed are empty.
    pub fn message(kind: Kind, pieces: [Bytes; PIECES]) -> Self {
        Self { opcode: kind.into(), compressed: false, pieces }
    }

    /// A message that was compressed with [`deflate`](super::deflate). Only for clients that negotiated it, with a window that
    /// is not smaller.
    pub fn deflated(kind: Kind, payload: Bytes) -> Self {
        Self { opcode: kind.into(), compressed: true, pieces: [payload, Bytes::new(), Bytes::new()] }
    }

    /// A ping; at most 125 bytes, what is more is cut off.
    pub fn ping(payload: Bytes) -> Self {
        Self::control(Opcode::Ping, payload)
    }

    /// The answer to a ping, with its payload.
    pub fn pong(payload: Bytes) -> Self {
        Self::control(Opcode::Pong, payload)
    }

    /// A close frame. 1005 is "no code" (RFC 6455, section 7.4.1) and writes none; a long reason loses its end.
    pub fn close(code: u16, reason: &str) -> Self {
        let payload = if code == 1005 { Bytes::new() } else { close_frame::payload(code, reason) };
        Self::control(Opcode::Close, payload)
    }

    fn control(opcode: Opcode, mut payload: Bytes) -> Self {
        payload.truncate(125);
        Self { opcode, compressed: false, pieces: [payload, Bytes::new(), Bytes::new()] }
    }

    /// The bytes before the payload.
    pub fn header(&self) -> EncodedHeader {
        EncodedHeader::new(self.opcode, self.compressed, self.payload_bytes())
    }

    /// The payload, in order.
    pub fn pieces(&self) -> &[Bytes] {
        &self.pieces
    }

    /// The length of the payload.
    pub fn payload_bytes(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }

    /// Which message this is, if it is one that could still be compressed.
    pub fn compressible(&self) -> Option<Kind> {
        match self.opcode {
            Opcode::Text if !self.compressed => Some(Kind::Text),
            Opcode::Binary if !self.compressed => Some(Kind::Binary),
            _ => None,
        }
    }
}
