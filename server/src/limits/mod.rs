//! Limits: bounds what connections, handshakes and requests cost, before their contents are looked at.

pub(crate) mod address_rate_limiter;
pub mod connection_limiter;
pub mod handshake_limiter;
pub(crate) mod http_activity;
pub(crate) mod http_timeouts;
pub(crate) mod pace;
pub(crate) mod rate_limiter;
pub(crate) mod requests;
