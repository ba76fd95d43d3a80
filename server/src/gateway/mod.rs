//! Gateways: the code through which connections enter: REST, pages, WebSocket and Socket.IO.

pub(crate) mod extract;
pub(crate) mod headers;
pub(crate) mod host;
pub(crate) mod pages;
pub(crate) mod request_limits;
pub mod rest;
pub mod socketio;
pub mod websocket;

use std::time::Duration;

/// How long before the end of its token a client is notified, on any socket.
const EXPIRY_NOTICE: Duration = Duration::from_mins(1);
