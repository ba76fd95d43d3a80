//! Write handle: the owner's handle on a write half that a writer pool serves.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::write_half::{Phase, WriteHalf};
use crate::write_progress::WriteProgress;

/// The handle of a connection's write half. Dropping it closes the connection.
pub struct WriteHandle {
    half: Arc<WriteHalf>,
}

impl WriteHandle {
    pub(crate) fn new(half: Arc<WriteHalf>) -> Self {
        Self { half }
    }

    /// Writes a ping.
    pub fn ping(&self) {
        self.half.ping();
    }

    /// When something was last written.
    pub fn written_at(&self) -> Instant {
        self.half.written_at()
    }

    /// When the client last took bytes from a full socket.
    pub fn progress(&self) -> &WriteProgress {
        self.half.progress()
    }

    /// Resolves when the close frame is written; returns whether that could be done.
    pub async fn closed(&self) -> bool {
        loop {
            // Created before the check, so that a change between the check and the wait is not missed.
            let over = self.half.over();
            match self.half.phase() {
                Phase::Closed => return true,
                Phase::Broken => return false,
                Phase::Open | Phase::Closing => {}
            }
            over.await;
        }
    }

    /// As [`closed`](Self::closed), once the source is about to end. A client that takes no byte for this long is aborted.
    pub async fn closed_within(&self, patience: Duration) -> bool {
        let mut taken_at = self.progress().at();
        loop {
            if let Ok(is_closed) = timeout(patience, self.closed()).await {
                return is_closed;
            }
            let before = std::mem::replace(&mut taken_at, self.progress().at());
            if before == taken_at {
                return false;
            }
        }
    }
}

impl Drop for WriteHandle {
    fn drop(&mut self) {
        self.half.abort();
    }
}
