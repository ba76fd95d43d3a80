//! Unconfirmed writes: remembers that the store may have kept entries although it answered with an error.
//!
//! The caller of such a write gets the error, and the inbox does not know the outcome. Numbers have no gaps, so the inbox reads
//! the entries after the last one that its clients were sent, before it does anything that depends on them; a store that fails
//! is asked again until it answers.

use tokio::time::Instant;

use crate::store::RETRY_DELAY;

/// Whether there may be entries that the subscribed clients were not sent.
#[derive(Debug, Default)]
pub(super) struct UnconfirmedWrites {
    resync: Option<PendingResync>,
}

#[derive(Debug, Clone, Copy)]
struct PendingResync {
    /// The last entry that the clients were sent.
    after: u64,
    /// When to read the entries after it.
    at: Instant,
}

impl UnconfirmedWrites {
    /// The store may have kept entries after this one.
    pub(super) fn add(&mut self, after: u64) {
        self.resync = Some(PendingResync { after, at: Instant::now() });
    }

    /// The last entry that the clients were sent, if there may be more.
    pub(super) fn after(&self) -> Option<u64> {
        self.resync.map(|resync| resync.after)
    }

    /// When to read the entries after it.
    pub(super) fn resync_at(&self) -> Option<Instant> {
        self.resync.map(|resync| resync.at)
    }

    /// The clients were sent everything.
    pub(super) fn clear(&mut self) {
        self.resync = None;
    }

    /// The clients were sent everything up to this entry, then the store failed.
    pub(super) fn retry(&mut self, after: u64) {
        self.resync = Some(PendingResync { after, at: Instant::now() + RETRY_DELAY });
    }
}
