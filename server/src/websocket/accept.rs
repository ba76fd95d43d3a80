//! The handshake, and the connection that it leaves behind.

use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use bytes::BytesMut;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::net::TcpStream;
use wire::websocket::{Deflate, Handshake, HandshakeError, Limits};

use super::pongs::pongs;
use super::shrink::Agreed;
use super::{Reader, Writer};
use crate::http_timeouts::TimeoutStream;

/// What differs from door to door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How much a client may send in one message.
    pub limits: Limits,
    /// How long a message that has begun may be waited for.
    pub unfinished: Duration,
    /// permessage-deflate is agreed on when it is offered, and messages from this many bytes on are compressed; `None`: it
    /// is not agreed on.
    pub deflate_from_bytes: Option<usize>,
}

/// Why there is no connection after a handshake that was accepted.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The client was gone before the answer was written.
    #[error("the connection ended before the upgrade")]
    Upgrade(#[source] hyper::Error),
    /// Served over something else than TCP.
    #[error("only TCP connections can be upgraded")]
    NotTcp,
}

/// A WebSocket that opens as soon as its answer is written.
#[derive(Debug)]
pub struct Pending {
    upgrade: OnUpgrade,
    settings: Settings,
    deflate: Option<Deflate>,
}

/// Checks a handshake and takes the connection out of the request. The answer has status 101; a caller that agreed on a
/// subprotocol adds its header. [`Pending::open`] goes into a task of its own, for it waits until the answer is written.
///
/// # Errors
/// [`HandshakeError`]; then nothing was taken and the request is answered like any other.
pub fn accept(request: &mut Parts, settings: Settings) -> Result<(Response<Body>, Pending), HandshakeError> {
    let handshake =
        Handshake::read(&request.method, &request.headers, settings.deflate_from_bytes.is_some())?;
    // Missing where the connection is not HTTP/1.1, which has no upgrades.
    let upgrade = request.extensions.remove::<OnUpgrade>().ok_or(HandshakeError::NoUpgrade)?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = handshake.headers();
    Ok((response, Pending { upgrade, settings, deflate: handshake.deflate }))
}

impl Pending {
    /// Waits for the connection.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(self) -> Result<(Reader, Writer), OpenError> {
        let upgraded = self.upgrade.await.map_err(OpenError::Upgrade)?;
        // What was sent right behind the handshake comes along.
        let (stream, early) = match downcast::<TokioIo<TimeoutStream>>(upgraded) {
            Ok(parts) => (parts.io.into_inner().into_inner(), parts.read_buf),
            Err(upgraded) => {
                let parts = downcast::<TokioIo<TcpStream>>(upgraded).map_err(|_| OpenError::NotTcp)?;
                (parts.io.into_inner(), parts.read_buf)
            }
        };
        let (read_half, write_half) = stream.into_split();
        let (asked, due) = pongs();
        let reader =
            Reader::new(read_half, BytesMut::from(early), &self.settings, self.deflate.is_some(), asked);
        let from_bytes = self.settings.deflate_from_bytes.unwrap_or(usize::MAX);
        let agreed = Agreed { deflate: self.deflate, from_bytes };
        let writer = Writer::new(write_half, agreed, due);
        Ok((reader, writer))
    }
}
