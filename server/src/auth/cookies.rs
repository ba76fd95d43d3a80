//! Cookies: the names of the pages' cookies, and the values that a request carries under a name.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

/// The name of the pages' cookie in version 0.1. It is still read, for one release.
pub const PLAIN_COOKIE: &str = "hubbub_session";

/// What browsers take only from this very host, over TLS and for all of its paths, so that no sibling domain can put a cookie
/// in the place of ours (RFC 6265bis, section 4.1.3.2).
pub const HOST_PREFIX: &str = "__Host-";

/// Cookies of the pages that are checked in one request. A browser sends one for each domain and path that has set one, and a
/// page of a sibling domain can add some; each costs a read of the database.
const MAX_COOKIES: usize = 16;

/// The names of the cookies that the pages of one server use.
#[derive(Debug)]
pub struct CookieNames {
    sign_in: String,
    device: String,
}

impl CookieNames {
    /// Derives all names from that of the sign-in.
    pub fn new(sign_in: String) -> Self {
        let device = format!("{sign_in}_device");
        Self { sign_in, device }
    }

    /// The cookie that carries a sign-in.
    pub fn sign_in(&self) -> &str {
        &self.sign_in
    }

    /// The cookie in which a browser keeps its device tokens.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// The sign-in cookies that a request carries, with their names: those of our own name first.
    pub(super) fn shown<'a>(
        &'a self,
        headers: &'a HeaderMap,
    ) -> impl Iterator<Item = (&'a str, &'a str)> + Send {
        let own = self.sign_in();
        let names = [Some(own), Some(PLAIN_COOKIE).filter(|plain| *plain != own)];
        let shown =
            names.into_iter().flatten().flat_map(|name| cookies(headers, name).map(move |it| (name, it)));
        shown.take(MAX_COOKIES)
    }
}

/// The values of the cookies of this name, in the order sent.
pub fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> + Send {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(named, _)| *named == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cookie_of_a_name_is_read_in_the_order_sent() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "theme=dark; hubbub_session=one;hubbub_session=two".parse().unwrap());
        headers.append(COOKIE, "hubbub_session_3000=no; hubbub_session=three; broken".parse().unwrap());
        let read: Vec<_> = cookies(&headers, "hubbub_session").collect();
        assert_eq!(read, ["one", "two", "three"]);
    }
}
