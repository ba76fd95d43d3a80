//! Rejection log: writes a line for each rejection that an operator should know of, with the address and the reason, and
//! never so many that they fill a disk.

use std::fmt::{self, Display};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use hub::store::Clock;

use crate::auth::client_ip::ClientIp;
use crate::limits::rate_limiter::RateLimiter;

/// Lines a minute about one address: a developer who tries out tokens sees what is wrong with each.
const LINES_OF_ONE: u32 = 60;

/// Lines a minute about all together: some 100 KiB.
const LINES_OF_ALL: u32 = 600;

/// Addresses that are counted at a time.
const ADDRESSES: usize = 10_000;

/// Characters of a path that are logged.
const PATH_CHARS: usize = 100;

/// Why a request was rejected, where that is worth a line. An extension of the answer.
#[derive(Debug, Clone)]
pub(crate) struct Reason(pub(crate) String);

/// Counts the lines.
pub(crate) struct RejectionLog {
    of_one: RateLimiter<IpAddr>,
    of_all: RateLimiter<()>,
    left_out: AtomicU64,
}

impl RejectionLog {
    /// Nothing was rejected yet.
    pub(crate) fn new() -> Self {
        Self {
            of_one: RateLimiter::per_minute(Some(LINES_OF_ONE), ADDRESSES),
            of_all: RateLimiter::per_minute(Some(LINES_OF_ALL), 1),
            left_out: AtomicU64::new(0),
        }
    }

    /// Whether there is still room for a line; one that is left out is counted.
    fn has_room(&self, address: IpAddr, now_ms: i64) -> bool {
        let has_room = self.of_one.check(address, now_ms).is_ok() && self.of_all.check((), now_ms).is_ok();
        if !has_room {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
        has_room
    }

    /// Writes that something was rejected. Neither text may have a secret in it.
    pub(crate) fn note(
        &self,
        ClientIp(address): ClientIp,
        now_ms: i64,
        what: &dyn Display,
        why: &dyn Display,
    ) {
        if self.has_room(address, now_ms) {
            let left_out = self.left_out.swap(0, Ordering::Relaxed);
            tracing::info!(left_out, "Refused {what} of {address}: {why}");
        }
    }

    /// Writes that a connection was closed because its client did not keep up.
    pub(crate) fn note_slow(&self, ClientIp(address): ClientIp, now_ms: i64, user: &dyn Display) {
        if self.has_room(address, now_ms) {
            let left_out = self.left_out.swap(0, Ordering::Relaxed);
            tracing::info!(
                left_out,
                "Closed a connection of `{user}` from {address} with 4008: it fell behind"
            );
        }
    }
}

/// The layer that writes why a request was rejected.
pub(crate) async fn log(
    State(log): State<Arc<RejectionLog>>,
    State(clock): State<Arc<dyn Clock>>,
    address: ClientIp,
    request: Request,
    next: Next,
) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let response = next.run(request).await;
    let reason = response.extensions().get::<Reason>().map(|reason| reason.0.as_str());
    let is_too_fast = response.status() == StatusCode::TOO_MANY_REQUESTS;
    if let Some(why) = reason.or(is_too_fast.then_some("too many requests")) {
        let what = RequestLine { method: method.as_str(), path: uri.path() };
        log.note(address, clock.monotonic_ms(), &what, &why);
    }
    response
}

/// A request in a line of the log. The query stays out of it: it may carry a token.
struct RequestLine<'a> {
    method: &'a str,
    path: &'a str,
}

impl Display for RequestLine<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path } = self;
        match path.char_indices().nth(PATH_CHARS) {
            Some((end, _)) => write!(out, "`{method} {}…`", path.get(..end).unwrap_or_default()),
            None => write!(out, "`{method} {path}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bounded_for_one_address_and_for_all() {
        let log = RejectionLog::new();
        let lines = |last: u8, times: usize| {
            let address = IpAddr::from([203, 0, 113, last]);
            (0..times).filter(|_| log.has_room(address, 0)).count()
        };
        assert_eq!(lines(1, 1_000), 60);
        assert_eq!(lines(2, 10), 10);
        assert_eq!((3..=100).map(|last| lines(last, 60)).sum::<usize>(), 600 - 70);
        assert_eq!(log.left_out.load(Ordering::Relaxed), 1_000 - 60 + 98 * 60 - 530);
    }

    #[test]
    fn a_long_path_is_cut() {
        let path = format!("/{}", "a".repeat(300));
        let line = RequestLine { method: "GET", path: &path }.to_string();
        assert_eq!(line.chars().count(), "`GET ".len() + PATH_CHARS + "…`".chars().count());
        assert_eq!(RequestLine { method: "GET", path: "/x" }.to_string(), "`GET /x`");
    }
}
