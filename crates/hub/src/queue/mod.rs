//! Queue: the frames that wait for one connection, and the encoding of events into them.

pub(crate) mod conflation;
mod envelope;
mod outbox;
mod transport;

pub use envelope::{ChangeFrames, Encoder, Envelope, SLOTS};
pub use outbox::{Outbox, OutboxItem, OutboxReceiver, Taken, WriterAction, outbox};
pub use send_queue::DeliveryPolicy;
pub use transport::{ClientTransport, Disconnected, StreamPosition, TransportFuture};
