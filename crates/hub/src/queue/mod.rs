//! Queue: what waits for one connection, and how an event becomes the frames that wait there.

pub(crate) mod conflation;
mod envelope;
mod outbox;
mod transport;

pub use envelope::{Envelope, SLOTS, Spelling};
pub use outbox::{Inlet, Next, Outbox, OutboxItem, Taken, outbox};
pub use send_queue::DeliveryPolicy;
pub use transport::{Gone, Outlet, OutletFuture, Track};
