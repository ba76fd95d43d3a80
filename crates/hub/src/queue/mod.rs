//! Queue: what waits for one connection, and how an event becomes the frames that wait there.

pub(crate) mod conflation;
mod envelope;
mod outbox;
mod transport;

pub use envelope::{Encoder, Envelope, SLOTS};
pub use outbox::{Drained, Outbox, OutboxItem, OutboxReceiver, WriterAction, outbox};
pub use send_queue::DeliveryPolicy;
pub use transport::{ClientTransport, Disconnected, StreamPosition, TransportFuture};
