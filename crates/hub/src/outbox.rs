//! What waits for one client: bounded in bytes, never waiting for it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use bytes::Bytes;
use protocol::{CloseCode, Cursor, RoomId};
use send_queue::{DeliveryPolicy, QueueFull, SendQueue};
use tokio::sync::{Notify, oneshot};

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

/// What an [`Outlet`] answers with, sooner or later.
pub type OutletFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where a gateway takes frames for one client. The hub knows nothing else of a connection: how shared bytes leave the
/// house is the gateway's business.
pub trait Outlet: Send + Sync + 'static {
    /// Takes a frame without waiting.
    ///
    /// # Errors
    /// [`Gone`] when the reader has left or has just been let go for being slow.
    fn push(&self, frame: Bytes, delivery: DeliveryPolicy) -> Result<(), Gone>;

    /// Takes a frame that must arrive, after which the reader stands at `track`.
    ///
    /// # Errors
    /// As [`Outlet::push`].
    fn push_at(&self, frame: Bytes, track: Track<'_>) -> Result<(), Gone> {
        self.place(track);
        self.push(frame, DeliveryPolicy::Reliable)
    }

    /// The reader stands here now, without having been told anything. For gateways that keep account of it.
    fn place(&self, _: Track<'_>) {}

    /// Resolves when the client keeps up with what was pushed, or when the connection is to end. A sender of many frames
    /// waits for it before each portion: then the portions leave room for what the client asks for meanwhile.
    fn keeps_up(&self) -> OutletFuture<'_, ()>;

    /// Asks the client to prove that it received everything pushed before this call, and resolves when it has. The request
    /// leaves right behind the last frame pushed. At most one may be under way.
    ///
    /// # Errors
    /// [`Gone`] when the connection ended before, which proves nothing.
    fn receipt(&self) -> OutletFuture<'static, Result<(), Gone>>;

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
    send_queue: SendQueue<OutboxItem>,
    close: Option<CloseCode>,
    /// There once a receipt was asked for.
    receipts: Option<Box<Receipts>>,
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

/// What a writer takes out of an [`Outbox`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxItem {
    /// A frame of the client's dialect.
    Frame(Bytes),
    /// A request for a receipt. The client's answer goes to [`Outbox::answer`] with this token.
    Ping(u64),
}

const _: () = assert!(size_of::<OutboxItem>() == size_of::<Bytes>());

/// Requests for receipts of one connection.
#[derive(Debug, Default)]
struct Receipts {
    /// The token of the last request.
    token: u64,
    /// Told when the client answers it.
    waiting: Option<oneshot::Sender<()>>,
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
    let state =
        Mutex::new(State { send_queue: SendQueue::new(limit), close: None, receipts: None, writer: None });
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
        // An answer that comes later is not waited for: a close proves nothing.
        let receipts = state.receipts.take();
        let writer = state.writer.clone();
        drop(state);
        drop(receipts);
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
        self.is_closed() || self.send_queue.has_room()
    }
}

impl Outbox {
    /// Whether the connection is to end.
    pub fn is_closed(&self) -> bool {
        self.shared.lock().is_closed()
    }

    /// Why the connection is to end; `None` while it is not.
    pub fn close_code(&self) -> Option<CloseCode> {
        self.shared.lock().close
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

    /// The client answered a request for a receipt. Another token than that of the last request proves nothing.
    pub fn answer(&self, token: u64) {
        let mut state = self.shared.lock();
        let receipts = state.receipts.as_mut().filter(|receipts| receipts.token == token);
        let waiting = receipts.and_then(|receipts| receipts.waiting.take());
        drop(state);
        if let Some(waiting) = waiting {
            // The one who asked may have left.
            waiting.send(()).ok();
        }
    }
}

impl Outlet for Outbox {
    fn push(&self, frame: Bytes, delivery: DeliveryPolicy) -> Result<(), Gone> {
        let shared = &*self.shared;
        let mut state = shared.lock();
        if state.is_closed() {
            return Err(Gone);
        }
        let was_empty = state.send_queue.is_empty();
        let bytes = frame.len() + FRAME_OVERHEAD;
        if let Err(QueueFull) = state.send_queue.push(OutboxItem::Frame(frame), bytes, delivery) {
            if planted(Bug::DropOnFullOutbox) {
                return Ok(());
            }
            // What it did not read in time it will recover.
            state.send_queue.clear();
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

    fn keeps_up(&self) -> OutletFuture<'_, ()> {
        Box::pin(self.shared.until(|state| state.is_closed() || !state.send_queue.is_lagging()))
    }

    fn receipt(&self) -> OutletFuture<'static, Result<(), Gone>> {
        let mut state = self.shared.lock();
        if state.is_closed() {
            return Box::pin(std::future::ready(Err(Gone)));
        }
        let (answered, answer) = oneshot::channel();
        let receipts = state.receipts.get_or_insert_default();
        receipts.token += 1;
        receipts.waiting = Some(answered);
        let token = receipts.token;
        let was_empty = state.send_queue.is_empty();
        state.send_queue.push_uncounted([OutboxItem::Ping(token)]);
        if was_empty && let Some(writer) = &state.writer {
            writer.wake_by_ref();
        }
        drop(state);
        Box::pin(async move { answer.await.map_err(|_| Gone) })
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

    /// Waits for something to do. What is to be written goes into `buffer`, at most `limit` items.
    ///
    /// A reader that was let go for being slow gets its close frame at once; every other close comes after what was
    /// pushed before it.
    pub async fn next(&mut self, buffer: &mut Vec<OutboxItem>, limit: usize) -> Next {
        poll_fn(|cx| {
            // Before the look: what comes after it wakes.
            self.wake_with(cx.waker());
            match self.take(limit, |item| buffer.push(item)) {
                Taken::Nothing => Poll::Pending,
                Taken::Some | Taken::All => Poll::Ready(Next::Frames),
                Taken::Close(code) => Poll::Ready(Next::Close(code)),
            }
        })
        .await
    }

    /// What to do now. What is to be written is given to `put`, at most `limit` items.
    pub fn take(&self, limit: usize, put: impl FnMut(OutboxItem)) -> Taken {
        let mut state = self.shared.lock();
        if state.send_queue.is_empty() {
            return state.close.map_or(Taken::Nothing, Taken::Close);
        }
        let before = (state.send_queue.has_room(), state.send_queue.is_lagging());
        state.send_queue.take(limit, put);
        if before != (state.send_queue.has_room(), state.send_queue.is_lagging()) {
            self.shared.news.notify_waiters();
        }
        if state.send_queue.is_empty() && !state.is_closed() { Taken::All } else { Taken::Some }
    }

    /// Resolves when the connection is to end. A writer that is stuck in a write watches it.
    pub async fn let_go(&self) {
        self.shared.until(State::is_closed).await;
    }

    /// Without a writer nothing leaves any more: tells the reader and every room.
    pub fn end(&self) {
        let mut state = self.shared.lock();
        state.send_queue.clear();
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
#[path = "outbox_tests.rs"]
mod tests;
