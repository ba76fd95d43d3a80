//! Tries to break what `docs/DELIVERY.md` promises.
//!
//! Whatever breaks it, a run leaves a [`History`], and one checker reads them all.

mod body;
mod changes;
pub mod checker;
pub mod history;
mod inbox;
pub mod real;
pub mod simulation;
mod stored;
mod view;
mod violation;

pub use checker::check;
pub use history::{
    ChangedState, End, Entry, EntryKind, History, Observation, Position, Sent, SentChange, Stored, View,
    WantedChange,
};
pub use violation::Violation;
