//! Hub: rooms, inboxes, presence, delivery and recovery.
//!
//! The hub knows no transport, no database and no wire format (a test checks it). Gateways hold a [`Hub`], attach clients to it
//! with a [`ClientTransport`] and an [`Encoder`], and hand over [`Command`]s. The hub numbers and stores messages through a
//! [`store::Store`] and hands the same bytes to all subscribers.

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
mod join_snapshot;
mod lifecycle;
mod live_room;
pub mod memory;
mod message_rate;
pub mod model;
mod page_limit;
mod plain_json;
mod policy;
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
pub mod store;
mod wall_time;

pub use client::{ClientId, Identity, SignInId};
pub use command::{Command, CommandOutcome, JoinMode};
pub use error::HubError;
pub use event::{
    Broadcast, CommandError, Event, FetchedMessages, MessageChange, Receipt, RoomEntry, RoomList, Stamp,
};
pub use generational_cache::TwoGenerationCache;
pub use hub::{Hub, MessageText, NewRoom, Requester, Stats};
pub use inbox::{InboxStart, JobReport, NewJob};
pub use join_snapshot::JoinSnapshot;
pub use queue::{
    ChangeFrames, ClientTransport, DeliveryPolicy, Disconnected, Encoder, Envelope, Outbox, OutboxItem,
    OutboxReceiver, SLOTS, StreamPosition, Taken, TransportFuture, WriterAction, outbox,
};
pub use quotas::{Concurrent, Daily, Quotas};
pub use rate_limit::{Gcra, Rate, Rates};
pub use roster::{EncodedRoster, Roster};
pub use session::{ClientNotifier, ClientSession, LocatedRoom, RoomPosition};
pub use settings::HubSettings;
