//! Upgrade: the TCP connection of a request, which an HTTP server hands over once the response is written.

use std::error::Error;
use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use tokio::net::TcpStream;

/// A connection that is not HTTP any more.
#[derive(Debug)]
pub struct Upgraded {
    /// The connection.
    pub stream: TcpStream,
    /// What the client sent right behind its handshake, and the HTTP server has read.
    pub read_ahead: Bytes,
}

/// Why there is no connection after a handshake that was accepted.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The client was gone before the response was written.
    #[error("the connection ended before the upgrade")]
    Upgrade(#[source] Box<dyn Error + Send + Sync>),
    /// Served over something else than TCP.
    #[error("only TCP connections can be upgraded")]
    NotTcp,
}

type Connecting = Pin<Box<dyn Future<Output = Result<Upgraded, OpenError>> + Send>>;

/// What an HTTP server gives for a request that it can upgrade. Boxed, so that no caller is generic over servers; it lives
/// until the connection is open.
pub struct Upgrade(Connecting);

impl Upgrade {
    /// `connecting` resolves once the response with status 101 is written.
    pub fn new(connecting: impl Future<Output = Result<Upgraded, OpenError>> + Send + 'static) -> Self {
        Self(Box::pin(connecting))
    }

    pub(crate) async fn connection(self) -> Result<Upgraded, OpenError> {
        self.0.await
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgrade")
    }
}
