//! Dialects: published wire formats. Each is pure: it decodes text to commands and encodes events to bytes.
//!
//! [`ENDPOINTS`] lists the dialects of raw sockets with their addresses: a new one is a folder beside this file and a line
//! there. Clients of Socket.IO share one gateway, so their vocabularies share one encoder, see [`socketio`].

mod chat_api;
mod common;
mod endpoints;
#[cfg(test)]
mod golden;
mod mockverse;
mod native;
mod quizmaster;
mod raw;
mod request;
mod size;
mod skilllift;
pub mod socketio;
pub mod talim;

pub use endpoints::{AuthPolicy, ENDPOINTS, Endpoint, PathParam};
pub use raw::{Dialect, Scope};
pub use request::{Decoded, Request};
pub use size::most_bytes_of_a_carrier;
