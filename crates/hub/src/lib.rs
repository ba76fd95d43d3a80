//! The heart of Hubbub: rooms, order, delivery and recovery.
//!
//! It knows no transport, no database and no spelling (a test watches over that). Doors hold a [`Hub`], attach clients
//! to it with an [`Outlet`] and a [`Spelling`], and hand over [`Command`]s; the hub numbers and stores what is said
//! through a [`port::Store`] and hands the same bytes to everybody who follows.

mod announcer;
mod awake;
mod client;
mod command;
mod conflation;
mod envelope;
mod event;
mod following;
mod homes;
mod hub;
mod inbox;
mod intake;
mod joined;
mod last_seen;
mod limits;
mod live;
pub mod memory;
mod meters;
pub mod model;
mod outbox;
mod page;
mod peer;
mod plain_json;
pub mod planted;
mod policy;
pub mod port;
mod postponed;
mod pulse;
mod quotas;
mod rates;
mod recent;
mod recover;
mod refusal;
mod registry;
mod resume;
mod ring;
mod rings;
mod room;
mod roster;
mod shared;
mod typing;
mod voice;
mod wall_time;

pub use client::{Identity, PeerId, SignInId};
pub use command::{Bring, Command, Done};
pub use envelope::{Envelope, SLOTS, Spelling};
pub use event::{Broadcast, Event, Failure, Receipt, Stamp};
pub use hub::{Actor, Hub, NewRoom, Text};
pub use inbox::{InboxStart, JobReport, NewJob};
pub use joined::Joined;
pub use limits::Settings;
pub use outbox::{Gone, Inlet, Next, Outbox, OutboxItem, Outlet, OutletFuture, Taken, Track, outbox};
pub use peer::Peer;
pub use quotas::{Daily, Kept, Quotas};
pub use rates::{Rate, Rates};
pub use recent::Recent;
pub use refusal::Refusal;
pub use registry::Stats;
pub use resume::Standing;
pub use roster::{Roster, SpelledRoster};
pub use send_queue::DeliveryPolicy;
pub use voice::Voice;
