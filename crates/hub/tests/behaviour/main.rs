//! What the hub promises, through its own front door and over the memory store.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

mod absence;
mod at_hand;
mod broadcast;
mod conversation;
mod doubt;
mod hang_up;
mod inbox;
mod live;
mod marks;
mod rates;
mod reconnect_storm;
mod unsure;
mod world;
