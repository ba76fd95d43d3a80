//! Codec: packets, and how HTTP long-polling joins them. It knows no socket, no runtime and no clock.
//!
//! <https://github.com/socketio/engine.io-protocol>

mod handshake;
mod packet;
mod payload;

pub use handshake::OpenData;
pub use packet::{EnginePacket, PacketError, kind};
pub use payload::{PayloadDecoder, PayloadEncoder, SEPARATOR};
