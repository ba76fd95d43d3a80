//! What waits for one client: bounded in bytes, never waiting for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use protocol::{CloseCode, Cursor, RoomId};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::backlog::{Backlog, Delivery, Full};
use crate::planted::{Bug, planted};

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

/// An [`Outlet`] that queues for a writer task. When the last clone goes, the writer ends after what was pushed.
#[derive(Debug, Clone)]
pub struct Outbox {
    ends: Arc<Ends>,
}

#[derive(Debug)]
struct Ends {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// A std mutex: held while a frame is queued or a burst is taken, never across an `.await`.
    state: Mutex<State>,
    /// Raised when something waits after nothing did: once for a burst, not for each of its frames.
    wake: Notify,
    /// Raised when there is room again after there was none, and at the end.
    drained: Notify,
    closed: CancellationToken,
}

#[derive(Debug)]
struct State {
    backlog: Backlog<Bytes>,
    close: Option<CloseCode>,
}

/// The writer's end of an [`Outbox`].
#[derive(Debug)]
pub struct Inlet {
    shared: Arc<Shared>,
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
    let state = Mutex::new(State { backlog: Backlog::new(limit), close: None });
    let closed = CancellationToken::new();
    let shared = Arc::new(Shared { state, wake: Notify::new(), drained: Notify::new(), closed });
    (Outbox { ends: Arc::new(Ends { shared: shared.clone() }) }, Inlet { shared })
}

impl Shared {
    /// Nothing that is done under the lock can panic, so a poisoned one only tells of a panic elsewhere.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self, code: CloseCode) {
        self.lock().close.get_or_insert(code);
        self.closed.cancel();
        self.wake.notify_one();
        self.drained.notify_waiters();
    }

    fn is_drained(&self) -> bool {
        let state = self.lock();
        state.close.is_some() || state.backlog.has_room()
    }
}

impl Outbox {
    /// Resolves when the connection is to end, whoever decided it.
    pub async fn closed(&self) {
        self.ends.shared.closed.cancelled().await;
    }

    /// Resolves when so little waits that one more frame finds room, however large, or when the connection is to end. Who
    /// waits for it before a question is taken up does not let a client go for what it asked.
    pub async fn drained(&self) {
        let shared = &*self.ends.shared;
        loop {
            // Made before the look: it also hears what happens between the look and the waiting.
            let drained = shared.drained.notified();
            if shared.is_drained() {
                return;
            }
            drained.await;
        }
    }
}

impl Outlet for Outbox {
    fn push(&self, frame: Bytes, delivery: Delivery) -> Result<(), Gone> {
        let shared = &*self.ends.shared;
        let mut state = shared.lock();
        if state.close.is_some() {
            return Err(Gone);
        }
        let was_empty = state.backlog.is_empty();
        let bytes = frame.len() + FRAME_OVERHEAD;
        if let Err(Full) = state.backlog.push(frame, bytes, delivery) {
            if planted(Bug::DropOnFullOutbox) {
                return Ok(());
            }
            // What it did not read in time it will recover.
            state.backlog.clear();
            drop(state);
            shared.close(CloseCode::TooSlow);
            return Err(Gone);
        }
        drop(state);
        if was_empty {
            shared.wake.notify_one();
        }
        Ok(())
    }

    fn close(&self, code: CloseCode) {
        self.ends.shared.close(code);
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.shared.close(CloseCode::Normal);
    }
}

impl Inlet {
    /// Waits for something to do. Frames go into `buffer`, at most `limit` of them.
    ///
    /// A reader that was let go for being slow gets its close frame at once; every other close comes after what was
    /// pushed before it.
    pub async fn next(&mut self, buffer: &mut Vec<Bytes>, limit: usize) -> Next {
        loop {
            if let Some(next) = self.turn(buffer, limit) {
                return next;
            }
            self.shared.wake.notified().await;
        }
    }

    fn turn(&self, buffer: &mut Vec<Bytes>, limit: usize) -> Option<Next> {
        let mut state = self.shared.lock();
        if state.backlog.is_empty() {
            return state.close.map(Next::Close);
        }
        let had_room = state.backlog.has_room();
        state.backlog.take(buffer, limit);
        if !had_room && state.backlog.has_room() {
            self.shared.drained.notify_waiters();
        }
        Some(Next::Frames)
    }

    /// Resolves when the connection is to end. A writer that is stuck in a write watches it.
    pub async fn let_go(&self) {
        self.shared.closed.cancelled().await;
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        // Without a writer nothing leaves any more: tell the reader and every room.
        self.shared.lock().backlog.clear();
        self.shared.close(CloseCode::GoingAway);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::{Pin, pin};
    use std::task::{Context, Waker};

    use super::*;

    fn is_done(future: Pin<&mut impl Future<Output = ()>>) -> bool {
        future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

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
    async fn a_writer_ends_when_nobody_can_push_any_more() {
        let (outbox, mut inlet) = outbox(1_000);
        let another = outbox.clone();
        drop(outbox);
        another.push(frame(10), Delivery::Sure).unwrap();
        drop(another);
        assert_eq!(inlet.next(&mut Vec::new(), 8).await, Next::Frames);
        assert_eq!(inlet.next(&mut Vec::new(), 8).await, Next::Close(CloseCode::Normal));
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
    async fn whoever_waits_for_room_hears_of_it_and_of_the_end() {
        let (outbox, mut inlet) = outbox(1_000);
        outbox.drained().await;
        for _ in 0..4 {
            outbox.push(frame(150), Delivery::Sure).unwrap();
        }
        let mut waiting = pin!(outbox.drained());
        let mut taken = Vec::new();
        for frames_left in [3, 2] {
            assert_eq!(inlet.next(&mut taken, 1).await, Next::Frames);
            assert!(!is_done(waiting.as_mut()), "{frames_left} wait");
        }
        assert_eq!(inlet.next(&mut taken, 1).await, Next::Frames);
        assert!(is_done(waiting.as_mut()));

        outbox.push(frame(900), Delivery::Sure).unwrap();
        let mut waiting = pin!(outbox.drained());
        assert!(!is_done(waiting.as_mut()));
        drop(inlet);
        assert!(is_done(waiting.as_mut()));
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
