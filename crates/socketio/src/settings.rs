//! Settings: timeouts and limits of a Socket.IO server.

use std::time::Duration;

/// How a [`SocketIo`](crate::SocketIo) treats its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketIoSettings {
    /// The sessions below.
    pub engine: engineio::EngineSettings,
    /// How long a client may be in no namespace.
    pub connect_timeout: Duration,
    /// Namespaces that one client may be in.
    pub max_namespaces: usize,
    /// Binary attachments that one packet may have.
    pub max_attachments: usize,
    /// How long the attachments of a packet may take to come.
    pub attachment_timeout: Duration,
    /// Refused requests to enter a namespace after which a session is closed. A client that is in one may ask for as many more
    /// as there may be namespaces.
    pub max_refused_connects: usize,
    /// Packets of a client that is in no namespace; with more the session is closed.
    pub max_early_packets: usize,
}

impl Default for SocketIoSettings {
    /// As the reference server, with limits where it has none.
    fn default() -> Self {
        Self {
            engine: engineio::EngineSettings::default(),
            connect_timeout: Duration::from_secs(45),
            max_namespaces: 16,
            max_attachments: 10,
            attachment_timeout: Duration::from_secs(10),
            max_refused_connects: 5,
            max_early_packets: 64,
        }
    }
}
