//! Pending posts: what the server has not acknowledged yet. In memory they wait for their turn; in the browser's database
//! they outlive the page.

pub(crate) mod draft_store;
mod outbox;
mod queue;

pub use self::outbox::{NOT_A_MEMBER, OutboxEvent};
pub(crate) use self::outbox::{Outbox, OutboxChange};
pub use self::queue::OutboxFull;
