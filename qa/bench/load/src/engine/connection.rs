//! Connection state: its stage, and what is not finished of it.

use std::net::TcpStream;

/// What a client shows and which room it joins.
pub(crate) struct ClientSpec {
    pub(crate) token: String,
    pub(crate) room: Option<String>,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(super) enum Stage {
    Closed,
    /// The handshake of TCP.
    Dialling,
    /// The handshake of RFC 6455.
    Upgrading,
    /// What the dialect does before one may join.
    Opening,
    Joining,
    Ready,
}

pub(super) struct Connection {
    pub(super) spec: ClientSpec,
    pub(super) stage: Stage,
    pub(super) stream: Option<TcpStream>,
    pub(super) began: u64,
    /// The beginning of a frame whose end has not come.
    pub(super) held: Vec<u8>,
    /// The beginning of a message in several frames.
    pub(super) fragments: Vec<u8>,
    /// What the socket did not take.
    pub(super) unsent: Vec<u8>,
    /// How far it was before it was lost.
    pub(super) position: Option<String>,
}

impl Connection {
    pub(super) fn new(spec: ClientSpec) -> Self {
        Self {
            spec,
            stage: Stage::Closed,
            stream: None,
            began: 0,
            held: Vec::new(),
            fragments: Vec::new(),
            unsent: Vec::new(),
            position: None,
        }
    }
}
