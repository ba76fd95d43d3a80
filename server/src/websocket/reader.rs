//! The reading half: what the client says, one thing at a time.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use tokio::net::tcp::OwnedReadHalf;
use tokio::time::timeout;
use wire::websocket::{Decoder, Incoming, Limits, Violation};

use super::pongs::Asked;

/// Room made for a read when nothing is known about what comes: most messages fit.
const READ_BYTES: usize = 4 * 1024;

/// Room at most, for the rest of a long message.
const LONG_READ_BYTES: usize = 64 * 1024;

/// Why nothing more is heard.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// The connection ended without a close frame.
    #[error("the connection was lost")]
    Lost,
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] io::Error),
    /// The client broke the rules and is to be told so: see [`Violation::close_code`].
    #[error(transparent)]
    Violation(#[from] Violation),
}

/// Reads messages and control frames.
pub struct Reader {
    half: OwnedReadHalf,
    buffer: BytesMut,
    decoder: Decoder,
    asked: Asked,
}

impl Reader {
    pub(super) fn new(
        half: OwnedReadHalf,
        early: BytesMut,
        limits: Limits,
        may_compress: bool,
        asked: Asked,
    ) -> Self {
        Self { half, buffer: early, decoder: Decoder::new(limits, may_compress), asked }
    }

    /// The next thing that the client says. May be dropped and called again; nothing is lost. A ping is handed to the
    /// [`Writer`](super::Writer) by itself; it is answered here only so that the caller knows the client is alive.
    ///
    /// # Errors
    /// [`Ended`]. A close frame is no error: it is the last thing said.
    pub async fn next(&mut self) -> Result<Incoming, Ended> {
        loop {
            if let Some(said) = self.decoder.decode(&mut self.buffer)? {
                if let Incoming::Ping(payload) = &said {
                    self.asked.push(payload.clone());
                }
                return Ok(said);
            }
            self.read().await?;
        }
    }

    /// Throws away what still comes until the client hangs up, but not for longer than `patience`. To be called when
    /// the close frame is written: a socket that is dropped with something unread is reset, and the client may never
    /// see why (RFC 6455, section 7.1.1; RFC 9112, section 9.6).
    pub async fn drain(mut self, patience: Duration) {
        let drained = timeout(patience, async {
            loop {
                self.buffer.clear();
                if self.read().await.is_err() {
                    return;
                }
            }
        });
        if drained.await.is_err() {
            tracing::debug!("A client did not hang up after the close");
        }
    }

    /// Reads at least one byte. While there is none, there is no buffer either.
    async fn read(&mut self) -> Result<(), Ended> {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
        loop {
            self.half.readable().await.map_err(Ended::Broken)?;
            let missing = usize::try_from(self.decoder.missing_bytes()).unwrap_or(usize::MAX);
            self.buffer.reserve(missing.clamp(READ_BYTES, LONG_READ_BYTES));
            match self.half.try_read_buf(&mut self.buffer) {
                Ok(0) => return Err(Ended::Lost),
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.buffer.is_empty() {
                        self.buffer = BytesMut::new();
                    }
                }
                Err(error) => return Err(Ended::Broken(error)),
            }
        }
    }
}
