//! The turn of a reader: how much one connection takes up before the others have theirs.

use websocket::Incoming;

/// Bytes after which the other tasks have their turn. To decode as many takes less than a millisecond.
const TURN_BYTES: usize = 64 * 1024;

/// What a frame counts for beside its bytes, so that empty ones are not free.
const FRAME_BYTES: usize = 64;

/// Bytes that were taken up in this turn.
#[derive(Debug, Default)]
pub(super) struct ReadTurn {
    bytes: usize,
}

impl ReadTurn {
    /// Counts what was read; whether the turn is over with it. Then the next one begins.
    pub(super) fn is_over(&mut self, said: &Incoming) -> bool {
        self.bytes += cost(said);
        let is_over = self.bytes >= TURN_BYTES;
        if is_over {
            self.bytes = 0;
        }
        is_over
    }
}

/// Bytes that what was read counts for, after inflating.
pub(super) fn cost(said: &Incoming) -> usize {
    let bytes = match said {
        Incoming::Text(text) => text.as_str().len(),
        Incoming::Binary(data) | Incoming::Ping(data) | Incoming::Pong(data) => data.len(),
        Incoming::Close(_) => 0,
    };
    bytes + FRAME_BYTES
}
