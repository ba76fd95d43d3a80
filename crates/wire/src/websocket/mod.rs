//! WebSocket, the server's side: RFC 6455, and RFC 7692 (permessage-deflate) without context takeover.

mod close;
mod decoder;
mod deflate;
mod extensions;
mod frame;
mod handshake;
mod inflate;
mod message;
mod outgoing;
mod pool;
mod text;
mod violation;

pub use close::Farewell;
pub use decoder::{Decoder, Incoming, Limits};
pub use deflate::deflate;
pub use extensions::{Deflate, MalformedExtensions};
pub use frame::{Head, Kind, Opcode};
pub use handshake::{Handshake, HandshakeError};
pub use outgoing::OutFrame;
pub use text::Utf8Text;
pub use violation::Violation;
