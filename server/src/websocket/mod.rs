//! WebSocket on a TCP connection: the handshake, a reader, and a writer: in a task of its own, or, for the many, a line that
//! one of a few loops serves.
//!
//! What the bytes mean is in `wire::websocket`; here they are moved. A connection that is idle owns no buffer.

mod accept;
mod line;
mod loops;
mod pongs;
mod progress;
mod reader;
mod shrink;
mod unsent;
mod writer;

pub use accept::{OpenError, Pending, Settings, accept};
pub use line::{Line, Source, Turn};
pub use loops::Loops;
pub use progress::Progress;
pub use reader::{Ended, Reader, UNFINISHED};
pub use wire::websocket::{Farewell, HandshakeError, Incoming, Kind, Limits, OutFrame, Utf8Text, Violation};
pub use writer::Writer;
