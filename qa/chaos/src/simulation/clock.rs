//! Server clock: virtual time, which a fault may set to another hour.

use std::sync::atomic::{AtomicI64, Ordering};

use hub::store::Clock;
use tokio::time::Instant;

/// Virtual time, and how far ahead of it the server's clock is.
#[derive(Debug)]
pub(crate) struct JumpyClock {
    pub(crate) begun: Instant,
    ahead_ms: AtomicI64,
}

impl Clock for JumpyClock {
    fn now_ms(&self) -> i64 {
        1_700_000_000_000 + self.monotonic_ms() + self.ahead_ms.load(Ordering::Relaxed)
    }

    fn monotonic_ms(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

impl JumpyClock {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), ahead_ms: AtomicI64::new(0) }
    }

    pub(crate) fn jump(&self, by_ms: i64) {
        self.ahead_ms.fetch_add(by_ms, Ordering::Relaxed);
    }
}
