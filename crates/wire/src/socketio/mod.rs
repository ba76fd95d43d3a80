//! Socket.IO, revision 5: the packets that Engine.IO's messages carry.
//!
//! <https://github.com/socketio/socket.io-protocol>

mod args;
mod arguments;
mod attachments;
mod decoder;
mod encode;
pub mod msgpack;
mod packet;
mod text;

pub use args::{Args, NoArgument};
pub use arguments::Arguments;
pub use decoder::Decoder;
pub use encode::{Encoded, ack, connect, connect_error, disconnect, event, event_to_finish};
pub use packet::{DecodeError, Event, MAIN, MAX_ARGUMENTS, Packet};
