//! Accept: checks the handshake of a request and opens its connection.

use bytes::BytesMut;
use http::request::Parts;
use http::{Response, StatusCode};

use crate::codec::{Deflate, Handshake, HandshakeError};
use crate::deflate_cache::NegotiatedCompression;
use crate::ping_queue::ping_queue;
use crate::reader::Reader;
use crate::settings::WebSocketSettings;
use crate::upgrade::{OpenError, Upgrade};
use crate::writer::Writer;

/// A WebSocket that opens as soon as its response is written.
#[derive(Debug)]
pub struct PendingUpgrade {
    upgrade: Upgrade,
    settings: WebSocketSettings,
    deflate: Option<Deflate>,
}

/// Checks a handshake. The response has status 101; a caller that agreed on a subprotocol adds its header.
/// [`PendingUpgrade::open`] goes into a task of its own, because it waits until the response is written.
///
/// `upgrade` is missing where the connection is not HTTP/1.1, which alone has upgrades.
///
/// # Errors
/// [`HandshakeError`]; then the request is answered like any other.
pub fn accept(
    request: &Parts,
    upgrade: Option<Upgrade>,
    settings: WebSocketSettings,
) -> Result<(Response<()>, PendingUpgrade), HandshakeError> {
    let handshake =
        Handshake::read(&request.method, &request.headers, settings.deflate_from_bytes.is_some())?;
    let upgrade = upgrade.ok_or(HandshakeError::NoUpgrade)?;
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = handshake.headers();
    Ok((response, PendingUpgrade { upgrade, settings, deflate: handshake.deflate }))
}

impl PendingUpgrade {
    /// Waits for the connection.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(self) -> Result<(Reader, Writer), OpenError> {
        let upgraded = self.upgrade.connection().await?;
        let (read_half, write_half) = upgraded.stream.into_split();
        let (sender, receiver) = ping_queue();
        let read_ahead = BytesMut::from(upgraded.read_ahead);
        let reader = Reader::new(read_half, read_ahead, &self.settings, self.deflate.is_some(), sender);
        let from_bytes = self.settings.deflate_from_bytes.unwrap_or(usize::MAX);
        let compression = NegotiatedCompression { deflate: self.deflate, from_bytes };
        Ok((reader, Writer::new(write_half, compression, receiver)))
    }
}
