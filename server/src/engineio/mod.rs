//! Engine.IO, revision 4: sessions of messages over HTTP long-polling, a WebSocket, or first the one and then the other.
//!
//! [`EngineIo`] takes requests at whatever path it is mounted, an [`Application`] says who may come in and what becomes
//! of the messages. A session is one task of the application and, on a WebSocket, one that moves bytes.
//!
//! <https://github.com/socketio/engine.io-protocol>

mod application;
mod engine;
mod error;
mod heartbeat;
mod inbox;
mod outgoing;
mod polling;
mod registry;
mod request;
mod session;
mod settings;
mod sid;
mod state;
mod upgrade;
mod websocket;

pub use application::{Application, Permit, Refusal};
pub use engine::EngineIo;
pub use error::RequestError;
pub use inbox::{Inbox, Message};
pub use outgoing::Outgoing;
pub use request::{Asked, Parameters};
pub use session::{Gone, Session};
pub use settings::Settings;
pub(crate) use sid::random_id;
pub use state::CloseReason;
