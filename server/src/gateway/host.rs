//! A request of HTTP/1.1 names the host that it is for, once (RFC 9112, section 3.2). What is decided by the name, such as
//! which origins are our own, would otherwise be decided by nothing.

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;

/// Refuses what does not.
pub(crate) async fn required(request: Request, next: Next) -> Response {
    if request.version() == Version::HTTP_11 {
        let mut named = request.headers().get_all(HOST).iter();
        let is_named = named.next().is_some_and(is_host) && named.next().is_none();
        if !is_named {
            return ApiError::BadHost.into_response();
        }
    }
    next.run(request).await
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
}
