//! Settings: how an Engine.IO server treats its sessions.

use std::time::Duration;

use websocket::MESSAGE_TIMEOUT;

/// How an [`EngineIo`](crate::EngineIo) treats its sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How often a client is pinged.
    pub ping_interval: Duration,
    /// How long the answer to a ping may take.
    pub ping_timeout: Duration,
    /// How long a WebSocket may take to open, and a client to finish an upgrade.
    pub upgrade_timeout: Duration,
    /// How long a client may take to fetch what is left after the server closed.
    pub close_timeout: Duration,
    /// How long a message that has begun may be waited for on a WebSocket.
    pub message_timeout: Duration,
    /// Bytes of a message, and of a polling payload. The session of who sends more is closed.
    pub max_payload: usize,
    /// The same as long as the application has not let the client in.
    pub early_payload: usize,
    /// Bytes that may wait for one client before it is let go.
    pub send_queue_bytes: usize,
    /// Bytes that one client may have sent and the application has not taken up. More is not read until it has.
    pub receive_queue_bytes: usize,
    /// Packets that say nothing, and pings and pongs of the WebSocket below, that a client may send between two pings of the
    /// server. The session of who sends more is closed.
    pub idle_packets: u32,
    /// Sessions at a time. Who comes later is told to try again.
    pub max_sessions: usize,
    /// permessage-deflate compresses messages from this many bytes on, where a client offers it; `None`: never.
    pub deflate_from_bytes: Option<usize>,
}

impl Default for Settings {
    /// What the reference server does, and limits where it has none.
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(5),
            message_timeout: MESSAGE_TIMEOUT,
            max_payload: 1_000_000,
            early_payload: 1_000_000,
            send_queue_bytes: 1024 * 1024,
            receive_queue_bytes: 64 * 1024,
            idle_packets: 1_000,
            max_sessions: 100_000,
            deflate_from_bytes: Some(1024),
        }
    }
}
