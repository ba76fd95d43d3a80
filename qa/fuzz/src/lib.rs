//! Every decoder, given any bytes: it must not panic, keep its limits, and mean the same however it is asked.
//!
//! A target is a function of bytes that panics when a promise is broken. `tools/fuzz` looks for such bytes, led by what they
//! reach in the code; the tests try what is kept in `corpus/`. `CONTRIBUTING.md` says how to add one.

pub mod cost;
mod dialects;
mod engineio;
mod headers;
mod identity;
mod native;
mod places;
mod socketio;
mod text;
mod websocket;

/// A decoder and what is promised of it.
pub struct Target {
    /// Its name, and that of its folder in `corpus/`.
    pub name: &'static str,
    /// Tries one input; panics when a promise is broken.
    pub run: fn(&[u8]),
}

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}

/// One for each decoder.
pub static TARGETS: [Target; 25] = [
    target("websocket_frames", websocket::frames),
    target("websocket_inflate", websocket::inflate),
    target("websocket_handshake", headers::handshake),
    target("websocket_extensions", headers::extensions),
    target("engineio_packet", engineio::packet),
    target("engineio_payload", engineio::payload),
    target("engineio_query", engineio::query),
    target("socketio_packets", socketio::packets),
    target("socketio_offset", places::offset),
    target("socketio_pid", places::pid),
    target("native", dialects::native),
    target("quizmaster", dialects::quizmaster),
    target("quizmaster_page", dialects::quizmaster_page),
    target("chat_api", dialects::chat_api),
    target("skilllift", dialects::skilllift),
    target("socketio_events", dialects::socketio_events),
    target("client_frame", native::client_frame),
    target("server_frame", native::server_frame),
    target("identifiers", native::identifiers),
    target("token", identity::token),
    target("claims", identity::claims),
    target("credentials", headers::credentials),
    target("address", headers::address),
    target("proxies", headers::proxies),
    target("origin", headers::origin),
];

/// The target of this name.
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
