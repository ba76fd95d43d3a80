//! The doors: REST, pages, sockets.

pub(crate) mod extract;
pub(crate) mod headers;
pub(crate) mod host;
pub(crate) mod pages;
pub mod rest;
pub mod socketio;
pub mod websocket;

use std::time::Duration;

/// How long before its end a token's holder is told, on any socket.
const EXPIRY_NOTICE: Duration = Duration::from_mins(1);
