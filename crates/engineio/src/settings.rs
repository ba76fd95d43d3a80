//! Settings: timeouts and limits of an Engine.IO server.

use std::time::Duration;

use websocket::MESSAGE_TIMEOUT;

/// How an [`EngineIo`](crate::EngineIo) treats its sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineSettings {
    /// How often a client is pinged.
    pub ping_interval: Duration,
    /// How long the answer to a ping may take.
    pub ping_timeout: Duration,
    /// How long a WebSocket may take to open, and a client to finish an upgrade.
    pub upgrade_timeout: Duration,
    /// How long a client may take to fetch the rest after the server closed.
    pub close_timeout: Duration,
    /// How long a message may take on a WebSocket after it has begun.
    pub message_timeout: Duration,
    /// Bytes of a message, and of a polling payload. The session of a client that sends more is closed.
    pub max_payload: usize,
    /// The same until the application has admitted the client.
    pub early_payload: usize,
    /// Bytes that may wait for one client before it is closed as a slow consumer.
    pub send_queue_bytes: usize,
    /// Bytes that one client may have sent and the application has not taken. More is not read until it has.
    pub receive_queue_bytes: usize,
    /// Packets without content, and pings and pongs of the WebSocket below, that a client may send between two pings of the
    /// server. The session of a client that sends more is closed.
    pub idle_packets: u32,
    /// Sessions at a time. Further clients are answered to try again.
    pub max_sessions: usize,
    /// permessage-deflate compresses messages from this many bytes on, where a client offers it; `None`: never.
    pub deflate_from_bytes: Option<usize>,
}

impl Default for EngineSettings {
    /// As the reference server, with limits where it has none.
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
