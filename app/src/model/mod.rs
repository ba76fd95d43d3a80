//! What the pages show, as plain structs: no signals, no sockets, no clock. Frames are folded in one by one, and folding
//! the same one twice changes nothing.

pub mod connection_state;
pub mod live_rooms;
pub mod own_typing;
pub mod pending_post;
pub mod place;
pub mod rooms;
pub mod roster;
pub mod round_trips;
pub mod session;
pub mod simulation;
pub mod timeline;
pub mod toasts;
pub mod trial;
pub mod typing;
pub mod wire_facts;
pub mod wire_log;
