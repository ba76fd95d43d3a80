//! Codec: the packets that the messages of Engine.IO carry. It knows no socket, no runtime and no clock.
//!
//! <https://github.com/socketio/socket.io-protocol>

mod decoder;
mod encode;
mod incoming_args;
pub mod msgpack;
mod outgoing_args;
mod packet;
mod placeholders;
mod text;

pub use decoder::PacketDecoder;
pub use encode::{Encoded, ack, connect, connect_error, disconnect, event, event_to_finish};
pub use incoming_args::{ArgError, IncomingArgs};
pub use outgoing_args::OutgoingArgs;
pub use packet::{ClientEvent, DecodeError, MAIN, MAX_ARGUMENTS, Packet};
