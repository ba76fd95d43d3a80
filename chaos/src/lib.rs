//! Tries to break what `docs/DELIVERY.md` promises.
//!
//! Whatever breaks it, a run leaves a [`History`], and one checker reads them all.

pub mod checker;
pub mod history;
pub mod real;
mod shelf;
pub mod simulation;
mod view;
mod violation;

pub use checker::check;
pub use history::{End, History, Notice, Place, Sent, Stored, View};
pub use violation::Violation;
