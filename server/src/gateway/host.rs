//! Host: checks that a request of HTTP/1.1 names the host that it is for, once (RFC 9112, section 3.2), because which origins
//! are our own is decided by that name.
//!
//! A development server that listens on this machine only answers to names of this machine only: a page whose own name leads
//! here is of our own origin for the browser (DNS rebinding), and some addresses of a development server need no token.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::config::{Config, ListenAddress};
use crate::error::ApiError;

/// The address of the listener that took a connection. An extension of its requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListensAt(pub(crate) SocketAddr);

/// Rejects requests without one, and in development requests for another host.
pub(crate) async fn required(State(config): State<Arc<Config>>, request: Request, next: Next) -> Response {
    if request.version() == Version::HTTP_11 {
        let mut named = request.headers().get_all(HOST).iter();
        let is_named = named.next().is_some_and(is_host) && named.next().is_none();
        if !is_named {
            return ApiError::BadHost.into_response();
        }
    }
    if is_foreign(&request, &config) {
        return ApiError::ForeignHost.into_response();
    }
    next.run(request).await
}

fn is_foreign(request: &Request, config: &Config) -> bool {
    let at = request.extensions().get::<ListensAt>();
    if !config.is_development() || !at.is_some_and(|ListensAt(at)| at.ip().to_canonical().is_loopback()) {
        return false;
    }
    let headers = request.headers().get_all(HOST).iter();
    let mut named = headers.map(|value| value.to_str().ok().and_then(|it| it.parse::<Authority>().ok()));
    let first_line = request.uri().authority();
    !named.all(|named| named.is_some_and(|it| is_of_this_machine(it.host(), &config.listen)))
        || first_line.is_some_and(|it| !is_of_this_machine(it.host(), &config.listen))
}

/// Whether a host, in brackets where it is an IPv6 address, is this machine for itself, or was named in the settings.
fn is_of_this_machine(host: &str, listen: &[ListenAddress]) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return address.to_canonical().is_loopback();
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    // RFC 6761, section 6.3.
    name == "localhost"
        || name.ends_with(".localhost")
        || listen.iter().any(|address| address.name.as_deref() == Some(name.as_str()))
}

fn is_host(value: &HeaderValue) -> bool {
    let host = value.to_str().unwrap_or_default();
    !host.contains('@') && host.parse::<Authority>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for (host, is) in [
            ("chat.example.org", true),
            ("my_host:8080", true),
            ("127.0.0.1:3000", true),
            ("[::1]:3000", true),
            ("", false),
            ("a b", false),
            ("me@chat.example.org", false),
            ("chat.example.org/path", false),
        ] {
            assert_eq!(is_host(&HeaderValue::from_static(host)), is, "{host}");
        }
    }

    #[test]
    fn local_names_are_the_reserved_ones_and_those_of_the_settings() {
        let listen = [ListenAddress { name: Some("hub.test".to_owned()), addresses: Vec::new() }];
        for own in [
            "localhost",
            "a.b.LocalHost.",
            "127.0.0.1",
            "127.1.2.3",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "Hub.test",
        ] {
            assert!(is_of_this_machine(own, &listen), "{own}");
        }
        for foreign in [
            "hub.test.evil.example",
            "evil.hub.test",
            "10.0.0.1",
            "0.0.0.0",
            "[::]",
            "127.0.0.1.evil.example",
            "",
        ] {
            assert!(!is_of_this_machine(foreign, &listen), "{foreign}");
        }
    }
}
