//! WebSocket for servers: RFC 6455 with RFC 7692 (permessage-deflate), for many connections of which most are idle.
//!
//! The crate knows no HTTP server. It reads a request head of the [`http`] crate, says what to answer, and takes over the
//! TCP connection that an [`Upgrade`] hands it when the answer is written. What the bytes mean is in [`codec`], which knows
//! no runtime; here they are moved with tokio.
//!
//! - [`accept`] checks the handshake; [`PendingUpgrade::open`] gives a [`Reader`] and a [`Writer`].
//! - A [`Writer`] writes from a task of its own. [`Writer::attach`] gives it to a [`WriterPool`] instead: one task for each
//!   processor writes for all connections, and what was queued meanwhile leaves in one system call.
//! - A connection that is idle owns no buffer, no timer and, with a pool, no task of its own for writing.
//!
//! ```
//! use websocket::{Incoming, Limits, MESSAGE_TIMEOUT, OutFrame, Upgrade, Upgraded, WebSocketSettings, accept};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use tokio::net::{TcpListener, TcpStream};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let mut client = TcpStream::connect(listener.local_addr()?).await?;
//! let (stream, _) = listener.accept().await?;
//!
//! // What an HTTP server has read from the connection.
//! let request = http::Request::get("/chat")
//!     .header("connection", "upgrade")
//!     .header("upgrade", "websocket")
//!     .header("sec-websocket-version", "13")
//!     .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
//! let (request, ()) = request.body(())?.into_parts();
//!
//! let settings = WebSocketSettings {
//!     limits: Limits { message_bytes: 1_000_000, fragments: 100 },
//!     message_timeout: MESSAGE_TIMEOUT,
//!     deflate_from_bytes: Some(1_024),
//! };
//! let upgrade = Upgrade::new(async { Ok(Upgraded { stream, read_ahead: bytes::Bytes::new() }) });
//! let (response, pending) = accept(&request, Some(upgrade), settings)?;
//! assert_eq!(response.status(), http::StatusCode::SWITCHING_PROTOCOLS);
//! // Here the server writes the response. Then the connection is a WebSocket.
//! let (mut reader, mut writer) = pending.open().await?;
//!
//! client.write_all(b"\x81\x85\0\0\0\0hello").await?;
//! let Incoming::Text(text) = reader.next().await? else { panic!("not a text message") };
//! writer.send(OutFrame::text(text.into_bytes())).await?;
//! let mut echo = [0; 7];
//! client.read_exact(&mut echo).await?;
//! assert_eq!(&echo, b"\x81\x05hello");
//! # Ok(())
//! # }
//! ```

mod accept;
pub mod codec;
mod deflate_cache;
mod frame_source;
mod link_state;
mod ping_queue;
mod reader;
mod ready_queue;
mod settings;
mod upgrade;
mod wait_time;
mod write_buffer;
mod write_half;
mod write_handle;
mod write_progress;
mod writer;
mod writer_pool;

pub use accept::{PendingUpgrade, accept};
pub use codec::{CloseFrame, HandshakeError, Incoming, Kind, Limits, OutFrame, Utf8Text, Violation};
pub use frame_source::{FrameSource, NextWrite};
pub use reader::{MESSAGE_TIMEOUT, ReadError, Reader};
pub use settings::WebSocketSettings;
pub use upgrade::{OpenError, Upgrade, Upgraded};
pub use wait_time::WaitTime;
pub use write_handle::WriteHandle;
pub use write_progress::WriteProgress;
pub use writer::Writer;
pub use writer_pool::WriterPool;
