//! Gateways: REST, pages, WebSocket and Socket.IO, through which all requests and connections enter.

pub(crate) mod extract;
pub(crate) mod headers;
pub(crate) mod host;
pub(crate) mod pages;
pub(crate) mod request_limits;
pub mod rest;
pub mod socketio;
pub mod websocket;

use std::time::Duration;

/// How long before the end of its token a client is warned, on any socket.
const EXPIRY_NOTICE: Duration = Duration::from_mins(1);
