//! Tries to break what `docs/DELIVERY.md` promises.
//!
//! Whatever breaks it, a run leaves a [`History`], and one checker reads them all.

mod body;
pub mod checker;
pub mod history;
mod inbox;
pub mod real;
pub mod simulation;
mod stored;
mod view;
mod violation;

pub use checker::check;
pub use history::{End, Entry, EntryKind, History, Observation, Position, Sent, Stored, View};
pub use violation::Violation;
