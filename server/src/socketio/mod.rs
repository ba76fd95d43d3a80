//! Socket.IO, revision 5: namespaces, events and acknowledgements over Engine.IO.
//!
//! [`SocketIo`] takes requests like the [`EngineIo`](crate::engineio::EngineIo) below it; an [`Application`] says who
//! may enter a namespace and what an event does. Everything that one client says is taken up by one task in the order
//! sent; anybody may speak to it through its [`Socket`].
//!
//! <https://github.com/socketio/socket.io-protocol>

mod acks;
mod application;
mod client;
mod gate;
mod server;
mod settings;
mod socket;

pub use acks::PendingAck;
pub use application::{Accepted, Application, ConnectRefusal, ConnectRequest, Disconnect, Recovery};
pub use server::SocketIo;
pub use settings::Settings;
pub use socket::Socket;
pub use wire::socketio::{Args, Arguments, Encoded, Event, MAIN, NoArgument};

pub use crate::engineio::{CloseReason, Gone, Outgoing, Refusal};
