//! Link state: the state that the reading and the writing half of a connection share, in one allocation.

use std::sync::Mutex;
use std::task::Waker;

use bytes::Bytes;
use tokio::time::Instant;

/// Pings that are not answered yet.
#[derive(Debug, Default)]
pub(crate) struct UnansweredPings {
    /// Few; the oldest is first.
    pub(crate) payloads: Vec<Bytes>,
    pub(crate) writer: Option<Waker>,
}

/// What both halves know of the client.
#[derive(Debug, Default)]
pub(crate) struct LinkState {
    pub(crate) pings: Mutex<UnansweredPings>,
    /// When the client last made room in a socket that was full.
    pub(crate) taken_at: Mutex<Option<Instant>>,
}
