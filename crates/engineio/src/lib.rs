//! Engine.IO 4 for servers: sessions of messages over HTTP long-polling, a WebSocket, or first the one and then the other.
//!
//! The crate knows no HTTP server. [`EngineIo::handle`] takes every request of one path as the [`http`] crate has it, with
//! any [`http_body::Body`], and gives the response. A WebSocket needs an [`Upgrade`], which the HTTP server hands over. A
//! [`SessionHandler`] admits clients and serves their sessions. A session is one task of the application and, on a
//! WebSocket, one that reads; a [`WriterPool`] writes for all.
//!
//! A sender never waits for a client: each session has a send queue that is bounded in bytes. [`codec`] has the packets by
//! themselves; it knows no runtime. The protocol: <https://github.com/socketio/engine.io-protocol>
//!
//! ```
//! use bytes::Bytes;
//! use engineio::{
//!     AdmitError, EngineIo, EngineSettings, Message, MessageReceiver, Outgoing, Session, SessionHandler, WriterPool,
//! };
//! use http::{Method, Request};
//!
//! /// Sends every message back.
//! struct Echo;
//!
//! impl SessionHandler for Echo {
//!     type Admission = ();
//!
//!     async fn admit(&self, _: &http::request::Parts) -> Result<(), AdmitError> {
//!         Ok(())
//!     }
//!
//!     async fn serve(&self, session: Session, mut messages: MessageReceiver, (): ()) {
//!         while let Some(message) = messages.next().await {
//!             let echo = match message {
//!                 Message::Text(text) => Outgoing::text(text),
//!                 Message::Binary(data) => Outgoing::binary(data),
//!             };
//!             if session.send(echo).is_err() {
//!                 break;
//!             }
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let server = EngineIo::new(EngineSettings::default(), WriterPool::start(), Echo);
//! let request = async |method: Method, query: &str, body: &str| -> Bytes {
//!     let request = Request::builder().method(method).uri(format!("/engine.io/?EIO=4&transport=polling{query}"));
//!     server.handle(request.body(body.to_owned()).unwrap(), None).await.into_body()
//! };
//! let open = request(Method::GET, "", "").await;
//! let open: serde_json::Value = serde_json::from_slice(&open[1..]).unwrap();
//! let session = format!("&sid={}", open["sid"].as_str().unwrap());
//! assert_eq!(request(Method::POST, &session, "4hello").await, "ok");
//! assert_eq!(request(Method::GET, &session, "").await, "4hello");
//! # }
//! ```

mod admission;
mod application;
mod close_reason;
pub mod codec;
mod engine;
mod error;
mod heartbeat;
mod message_receiver;
mod outgoing;
mod polling;
mod receive_queue;
mod registry;
mod request;
mod session;
mod session_inner;
mod settings;

mod sid;
mod state;
mod upgrade;
mod websocket_transport;

pub use admission::{AdmitError, Permit};
pub use application::SessionHandler;
pub use close_reason::{CloseReason, SessionClosed};
pub use engine::EngineIo;
pub use error::RequestError;
pub use message_receiver::MessageReceiver;
pub use outgoing::Outgoing;
pub use receive_queue::Message;
pub use request::{Parameters, RequestedTransport};
pub use send_queue::{ConflationKey, DeliveryPolicy};
pub use session::Session;
pub use settings::EngineSettings;
pub use sid::random_id;
pub use websocket::{Upgrade, WriterPool};
