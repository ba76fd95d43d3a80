//! Properties of the hub for any history, any cursor and any order of events, through its public API.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so"
)]

mod changes;
mod recovery;
mod unread;
mod world;
