//! Headers: the handshake of a WebSocket, proofs of identity, where a request comes from.

use std::net::IpAddr;

use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN, SEC_WEBSOCKET_EXTENSIONS};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use server::auth::Proxies;
use server::auth::carriers::bearer;
use server::auth::client_ip::ClientIp;
use server::auth::cookies::{PLAIN_COOKIE, cookies};
use server::auth::origin::{Origin, Origins, may_use_cookie};
use websocket::codec::Handshake;

use crate::text::split_line;

/// Each line is a header; others are passed over.
fn headers(input: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let Some((name, value)) = line.split_at_checked(colon) else { continue };
        let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    headers
}

pub(crate) fn handshake(input: &[u8]) {
    read_handshake(&headers(input));
}

fn read_handshake(headers: &HeaderMap) {
    assert!(Handshake::read(&Method::POST, headers, true).is_err(), "a WebSocket is opened with GET");
    let Ok(handshake) = Handshake::read(&Method::GET, headers, true) else { return };
    let plain = Handshake::read(&Method::GET, headers, false);
    assert!(plain.is_ok_and(|plain| plain.deflate.is_none()), "compression is our choice, too");
    let answer = handshake.headers();
    assert_eq!(answer.contains_key(SEC_WEBSOCKET_EXTENSIONS), handshake.deflate.is_some());
    let Some(deflate) = handshake.deflate else { return };
    assert!((9..=15).contains(&deflate.window_bits), "a window that we can compress for");
    let mut again = headers.clone();
    again.remove(SEC_WEBSOCKET_EXTENSIONS);
    for value in answer.get_all(SEC_WEBSOCKET_EXTENSIONS) {
        again.append(SEC_WEBSOCKET_EXTENSIONS, value.clone());
    }
    let agreed = Handshake::read(&Method::GET, &again, true).map(|it| it.deflate);
    assert_eq!(agreed, Ok(Some(deflate)), "what is agreed on can be offered");
}

/// Each line is a value of the header in a handshake that is good.
pub(crate) fn extensions(input: &[u8]) {
    let mut headers = headers(
        b"Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\n\
          Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==",
    );
    for value in input.split(|byte| *byte == b'\n').filter_map(|it| HeaderValue::from_bytes(it).ok()) {
        headers.append(SEC_WEBSOCKET_EXTENSIONS, value);
    }
    read_handshake(&headers);
}

pub(crate) fn credentials(input: &[u8]) {
    let headers = headers(input);
    let written = |name: HeaderName, part: &str| {
        headers.get_all(name).iter().filter_map(|it| it.to_str().ok()).any(|value| value.contains(part))
    };
    match bearer(headers.get(AUTHORIZATION)) {
        Ok(Some(token)) => assert!(token == token.trim() && written(AUTHORIZATION, token)),
        Ok(None) => assert!(!headers.contains_key(AUTHORIZATION)),
        Err(_) => assert!(headers.contains_key(AUTHORIZATION), "nothing is not wrong"),
    }
    for value in cookies(&headers, PLAIN_COOKIE) {
        assert!(written(COOKIE, value) && written(COOKIE, PLAIN_COOKIE));
    }
    assert!(may_use_cookie(&Method::GET, &headers), "reading is harmless");
    if may_use_cookie(&Method::POST, &headers) {
        assert!(headers.contains_key("sec-fetch-site") || headers.contains_key(ORIGIN));
    }
}

/// The first line is the peer's address, the second names our proxies, each other is a header.
pub(crate) fn address(input: &[u8]) {
    let Some(text) = crate::text::of(input) else { return };
    let (peer, rest) = split_line(text);
    let (list, lines) = split_line(rest);
    let (Ok(peer), Ok(proxies)) = (peer.parse::<IpAddr>(), Proxies::parse(list)) else { return };
    let mut headers = HeaderMap::new();
    for value in lines.lines().filter_map(|line| HeaderValue::from_str(line).ok()) {
        headers.append("x-forwarded-for", value);
    }
    let ClientIp(seen) = ClientIp::behind(peer, &headers, &proxies);
    let alone = ClientIp::behind(peer, &HeaderMap::new(), &proxies).0;
    if proxies.has(peer) {
        let named = lines.lines().flat_map(|line| line.split(',')).filter_map(|it| it.trim().parse().ok());
        let mut known = named.map(|it| ClientIp::behind(it, &HeaderMap::new(), &proxies).0);
        assert!(seen == alone || known.any(|it| it == seen), "it is the machine or one that was named");
    } else {
        assert_eq!(seen, alone, "a stranger's word does not count");
    }
    if let IpAddr::V6(seen) = seen {
        assert!(seen.to_ipv4_mapped().is_none() && seen.octets().ends_with(&[0; 8]), "one customer");
    }
}

pub(crate) fn proxies(input: &[u8]) {
    let Some(text) = crate::text::of(input) else { return };
    let parts = || text.split(',').map(str::trim).filter(|it| !it.is_empty());
    match Proxies::parse(text) {
        Ok(proxies) => {
            for own in parts().map(|it| it.split('/').next().unwrap_or_default()) {
                let own = own.parse::<IpAddr>();
                assert!(own.is_ok_and(|own| proxies.has(own)), "what is named is believed");
            }
        }
        Err(bad) => assert!(parts().any(|it| it == bad), "the bad part is named"),
    }
}

/// The first line is an origin that may come, the second one that comes, the third the host that it comes to.
pub(crate) fn origin(input: &[u8]) {
    let Some(text) = crate::text::of(input) else { return };
    let (named, rest) = split_line(text);
    let (coming, host) = split_line(rest);
    let Some(origin) = Origin::parse(named) else { return };
    let normal = origin.to_string();
    assert_eq!(Origin::parse(&normal).as_ref(), Some(&origin), "what is normal stays so");
    let mut headers = HeaderMap::new();
    let (Ok(own), Ok(host)) = (HeaderValue::from_str(&normal), HeaderValue::from_str(host)) else { return };
    headers.insert(ORIGIN, own);
    headers.insert(HOST, host);
    let Ok(one) = Origins::parse(&normal) else { return };
    assert!(one.may_connect(&headers), "who is named may come");
    let Ok(coming) = HeaderValue::from_str(coming) else { return };
    headers.insert(ORIGIN, coming.clone());
    let is_named = coming.to_str().is_ok_and(|it| Origin::parse(it) == Some(origin));
    assert_eq!(one.is_named(&coming), is_named);
    assert_eq!(one.may_connect(&headers), is_named || Origins::default().may_connect(&headers));
}
