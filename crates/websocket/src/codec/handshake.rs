//! Handshake: decides whether a request opens a WebSocket, and what the response says (RFC 6455, sections 4.2.1 and 4.2.2).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use sha1::{Digest, Sha1};

use super::{Deflate, MalformedExtensions};

/// What is hashed behind the key (section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Why a request opens no WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// Not a GET.
    #[error("a WebSocket is opened with GET")]
    Method,
    /// `Upgrade` does not name WebSocket, or `Connection` does not name `Upgrade`.
    #[error("this is not a WebSocket handshake")]
    NoUpgrade,
    /// Another version; answered with 426 and the one that is spoken (section 4.4).
    #[error("only version 13 of WebSocket is spoken")]
    Version,
    /// The key is not sixteen bytes in base64.
    #[error("`Sec-WebSocket-Key` is not sixteen bytes in base64")]
    Key,
    /// The extensions cannot be read.
    #[error(transparent)]
    Extensions(#[from] MalformedExtensions),
}

/// A handshake that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    accept: HeaderValue,
    /// permessage-deflate, if it was offered in a way that can be met.
    pub deflate: Option<Deflate>,
}

impl Handshake {
    /// Reads a request. `may_compress` is whether an offer of permessage-deflate is taken.
    ///
    /// # Errors
    /// [`HandshakeError`].
    pub fn read(method: &Method, headers: &HeaderMap, may_compress: bool) -> Result<Self, HandshakeError> {
        if method != Method::GET {
            return Err(HandshakeError::Method);
        }
        if !names(headers, &UPGRADE, "websocket") || !names(headers, &CONNECTION, "upgrade") {
            return Err(HandshakeError::NoUpgrade);
        }
        if only(headers, &SEC_WEBSOCKET_VERSION).is_none_or(|version| version.as_bytes() != b"13") {
            return Err(HandshakeError::Version);
        }
        let key = only(headers, &SEC_WEBSOCKET_KEY).ok_or(HandshakeError::Key)?;
        let nonce = BASE64_STANDARD.decode(key.as_bytes()).map_err(|_| HandshakeError::Key)?;
        if nonce.len() != 16 {
            return Err(HandshakeError::Key);
        }
        let digest = Sha1::new().chain_update(key.as_bytes()).chain_update(GUID).finalize();
        let accept =
            HeaderValue::try_from(BASE64_STANDARD.encode(digest)).map_err(|_| HandshakeError::Key)?;
        let offered = Deflate::negotiate(headers.get_all(SEC_WEBSOCKET_EXTENSIONS))?;
        Ok(Self { accept, deflate: offered.filter(|_| may_compress) })
    }

    /// The headers of the answer, whose status is 101.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept.clone());
        if let Some(extensions) = self.deflate.and_then(Deflate::header) {
            headers.insert(SEC_WEBSOCKET_EXTENSIONS, extensions);
        }
        headers
    }
}

/// Whether a list has this word in it, in whatever case.
fn names(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| item.trim().eq_ignore_ascii_case(word))
}

/// The value of a header that must come once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}
