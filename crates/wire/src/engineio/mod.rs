//! Engine.IO, revision 4: packets and how HTTP long-polling joins them.
//!
//! <https://github.com/socketio/engine.io-protocol>

mod handshake;
mod packet;
mod payload;

pub use handshake::Handshake;
pub use packet::{DecodeError, Packet, kind};
pub use payload::{PayloadDecoder, PayloadEncoder, SEPARATOR};
