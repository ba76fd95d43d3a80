//! Settings: what differs from one WebSocket endpoint to another.

use std::time::Duration;

use crate::codec::Limits;

/// What differs from one endpoint to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How much a client may send in one message.
    pub limits: Limits,
    /// How long a message that has begun may keep the reader waiting.
    pub message_timeout: Duration,
    /// permessage-deflate is agreed on when it is offered, and messages from this many bytes on are compressed; `None`: it
    /// is not agreed on.
    pub deflate_from_bytes: Option<usize>,
}
