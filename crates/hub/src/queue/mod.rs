//! Queue: what waits for one connection, and how an event becomes the frames that wait there.

mod delivery;
mod envelope;
mod outbox;
mod send_queue;
mod transport;

pub use delivery::{Delivery, Subject};
pub use envelope::{Envelope, SLOTS, Spelling};
pub use outbox::{Inlet, Next, Outbox, OutboxItem, Taken, outbox};
pub use send_queue::{Backlog, Full};
pub use transport::{Gone, Outlet, OutletFuture, Track};
