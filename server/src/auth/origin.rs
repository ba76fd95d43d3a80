//! Which web page a request comes from, and whether it may act with the visitor's cookie.

use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::{Authority, Scheme};
use axum::http::{HeaderMap, HeaderValue, Method, Uri};

/// Browser origins besides our own that may use REST and open sockets.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    named: Vec<String>,
}

impl Origins {
    /// Takes origins that [`parse_origin`] has seen.
    pub fn new(named: Vec<String>) -> Self {
        Self { named }
    }

    /// For the CORS layer.
    pub fn header_values(&self) -> Vec<HeaderValue> {
        self.named.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect()
    }

    /// Whether a socket may be opened: by a program (no `Origin` at all), by our own pages, or by a named origin. Browsers
    /// do not apply CORS to sockets, so the server has to look (RFC 6455, section 10.2).
    pub fn may_connect(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(ORIGIN) else {
            return true;
        };
        let Ok(origin) = origin.to_str() else { return false };
        is_own(origin, headers) || self.named.iter().any(|named| named.eq_ignore_ascii_case(origin))
    }
}

/// Whether a request that carries the cookie was made by one of our own pages. Reading is harmless: another site cannot
/// see the answer. `SameSite=Lax` already keeps the cookie at home; this covers sibling subdomains and old browsers.
pub fn may_use_cookie(method: &Method, headers: &HeaderMap) -> bool {
    if matches!(*method, Method::GET | Method::HEAD) {
        return true;
    }
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        Some(site) => site == b"same-origin" || site == b"none",
        None => {
            headers.get(ORIGIN).and_then(|it| it.to_str().ok()).is_some_and(|origin| is_own(origin, headers))
        }
    }
}

/// Compares with `Host`. The scheme cannot be compared: a proxy in front speaks TLS, we do not.
fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|it| it.to_str().ok());
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    matches!((authority, host), (Some(authority), Some(host)) if authority.eq_ignore_ascii_case(host))
}

/// Checks and normalises one allowed origin: scheme, host, perhaps a port, nothing else.
pub fn parse_origin(raw: &str) -> Option<String> {
    let uri: Uri = raw.parse().ok()?;
    let scheme = uri.scheme().filter(|it| **it == Scheme::HTTP || **it == Scheme::HTTPS)?;
    let authority = uri.authority().map(Authority::as_str).filter(|it| !it.contains(['@', '*']))?;
    let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
    bare.then(|| format!("{scheme}://{}", authority.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        assert_eq!(parse_origin("https://Chat.example.org/").as_deref(), Some("https://chat.example.org"));
        assert_eq!(parse_origin("http://localhost:5173").as_deref(), Some("http://localhost:5173"));
        for bad in
            ["*", "chat.example.org", "ftp://x", "https://x/path", "https://*.example.org", "https://a@b", ""]
        {
            assert_eq!(parse_origin(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_socket_is_for_programs_our_pages_and_named_origins() {
        let origins = Origins::new(vec!["https://friend.example".to_owned()]);
        assert!(origins.may_connect(&headers(&[("host", "hub.example")])));
        assert!(origins.may_connect(&headers(&[("host", "hub.example"), ("origin", "https://hub.example")])));
        assert!(
            origins.may_connect(&headers(&[("host", "hub.example"), ("origin", "https://friend.example")]))
        );
        for stranger in
            ["https://evil.example", "null", "https://hub.example.evil.example", "http://hub.example:81"]
        {
            assert!(
                !origins.may_connect(&headers(&[("host", "hub.example"), ("origin", stranger)])),
                "{stranger}"
            );
        }
    }

    #[test]
    fn the_cookie_works_only_from_our_own_pages() {
        let own = |pairs: &[(&'static str, &str)]| may_use_cookie(&Method::POST, &headers(pairs));
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        assert!(own(&[("host", "hub.example"), ("origin", "https://hub.example")]));
        assert!(!own(&[
            ("sec-fetch-site", "same-site"),
            ("host", "a.example"),
            ("origin", "https://a.example")
        ]));
        assert!(!own(&[("sec-fetch-site", "cross-site")]));
        assert!(!own(&[("host", "hub.example"), ("origin", "https://evil.example")]));
        assert!(!own(&[("host", "hub.example")]));
        assert!(may_use_cookie(&Method::GET, &headers(&[("sec-fetch-site", "cross-site")])));
    }
}
