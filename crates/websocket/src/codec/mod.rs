//! Codec: bytes in, messages and control frames out, and back. It knows no socket, no runtime and no clock.

mod close_frame;
mod decoder;
mod deflate;
mod extensions;
mod frame;
mod handshake;
mod incoming;
mod inflate;
mod message;
mod out_frame;
mod pool;
mod text;
mod violation;

pub use close_frame::CloseFrame;
pub use decoder::Decoder;
pub use deflate::deflate;
pub use extensions::{Deflate, MalformedExtensions};
pub use frame::{EncodedHeader, Kind, Opcode};
pub use handshake::{Handshake, HandshakeError};
pub use incoming::{Incoming, Limits};
pub use out_frame::OutFrame;
pub use text::Utf8Text;
pub use violation::Violation;
