//! The intake of one connection: how many frames it may send, and when a client that does not slow down is closed.

use crate::rates::{Meter, Rate};
use crate::refusal::Refusal;

/// How many times a client may be told that it is too fast: as often as one that comes back with a long list to send may be,
/// far less often than one that does not listen.
const REFUSALS: Rate = Rate { per_second: 10, burst: 1_000 };

/// Counters of one connection.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    frames: Meter,
    refusals: Meter,
}

impl Intake {
    /// Counts a frame.
    ///
    /// # Errors
    /// [`Refusal::TooFast`].
    pub(crate) fn count(&self, rate: Option<Rate>) -> Result<(), Refusal> {
        self.frames.pass(rate)
    }

    /// Counts that the client was told to slow down; whether it was told more often than a client is that listens.
    pub(crate) fn has_gone_on(&self) -> bool {
        self.refusals.pass(Some(REFUSALS)).is_err()
    }
}
