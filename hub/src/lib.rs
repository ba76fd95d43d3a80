//! The heart of Hubbub: rooms, order, delivery and recovery.
//!
//! It knows no transport, no database and no spelling (a test watches over that). Doors hold a [`Hub`], attach clients
//! to it with an [`Outlet`] and a [`Spelling`], and hand over [`Command`]s; the hub numbers and stores what is said
//! through a [`port::Store`] and hands the same bytes to everybody who follows.

mod command;
mod envelope;
mod event;
mod hub;
mod limits;
pub mod memory;
pub mod model;
mod outbox;
mod peer;
mod policy;
pub mod port;
mod recover;
mod refusal;
mod registry;
mod room;
mod roster;
mod shared;
mod typing;

pub use command::Command;
pub use envelope::{Envelope, SLOTS, Spelling};
pub use event::{Event, Failure};
pub use hub::{Hub, NewRoom};
pub use limits::Settings;
pub use outbox::{Delivery, Gone, Inlet, Next, Outbox, Outlet, outbox};
pub use peer::{Identity, Peer, PeerId, SignInId, Voice};
pub use refusal::Refusal;
pub use registry::Stats;
