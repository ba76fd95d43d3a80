//! The Socket.IO gateway: authenticates clients, executes their events, and resumes their sessions.
//!
//! Engine.IO and Socket.IO themselves are crates of their own; `crate::dialect::socketio` decodes and encodes events.

mod ack_queue;
mod application;
mod connect;
mod connection;
mod handshake;
mod offers_offsets;
pub mod pid;
pub mod resume_token;
mod transport;

pub use application::{SocketIoGateway, gateway, handle};
