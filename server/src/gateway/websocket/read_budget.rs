//! The read budget: how much one connection reads before other tasks run.

use websocket::Incoming;

/// Bytes after which other tasks run. To decode as many takes less than a millisecond.
const BUDGET_BYTES: usize = 64 * 1024;

/// What a frame counts for beside its bytes, so that empty ones are not free.
const FRAME_BYTES: usize = 64;

/// Bytes that were read since other tasks ran.
#[derive(Debug, Default)]
pub(super) struct ReadBudget {
    bytes: usize,
}

impl ReadBudget {
    /// Counts what was read; whether the budget is spent with it. Then the next one begins.
    pub(super) fn is_spent_by(&mut self, incoming: &Incoming) -> bool {
        self.bytes += cost(incoming);
        let is_spent = self.bytes >= BUDGET_BYTES;
        if is_spent {
            self.bytes = 0;
        }
        is_spent
    }
}

/// Bytes that what was read counts for, after inflating.
pub(super) fn cost(incoming: &Incoming) -> usize {
    let bytes = match incoming {
        Incoming::Text(text) => text.as_str().len(),
        Incoming::Binary(data) | Incoming::Ping(data) | Incoming::Pong(data) => data.len(),
        Incoming::Close(_) => 0,
    };
    bytes + FRAME_BYTES
}
