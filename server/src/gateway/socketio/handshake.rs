//! Handshakes: what is kept of the first request of a client until its CONNECT.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::http::HeaderValue;
use axum::http::header::{AUTHORIZATION, USER_AGENT};
use axum::http::request::Parts;
use serde::Deserialize;

use super::offers_offsets;
use crate::limits::connection_limiter::ConnectionPermit;

/// The first request of a client. Has no `Debug`: it must not reach a log.
pub struct Handshake {
    /// Most clients send all of it in their CONNECT.
    pub(super) proof: Option<Box<Proof>>,
    /// By its user agent the client is one that does not resume.
    pub(super) is_unable_to_resume: bool,
    /// Whether the client has sent a CONNECT before.
    pub(super) has_connected: AtomicBool,
    /// Held as long as the session and its connections.
    pub(super) permit: Arc<ConnectionPermit>,
}

/// A client's proof of identity, outside of its CONNECT.
#[derive(Default)]
pub(super) struct Proof {
    /// A copy of its own, and of other headers none: headers are parts of what was read, and would keep all of it.
    pub(super) authorization: Option<HeaderValue>,
    pub(super) query: Query,
}

/// What the address may carry.
#[derive(Clone, Default, Deserialize, PartialEq)]
pub(super) struct Query {
    pub(super) token: Option<String>,
    pub(super) ticket: Option<String>,
    #[serde(rename = "userId")]
    pub(super) user_id: Option<String>,
    /// Whether the client resumes.
    pub(super) resume: Option<String>,
}

impl Handshake {
    /// Keeps what is needed of a request that was admitted.
    pub(super) fn new(request: &Parts, query: Query, permit: ConnectionPermit) -> Self {
        let authorization = request.headers.get(AUTHORIZATION);
        let authorization = authorization.and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
        let has_proof = authorization.is_some() || query != Query::default();
        Self {
            proof: has_proof.then(|| Box::new(Proof { authorization, query })),
            is_unable_to_resume: offers_offsets::is_unable(request.headers.get(USER_AGENT)),
            has_connected: AtomicBool::new(false),
            permit: Arc::new(permit),
        }
    }
}
