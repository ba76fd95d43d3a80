//! What holds for any history, any place in it and any order of events, through the hub's own front door.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

mod recovery;
mod unread;
mod world;
