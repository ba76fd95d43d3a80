//! Socket.IO 5 for servers: namespaces, events and acknowledgements over Engine.IO.
//!
//! The crate knows no HTTP server: [`SocketIo::handle`] takes requests as [`engineio`] does. An [`Application`] accepts
//! clients into namespaces, handles events, and may let a client that comes back recover what it missed ([`Recovery`],
//! [`Accepted::recovered`]). Everything that one client sends is handled by one task in the order sent; any task may send to
//! it through its [`Socket`]. [`codec`] has the packets by themselves; it knows no runtime.
//!
//! The protocol: <https://github.com/socketio/socket.io-protocol>
//!
//! ```
//! use bytes::Bytes;
//! use http::{Method, Request};
//! use socketio::{
//!     Accepted, AdmitError, Application, ClientEvent, ConnectError, ConnectRequest, DisconnectReason, OutgoingArgs,
//!     Socket, SocketIo, SocketIoSettings, WriterPool,
//! };
//!
//! /// Sends every event back.
//! struct Echo;
//!
//! impl Application for Echo {
//!     type Admission = ();
//!     type Connection = ();
//!
//!     async fn admit(&self, _: &http::request::Parts) -> Result<(), AdmitError> {
//!         Ok(())
//!     }
//!
//!     async fn connect(&self, (): &(), _: ConnectRequest, _: &Socket) -> Result<Accepted<()>, ConnectError> {
//!         Ok(Accepted::new(()))
//!     }
//!
//!     async fn event(&self, (): &mut (), socket: &Socket, event: ClientEvent) {
//!         // A client that has left needs no echo.
//!         socket.emit(&event.name, &OutgoingArgs::from(&event.args)).ok();
//!     }
//!
//!     async fn disconnect(&self, (): (), _: &Socket, _: DisconnectReason) {}
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let server = SocketIo::new(SocketIoSettings::default(), WriterPool::start(), Echo);
//! let request = async |method: Method, query: &str, body: &str| -> Bytes {
//!     let request = Request::builder().method(method).uri(format!("/socket.io/?EIO=4&transport=polling{query}"));
//!     server.handle(request.body(body.to_owned()).unwrap(), None).await.into_body()
//! };
//! let open = request(Method::GET, "", "").await;
//! let open: serde_json::Value = serde_json::from_slice(&open[1..]).unwrap();
//! let session = format!("&sid={}", open["sid"].as_str().unwrap());
//! request(Method::POST, &session, "40").await;
//! assert!(request(Method::GET, &session, "").await.starts_with(b"40{\"sid\":"));
//! request(Method::POST, &session, r#"42["hello",1]"#).await;
//! assert_eq!(request(Method::GET, &session, "").await, r#"42["hello",1]"#);
//! # }
//! ```

mod acks;
mod application;
mod client_task;
pub mod codec;
mod connect_buffer;
mod server;
mod settings;
mod socket;

pub use application::{Accepted, Application, ConnectError, ConnectRequest, DisconnectReason, Recovery};
pub use codec::{ArgError, ClientEvent, Encoded, IncomingArgs, MAIN, OutgoingArgs};
pub use engineio::{AdmitError, CloseReason, Outgoing, Permit, SessionClosed, Upgrade, WriterPool};
pub use server::SocketIo;
pub use settings::SocketIoSettings;
pub use socket::{PendingAck, Socket};
