//! What waits for one client: bounded in bytes, never waiting for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use protocol::{CloseCode, Cursor, RoomId};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::planted::{Bug, planted};

/// Whether a frame may be lost on the way to a slow reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Must arrive, or the reader is let go and recovers.
    Sure,
    /// Worth nothing a moment later: dropped while the reader is behind.
    Fleeting,
}

/// The reader is gone, or fell behind and was let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

/// Where a reader stands in something that can be recovered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Track<'a> {
    /// In a room.
    Room(&'a RoomId, Cursor),
    /// Nowhere in this room any more.
    Left(&'a RoomId),
    /// In the person's inbox, at this number.
    Inbox(u64),
}

/// Where a gateway takes frames for one client. The hub knows nothing else of a connection: how shared bytes leave the
/// house is the gateway's business.
pub trait Outlet: Send + Sync + 'static {
    /// Takes a frame without waiting.
    ///
    /// # Errors
    /// [`Gone`] when the reader has left or has just been let go for being slow.
    fn push(&self, frame: Bytes, delivery: Delivery) -> Result<(), Gone>;

    /// Takes a frame that must arrive, after which the reader stands at `track`.
    ///
    /// # Errors
    /// As [`Outlet::push`].
    fn push_at(&self, frame: Bytes, track: Track<'_>) -> Result<(), Gone> {
        self.place(track);
        self.push(frame, Delivery::Sure)
    }

    /// The reader stands here now, without having been told anything. For gateways that keep account of it.
    fn place(&self, _: Track<'_>) {}

    /// Ends the connection after what was pushed before, and tells why. Only the first call counts.
    fn close(&self, code: CloseCode);
}

/// An [`Outlet`] that queues for a writer task.
#[derive(Debug, Clone)]
pub struct Outbox {
    shared: Arc<Shared>,
    // Unbounded in frames because it is bounded in bytes: `push` refuses beyond `limit`.
    queue: mpsc::UnboundedSender<Bytes>,
}

#[derive(Debug)]
struct Shared {
    queued_bytes: AtomicUsize,
    limit: usize,
    close_code: OnceLock<CloseCode>,
    closed: CancellationToken,
}

/// The writer's end of an [`Outbox`].
#[derive(Debug)]
pub struct Inlet {
    shared: Arc<Shared>,
    queue: mpsc::UnboundedReceiver<Bytes>,
}

/// What a writer should do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Frames were put into the buffer: write them.
    Frames,
    /// Write a close frame and end.
    Close(CloseCode),
}

/// Bytes that a frame costs beside its text: the queue's own slot and the frame header.
const FRAME_OVERHEAD: usize = 48;

/// A queue for one client that holds at most `limit` bytes.
pub fn outbox(limit: usize) -> (Outbox, Inlet) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let shared = Arc::new(Shared {
        queued_bytes: AtomicUsize::new(0),
        limit,
        close_code: OnceLock::new(),
        closed: CancellationToken::new(),
    });
    (Outbox { shared: shared.clone(), queue: sender }, Inlet { shared, queue: receiver })
}

impl Outbox {
    /// Resolves when the connection is to end, whoever decided it.
    pub async fn closed(&self) {
        self.shared.closed.cancelled().await;
    }
}

impl Outlet for Outbox {
    fn push(&self, frame: Bytes, delivery: Delivery) -> Result<(), Gone> {
        if self.shared.closed.is_cancelled() {
            return Err(Gone);
        }
        let cost = frame.len() + FRAME_OVERHEAD;
        let queued = self.shared.queued_bytes.fetch_add(cost, Ordering::Relaxed) + cost;
        if delivery == Delivery::Fleeting && queued > self.shared.limit / 4 {
            self.shared.queued_bytes.fetch_sub(cost, Ordering::Relaxed);
            return Ok(());
        }
        // A single frame always fits, however large: a page of history may be larger than what may wait.
        if queued > self.shared.limit && queued > cost {
            if planted(Bug::DropOnFullOutbox) {
                self.shared.queued_bytes.fetch_sub(cost, Ordering::Relaxed);
                return Ok(());
            }
            self.close(CloseCode::TooSlow);
            return Err(Gone);
        }
        self.queue.send(frame).map_err(|_| Gone)
    }

    fn close(&self, code: CloseCode) {
        self.shared.close_code.get_or_init(|| code);
        self.shared.closed.cancel();
    }
}

impl Inlet {
    /// Waits for something to do. Frames go into `buffer`, at most `limit` of them.
    ///
    /// A reader that was let go for being slow gets its close frame at once; every other close comes after what was
    /// pushed before it.
    pub async fn next(&mut self, buffer: &mut Vec<Bytes>, limit: usize) -> Next {
        if self.close_code() == Some(CloseCode::TooSlow) {
            return Next::Close(CloseCode::TooSlow);
        }
        let taken = tokio::select! {
            biased;
            taken = self.queue.recv_many(buffer, limit) => taken,
            () = self.shared.closed.cancelled() => 0,
        };
        if taken == 0 {
            return Next::Close(self.close_code().unwrap_or(CloseCode::Normal));
        }
        let cost = buffer.iter().map(|frame| frame.len() + FRAME_OVERHEAD).sum();
        self.shared.queued_bytes.fetch_sub(cost, Ordering::Relaxed);
        Next::Frames
    }

    fn close_code(&self) -> Option<CloseCode> {
        self.shared.close_code.get().copied()
    }

    /// Resolves when the connection is to end. A writer that is stuck in a write watches it.
    pub async fn let_go(&self) {
        self.shared.closed.cancelled().await;
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        // Without a writer nothing leaves any more: tell the reader and every room.
        self.shared.close_code.get_or_init(|| CloseCode::GoingAway);
        self.shared.closed.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(size: usize) -> Bytes {
        Bytes::from(vec![b'x'; size])
    }

    #[tokio::test]
    async fn a_reader_that_falls_behind_is_let_go_at_once() {
        let (outbox, mut inlet) = outbox(1_000);
        assert_eq!(outbox.push(frame(600), Delivery::Sure), Ok(()));
        assert_eq!(outbox.push(frame(600), Delivery::Sure), Err(Gone));
        assert_eq!(inlet.next(&mut Vec::new(), 8).await, Next::Close(CloseCode::TooSlow));
        assert_eq!(outbox.push(frame(1), Delivery::Sure), Err(Gone));
    }

    #[tokio::test]
    async fn fleeting_frames_are_dropped_long_before_that() {
        let (outbox, mut inlet) = outbox(1_000);
        assert_eq!(outbox.push(frame(300), Delivery::Sure), Ok(()));
        assert_eq!(outbox.push(frame(10), Delivery::Fleeting), Ok(()));
        let mut taken = Vec::new();
        assert_eq!(inlet.next(&mut taken, 8).await, Next::Frames);
        assert_eq!(taken, [frame(300)]);
    }

    #[tokio::test]
    async fn a_close_comes_after_what_was_said_before_it() {
        let (outbox, mut inlet) = outbox(1_000);
        outbox.push(frame(10), Delivery::Sure).unwrap();
        outbox.close(CloseCode::Token);
        outbox.close(CloseCode::Normal);
        let mut taken = Vec::new();
        assert_eq!(inlet.next(&mut taken, 8).await, Next::Frames);
        assert_eq!(inlet.next(&mut taken, 8).await, Next::Close(CloseCode::Token));
    }

    #[tokio::test]
    async fn what_was_written_no_longer_counts_and_one_frame_always_fits() {
        let (outbox, mut inlet) = outbox(1_000);
        for _ in 0..5 {
            outbox.push(frame(5_000), Delivery::Sure).unwrap();
            assert_eq!(inlet.next(&mut Vec::new(), 8).await, Next::Frames);
        }
    }
}
