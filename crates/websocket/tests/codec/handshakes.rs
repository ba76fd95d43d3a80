//! Opening (RFC 6455, section 4.2).

use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderMap, HeaderName, Method};
use websocket::codec::{Handshake, HandshakeError};

/// The headers of a handshake, with the key of the standard's example.
pub(crate) fn get() -> HeaderMap {
    let headers = [
        (UPGRADE, "websocket"),
        (CONNECTION, "Upgrade"),
        (SEC_WEBSOCKET_VERSION, "13"),
        (SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    headers.into_iter().map(|(name, value)| (name, value.parse().unwrap())).collect()
}

pub(crate) fn shake(headers: &HeaderMap) -> Result<Handshake, HandshakeError> {
    Handshake::read(&Method::GET, headers, true)
}

#[test]
fn the_example_of_the_standard_is_answered_as_there() {
    let answer = shake(&get()).unwrap().headers();
    assert_eq!(answer.get(SEC_WEBSOCKET_ACCEPT).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(answer.get(UPGRADE).unwrap(), "websocket");
    assert_eq!(answer.get(CONNECTION).unwrap(), "Upgrade");
}

fn with(name: HeaderName, value: &str) -> HeaderMap {
    let mut headers = get();
    headers.insert(name, value.parse().unwrap());
    headers
}

#[test]
fn upgrade_and_connection_may_be_lists_in_any_case() {
    for headers in [with(UPGRADE, "h2c, WebSocket"), with(CONNECTION, "keep-alive, upgrade")] {
        assert!(shake(&headers).is_ok());
    }
}

#[test]
fn an_invalid_handshake_is_refused_with_its_reason() {
    assert_eq!(Handshake::read(&Method::POST, &get(), true), Err(HandshakeError::Method));
    for (headers, error) in [
        (with(UPGRADE, "h2c"), HandshakeError::NoUpgrade),
        (with(UPGRADE, "websockets"), HandshakeError::NoUpgrade),
        (with(CONNECTION, "keep-alive"), HandshakeError::NoUpgrade),
        (with(SEC_WEBSOCKET_VERSION, "8"), HandshakeError::Version),
        (with(SEC_WEBSOCKET_VERSION, "13, 8"), HandshakeError::Version),
        (with(SEC_WEBSOCKET_KEY, ""), HandshakeError::Key),
        (with(SEC_WEBSOCKET_KEY, "c2hvcnQ="), HandshakeError::Key),
        (with(SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ"), HandshakeError::Key),
        (with(SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZSE="), HandshakeError::Key),
        (with(SEC_WEBSOCKET_KEY, "not base64 at all!!!!!=="), HandshakeError::Key),
    ] {
        assert_eq!(shake(&headers), Err(error), "{headers:?}");
    }
    for (missing, error) in [
        (UPGRADE, HandshakeError::NoUpgrade),
        (CONNECTION, HandshakeError::NoUpgrade),
        (SEC_WEBSOCKET_VERSION, HandshakeError::Version),
        (SEC_WEBSOCKET_KEY, HandshakeError::Key),
    ] {
        let mut headers = get();
        headers.remove(&missing);
        assert_eq!(shake(&headers), Err(error), "{missing}");
    }
    let mut two_keys = get();
    two_keys.append(SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==".parse().unwrap());
    assert_eq!(shake(&two_keys), Err(HandshakeError::Key));
}
