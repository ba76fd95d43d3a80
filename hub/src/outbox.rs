//! What waits for one client: bounded in bytes, never waiting for it.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use bytes::Bytes;
use protocol::{CloseCode, Cursor, RoomId};
use tokio::sync::Notify;

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

/// An [`Outlet`] that queues for a writer. When the last clone goes, the writer ends after what was pushed.
#[derive(Debug)]
pub struct Outbox {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// A std mutex: held while a frame is queued or a burst is taken, never across an `.await`.
    state: Mutex<State>,
    /// Raised when there is room again after there was none, and at the end.
    news: Notify,
    /// How many may push. Counted here: a second pointer on the way would cost every delivery a look at it.
    outboxes: AtomicUsize,
}

#[derive(Debug)]
struct State {
    backlog: Backlog<Bytes>,
    close: Option<CloseCode>,
    /// Woken when something waits after nothing did: once for a burst, not for each of its frames.
    writer: Option<Waker>,
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

/// What a writer was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Nothing waits.
    Nothing,
    /// Some frames; there may be more.
    Some,
    /// All the frames that waited. Whatever comes wakes the writer.
    All,
    /// No frames: all are written, and the connection is to end.
    Close(CloseCode),
}

/// Bytes that a frame costs beside its text: the queue's own slot and the frame header.
const FRAME_OVERHEAD: usize = 48;

/// A queue for one client that holds at most `limit` bytes.
pub fn outbox(limit: usize) -> (Outbox, Inlet) {
    let state = Mutex::new(State { backlog: Backlog::new(limit), close: None, writer: None });
    let shared = Arc::new(Shared { state, news: Notify::new(), outboxes: AtomicUsize::new(1) });
    (Outbox { shared: shared.clone() }, Inlet { shared })
}

impl Shared {
    /// Nothing that is done under the lock can panic, so a poisoned one only tells of a panic elsewhere.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self, code: CloseCode) {
        let mut state = self.lock();
        state.close.get_or_insert(code);
        let writer = state.writer.clone();
        drop(state);
        self.news.notify_waiters();
        // Outside of the lock: a waker may do anything.
        if let Some(writer) = writer {
            writer.wake();
        }
    }

    /// Resolves as soon as the state is so; whatever makes it so raises `news`.
    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        loop {
            // Made before the look: it also hears what happens between the look and the waiting.
            let news = self.news.notified();
            if is_so(&self.lock()) {
                return;
            }
            news.await;
        }
    }
}

impl State {
    fn is_closed(&self) -> bool {
        self.close.is_some()
    }

    /// Whether one more frame finds room, or does not matter any more.
    fn has_room(&self) -> bool {
        self.is_closed() || self.backlog.has_room()
    }
}

impl Outbox {
    /// Whether the connection is to end.
    pub fn is_closed(&self) -> bool {
        self.shared.lock().is_closed()
    }

    /// Resolves when the connection is to end, whoever decided it.
    pub async fn closed(&self) {
        self.shared.until(State::is_closed).await;
    }

    /// Whether [`drained`](Self::drained) would resolve at once.
    pub fn has_room(&self) -> bool {
        self.shared.lock().has_room()
    }

    /// Resolves when so little waits that one more frame finds room, however large, or when the connection is to end. Who
    /// waits for it before a question is taken up does not let a client go for what it asked.
    pub async fn drained(&self) {
        self.shared.until(State::has_room).await;
    }
}

impl Outlet for Outbox {
    fn push(&self, frame: Bytes, delivery: Delivery) -> Result<(), Gone> {
        let shared = &*self.shared;
        let mut state = shared.lock();
        if state.is_closed() {
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
        // Under the lock, which spares a clone of the waker: see [`Inlet::wake_with`].
        if was_empty && let Some(writer) = &state.writer {
            writer.wake_by_ref();
        }
        Ok(())
    }

    fn close(&self, code: CloseCode) {
        self.shared.close(code);
    }
}

impl Clone for Outbox {
    fn clone(&self) -> Self {
        self.shared.outboxes.fetch_add(1, Ordering::Relaxed);
        Self { shared: self.shared.clone() }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        if self.shared.outboxes.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.close(CloseCode::Normal);
        }
    }
}

impl Inlet {
    /// Whom to wake when there is something to do. The waker must not come back to this outbox at once.
    pub fn wake_with(&self, waker: &Waker) {
        let mut state = self.shared.lock();
        if !state.writer.as_ref().is_some_and(|writer| writer.will_wake(waker)) {
            state.writer = Some(waker.clone());
        }
    }

    /// Waits for something to do. Frames go into `buffer`, at most `limit` of them.
    ///
    /// A reader that was let go for being slow gets its close frame at once; every other close comes after what was
    /// pushed before it.
    pub async fn next(&mut self, buffer: &mut Vec<Bytes>, limit: usize) -> Next {
        poll_fn(|cx| {
            // Before the look: what comes after it wakes.
            self.wake_with(cx.waker());
            match self.take(limit, |frame| buffer.push(frame)) {
                Taken::Nothing => Poll::Pending,
                Taken::Some | Taken::All => Poll::Ready(Next::Frames),
                Taken::Close(code) => Poll::Ready(Next::Close(code)),
            }
        })
        .await
    }

    /// What to do now. Frames are given to `put`, at most `limit` of them.
    pub fn take(&self, limit: usize, put: impl FnMut(Bytes)) -> Taken {
        let mut state = self.shared.lock();
        if state.backlog.is_empty() {
            return state.close.map_or(Taken::Nothing, Taken::Close);
        }
        let had_room = state.backlog.has_room();
        state.backlog.take(limit, put);
        if !had_room && state.backlog.has_room() {
            self.shared.news.notify_waiters();
        }
        if state.backlog.is_empty() && !state.is_closed() { Taken::All } else { Taken::Some }
    }

    /// Resolves when the connection is to end. A writer that is stuck in a write watches it.
    pub async fn let_go(&self) {
        self.shared.until(State::is_closed).await;
    }

    /// Without a writer nothing leaves any more: tells the reader and every room.
    pub fn end(&self) {
        let mut state = self.shared.lock();
        state.backlog.clear();
        state.writer = None;
        drop(state);
        self.shared.close(CloseCode::GoingAway);
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        self.end();
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
