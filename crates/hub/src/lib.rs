//! Hub: rooms, inboxes, presence, delivery and recovery.
//!
//! The hub knows no transport, no database and no wire format (a test checks it). Gateways hold a [`Hub`], attach clients to it
//! with an [`Outlet`] and a [`Spelling`], and hand over [`Command`]s. The hub numbers and stores messages through a
//! [`port::Store`] and hands the same bytes to all subscribers.

mod actor;
mod client;
mod command;
mod context;
mod deferred_commands;
mod error;
mod event;
mod generational_cache;
mod history_cache;
mod hub;
mod inbox;
mod joined;
mod lifecycle;
mod live_room;
pub mod memory;
mod message_rate;
pub mod model;
mod page_limit;
mod plain_json;
mod policy;
pub mod port;
mod presence;
mod queue;
mod quotas;
mod rate_limit;
mod recovery;
mod room;
mod room_access;
mod room_mailbox;
mod room_notices;
mod roster;
mod session;
mod settings;
mod wall_time;

pub use client::{Identity, PeerId, SignInId};
pub use command::{Bring, Command, Done};
pub use error::Refusal;
pub use event::{Broadcast, Event, Failure, Receipt, Stamp};
pub use generational_cache::Recent;
pub use hub::{Actor, Hub, NewRoom, Stats, Text};
pub use inbox::{InboxStart, JobReport, NewJob};
pub use joined::Joined;
pub use queue::{
    DeliveryPolicy, Envelope, Gone, Inlet, Next, Outbox, OutboxItem, Outlet, OutletFuture, SLOTS, Spelling, Taken, Track, outbox,
};
pub use quotas::{Daily, Kept, Quotas};
pub use rate_limit::{Gcra, Rate, Rates};
pub use roster::{Roster, SpelledRoster};
pub use session::{Peer, RoomHead, Standing, Voice};
pub use settings::Settings;
