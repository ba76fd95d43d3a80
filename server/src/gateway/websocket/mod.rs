//! The raw WebSocket gateway: for each connection a reader, and a write handle of the writer pool, in whichever dialect.

mod attach;
mod authenticate;
mod close_code;
mod connection;
mod read;
mod rejection;
mod room_transport;
mod upgrade;
mod write;

pub use upgrade::{is_upgrade, upgrade};
