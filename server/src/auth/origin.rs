//! Origins: which web page a request comes from, and whether it may act with the visitor's cookie.

use std::fmt;
use std::net::Ipv6Addr;

use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method};

/// A web origin (RFC 6454, section 4), as a browser or an app names it in `Origin`. Two are equal when scheme, host and
/// effective port are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `null`: a page opened as a file, in a sandboxed frame, or from a `data:` address. Which one cannot be known.
    Null,
    /// Scheme, host and port.
    Tuple {
        /// In small letters.
        scheme: Box<str>,
        /// In small letters; empty for `file://` alone.
        host: Box<str>,
        /// The one that is named, else the default of the scheme, if it has one.
        port: Option<u16>,
    },
}

impl Origin {
    /// Reads one origin: a scheme, a host, perhaps a port, nothing else; or `null`.
    pub fn parse(raw: &str) -> Option<Self> {
        if raw == "null" {
            return Some(Self::Null);
        }
        let (scheme, rest) = raw.split_once("://")?;
        let is_scheme = scheme.starts_with(|it: char| it.is_ascii_alphabetic())
            && scheme.bytes().all(|it| it.is_ascii_alphanumeric() || b"+-.".contains(&it));
        if !is_scheme {
            return None;
        }
        let scheme = scheme.to_ascii_lowercase();
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        // What older web views send for pages of the app itself.
        if rest.is_empty() && scheme == "file" {
            return Some(Self::Tuple { scheme: scheme.into(), host: Box::default(), port: None });
        }
        let (host, port) = host_and_port(rest)?;
        let port = port.or_else(|| default_port(&scheme));
        Some(Self::Tuple { scheme: scheme.into(), host: host.into(), port })
    }

    /// Whether it is this server's own, which calls itself so in `Host`. The scheme is not known: a proxy in front may speak
    /// TLS, and some libraries name the scheme of the socket. A port that `Host` leaves out is the default of the scheme.
    fn is_of(&self, own: &str) -> bool {
        let Self::Tuple { scheme, host, port } = self else { return false };
        if !matches!(&**scheme, "http" | "https" | "ws" | "wss") {
            return false;
        }
        host_and_port(own).is_some_and(|(own_host, own_port)| {
            own_host == **host && own_port.or_else(|| default_port(scheme)) == *port
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Tuple { scheme, host, port } => {
                write!(f, "{scheme}://{host}")?;
                match port.filter(|_| *port != default_port(scheme)) {
                    Some(port) => write!(f, ":{port}"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// A host in small letters and the port after it, if there is one.
fn host_and_port(authority: &str) -> Option<(String, Option<u16>)> {
    let parsed: Authority = authority.parse().ok()?;
    let host = parsed.host().to_ascii_lowercase();
    // The parser takes more than a host can have, such as a comma, which separates the origins of a list, or brackets after
    // other characters.
    let address = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let is_name = |it: &str| it.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    let is_host = address.map_or_else(|| is_name(&host), |it| it.parse::<Ipv6Addr>().is_ok());
    let is_bare = !authority.contains('@') && !host.is_empty() && is_host;
    // A port that is none, such as one beyond 65535, must not pass for one that was left out.
    let has_port = authority.len() > host.len();
    let port = parsed.port_u16();
    (is_bare && has_port == port.is_some()).then_some((host, port))
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

/// Browser origins besides our own that may use REST and open sockets.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    named: Vec<Origin>,
}

impl Origins {
    /// Reads a list with commas.
    ///
    /// # Errors
    /// The part that is no origin.
    pub fn parse(list: &str) -> Result<Self, &str> {
        let parts = list.split(',').map(str::trim).filter(|part| !part.is_empty());
        let named = parts.map(|part| Origin::parse(part).ok_or(part)).collect::<Result<_, _>>()?;
        Ok(Self { named })
    }

    /// Whether an `Origin` header holds one of them.
    pub fn is_named(&self, header: &HeaderValue) -> bool {
        read(header).is_some_and(|origin| self.named.contains(&origin))
    }

    /// Whether a socket may be opened: by a program (no `Origin` at all), by our own pages, or by a named origin. Browsers
    /// do not apply CORS to sockets, so the server has to check (RFC 6455, section 10.2).
    pub fn may_connect(&self, headers: &HeaderMap) -> bool {
        headers.get(ORIGIN).is_none_or(|origin| is_own(origin, headers) || self.is_named(origin))
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
        None => headers.get(ORIGIN).is_some_and(|origin| is_own(origin, headers)),
    }
}

fn is_own(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|it| it.to_str().ok());
    host.zip(read(origin)).is_some_and(|(host, origin)| origin.is_of(host))
}

fn read(header: &HeaderValue) -> Option<Origin> {
    header.to_str().ok().and_then(Origin::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn shown(raw: &str) -> Option<String> {
        Origin::parse(raw).map(|it| it.to_string())
    }

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        for (raw, normal) in [
            ("https://Chat.example.org/", "https://chat.example.org"),
            ("HTTPS://chat.example.org:443", "https://chat.example.org"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("ws://hub.example:80", "ws://hub.example"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
            ("file://", "file://"),
            ("null", "null"),
        ] {
            assert_eq!(shown(raw).as_deref(), Some(normal), "{raw}");
        }
        for bad in [
            "*",
            "chat.example.org",
            "localhost:5173",
            "https://",
            "capacitor://",
            "https://x/path",
            "https://*.example.org",
            "https://a@b",
            "https://x:",
            "https://x:99999",
            "http://)[::1]:3000",
            "http://[::1",
            "http://[v1.x]:3000",
            "https://a,b.example",
            "https://a%2cb.example",
            "https://a;b.example",
            "1a://x",
            "://x",
            "NULL",
            "",
        ] {
            assert_eq!(shown(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_socket_is_for_programs_our_pages_and_named_origins() {
        let named = "https://friend.example, capacitor://localhost,http://tool.example:8080";
        let origins = Origins::parse(named).unwrap();
        let may = |host, origin| origins.may_connect(&headers(&[("host", host), ("origin", origin)]));
        assert!(origins.may_connect(&headers(&[("host", "hub.example")])));
        for (host, origin) in [
            ("hub.example", "https://hub.example"),
            ("hub.example", "http://hub.example"),
            ("hub.example", "ws://hub.example"),
            ("hub.example:443", "https://hub.example"),
            ("hub.example:443", "wss://hub.example"),
            ("hub.example:80", "http://hub.example"),
            ("HUB.example:3000", "wss://hub.EXAMPLE:3000"),
            ("hub.example", "https://hub.example:443"),
            ("[::1]:3000", "ws://[::1]:3000"),
            ("hub.example", "https://friend.example:443"),
            ("hub.example", "https://Friend.example"),
            ("hub.example", "capacitor://localhost"),
            ("hub.example", "http://tool.example:8080"),
        ] {
            assert!(may(host, origin), "{origin} at {host}");
        }
        for (host, origin) in [
            ("hub.example", "https://evil.example"),
            ("hub.example", "null"),
            ("hub.example", "https://hub.example.evil.example"),
            ("hub.example", "http://hub.example:81"),
            ("hub.example:443", "http://hub.example"),
            ("hub.example:3000", "http://hub.example"),
            ("hub.example", "capacitor://hub.example"),
            ("hub.example", "http://friend.example"),
            ("hub.example", "http://tool.example"),
            ("localhost", "ionic://localhost"),
            ("hub.example", ""),
        ] {
            assert!(!may(host, origin), "{origin} at {host}");
        }
        let files = Origins::parse("null").unwrap();
        assert!(files.may_connect(&headers(&[("host", "hub.example"), ("origin", "null")])));
        assert_eq!(Origins::parse("https://a.example,*").unwrap_err(), "*");
    }

    #[test]
    fn the_cookie_works_only_from_our_own_pages() {
        let own = |pairs: &[(&'static str, &str)]| may_use_cookie(&Method::POST, &headers(pairs));
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        assert!(own(&[("host", "hub.example"), ("origin", "https://hub.example")]));
        assert!(own(&[("host", "hub.example:443"), ("origin", "https://hub.example")]));
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
