//! WebSocket on a TCP connection: the handshake, a reader, and a writer that may be in another task.
//!
//! What the bytes mean is in `wire::websocket`; here they are moved. A connection that is idle owns no buffer.

mod accept;
mod pongs;
mod progress;
mod reader;
mod writer;

pub use accept::{OpenError, Pending, Settings, accept};
pub use progress::Progress;
pub use reader::{Ended, Reader};
pub use wire::websocket::{Farewell, HandshakeError, Incoming, Kind, Limits, OutFrame, Utf8Text, Violation};
pub use writer::Writer;
