//! Settings: limits, timeout and compression of a WebSocket endpoint.

use std::time::Duration;

use crate::codec::Limits;

/// The settings of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebSocketSettings {
    /// How much a client may send in one message.
    pub limits: Limits,
    /// How long a message that has begun may keep the reader waiting.
    pub message_timeout: Duration,
    /// permessage-deflate is agreed on when it is offered, and messages from this many bytes on are compressed; `None`: it
    /// is not agreed on.
    pub deflate_from_bytes: Option<usize>,
}
