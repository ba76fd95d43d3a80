//! Behaviour of the hub through its public API, over the store in memory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

mod broadcast;
mod changes;
mod connections;
mod disconnects;
mod history_cache;
mod inbox;
mod jobs;
mod live_sessions;
mod log_resync;
mod members;
mod membership_resync;
mod named_changes;
mod positions;
mod quotas;
mod rate_limits;
mod read_markers;
mod reconnect_storm;
mod recovery_pages;
mod rooms;
mod world;
