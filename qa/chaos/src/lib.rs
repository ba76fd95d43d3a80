//! Tries to break what `docs/DELIVERY.md` promises.
//!
//! Whatever breaks it, a run leaves a [`History`], and one checker reads them all.

mod body;
pub mod checker;
pub mod history;
mod inbox;
pub mod real;
mod shelf;
pub mod simulation;
mod view;
mod violation;

pub use checker::check;
pub use history::{End, Entry, EntryKind, History, Notice, Place, Sent, Stored, View};
pub use violation::Violation;
