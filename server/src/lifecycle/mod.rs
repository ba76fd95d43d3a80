//! The life of the process: start, signals, a graceful stop, and binary upgrade.

mod binary_upgrade;
mod listener;
mod run;
mod running;
mod serve;
mod signals;
mod start;
mod sweep;

pub use binary_upgrade::NextBinary;
pub use listener::{ListenError, inherited};
pub use run::{ExitReason, run};
pub use running::Running;
pub use start::{StartError, serve_on};
