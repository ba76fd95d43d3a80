//! Codecs of what goes over the wire: bytes in, meaning out. Knows no socket, no runtime and no clock.

pub mod engineio;
pub mod socketio;
pub mod websocket;
