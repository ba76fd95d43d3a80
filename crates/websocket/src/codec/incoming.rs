//! Incoming: messages and control frames of a client, and the limits of a message.

use bytes::Bytes;

use super::{CloseFrame, Utf8Text};

/// How much one message may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a message, after inflating.
    pub message_bytes: usize,
    /// Frames that a message may come in.
    pub fragments: u32,
}

/// A message or a control frame of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A text message.
    Text(Utf8Text),
    /// A binary message.
    Binary(Bytes),
    /// A ping; its payload goes back in a pong.
    Ping(Bytes),
    /// A pong.
    Pong(Bytes),
    /// The end. Nothing after it counts.
    Close(Option<CloseFrame>),
}

/// What a frame costs beside its bytes, so that empty ones are not free.
const FRAME_COST: usize = 64;

impl Incoming {
    /// Bytes that it counts for, after inflating.
    pub fn cost(&self) -> usize {
        let bytes = match self {
            Self::Text(text) => text.as_str().len(),
            Self::Binary(data) | Self::Ping(data) | Self::Pong(data) => data.len(),
            Self::Close(_) => 0,
        };
        bytes + FRAME_COST
    }
}
