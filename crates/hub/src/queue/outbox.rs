//! Outbox: hands frames from any task to the writer of one connection. A sender never waits for the client.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use bytes::Bytes;
use protocol::CloseCode;
use send_queue::{DeliveryPolicy, QueueFull, SendQueue};
use tokio::sync::{Notify, oneshot};

use super::transport::{ClientTransport, Disconnected, TransportFuture};

/// A [`ClientTransport`] that queues for a writer. When the last clone is dropped, the writer ends after what was pushed.
#[derive(Debug)]
pub struct Outbox {
    channel: Arc<Channel>,
}

#[derive(Debug)]
struct Channel {
    /// A std mutex: held while a frame is queued or a burst is taken, never across an `.await`.
    state: Mutex<State>,
    /// Notified when there is room again after there was none, and at the end.
    changed: Notify,
    /// How many [`Outbox`]es there are. Counted here, because a second pointer would cost every push one more cache miss.
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
pub struct OutboxReceiver {
    channel: Arc<Channel>,
}

/// What a writer does next.
#[derive(Debug, PartialEq, Eq)]
pub enum WriterAction {
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
    /// Completed when the client answers it.
    waiting: Option<oneshot::Sender<()>>,
}

/// The result of [`OutboxReceiver::take`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Nothing waits.
    Nothing,
    /// Some frames; there may be more.
    Some,
    /// All the frames that waited. The next one wakes the writer.
    All,
    /// No frames: all are written, and the connection is to end.
    Close(CloseCode),
}

/// Bytes that a frame costs beside its text: the queue's own slot and the frame header.
const FRAME_OVERHEAD: usize = 48;

/// A queue for one client that holds at most `limit` bytes.
pub fn outbox(limit: usize) -> (Outbox, OutboxReceiver) {
    let state =
        Mutex::new(State { send_queue: SendQueue::new(limit), close: None, receipts: None, writer: None });
    let channel = Arc::new(Channel { state, changed: Notify::new(), outboxes: AtomicUsize::new(1) });
    (Outbox { channel: channel.clone() }, OutboxReceiver { channel })
}

impl Channel {
    /// Nothing that runs under the lock can panic, so a poisoned lock means a panic elsewhere.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self, code: CloseCode) {
        let mut state = self.lock();
        state.close.get_or_insert(code);
        // A later answer is not waited for: a close proves nothing.
        let receipts = state.receipts.take();
        let writer = state.writer.clone();
        drop(state);
        drop(receipts);
        self.changed.notify_waiters();
        // Outside of the lock: a waker may do anything.
        if let Some(writer) = writer {
            writer.wake();
        }
    }

    /// Resolves as soon as the condition holds; every change that can make it hold notifies `changed`.
    async fn until(&self, holds: impl Fn(&State) -> bool) {
        loop {
            // Created before the check, so that a change between the check and the wait is not missed.
            let changed = self.changed.notified();
            if holds(&self.lock()) {
                return;
            }
            changed.await;
        }
    }
}

impl State {
    fn is_closed(&self) -> bool {
        self.close.is_some()
    }

    /// Whether one more frame finds room, or does not matter because the connection ends.
    fn has_room(&self) -> bool {
        self.is_closed() || self.send_queue.has_room()
    }
}

impl Outbox {
    /// Whether the connection is to end.
    pub fn is_closed(&self) -> bool {
        self.channel.lock().is_closed()
    }

    /// Why the connection is to end; `None` while it is not.
    pub fn close_code(&self) -> Option<CloseCode> {
        self.channel.lock().close
    }

    /// Resolves when the connection is to end.
    pub async fn closed(&self) {
        self.channel.until(State::is_closed).await;
    }

    /// Whether [`room_available`](Self::room_available) would resolve at once.
    pub fn has_room(&self) -> bool {
        self.channel.lock().has_room()
    }

    /// Resolves when so little waits that one more frame finds room, however large, or when the connection is to end. A gateway
    /// that waits for it before it reads the next command does not disconnect a client for the answers to its own commands.
    pub async fn room_available(&self) {
        self.channel.until(State::has_room).await;
    }

    /// The client answered a request for a receipt. Another token than that of the last request proves nothing.
    pub fn answer(&self, token: u64) {
        let mut state = self.channel.lock();
        let receipts = state.receipts.as_mut().filter(|receipts| receipts.token == token);
        let waiting = receipts.and_then(|receipts| receipts.waiting.take());
        drop(state);
        if let Some(waiting) = waiting {
            // The task that asked may have ended.
            waiting.send(()).ok();
        }
    }
}

impl ClientTransport for Outbox {
    fn push(&self, frame: Bytes, delivery: DeliveryPolicy) -> Result<(), Disconnected> {
        let channel = &*self.channel;
        let mut state = channel.lock();
        if state.is_closed() {
            return Err(Disconnected);
        }
        let was_empty = state.send_queue.is_empty();
        let bytes = frame.len() + FRAME_OVERHEAD;
        if let Err(QueueFull) = state.send_queue.push(OutboxItem::Frame(frame), bytes, delivery) {
            // The client recovers what it did not read in time.
            state.send_queue.clear();
            drop(state);
            channel.close(CloseCode::TooSlow);
            return Err(Disconnected);
        }
        // Under the lock, which spares a clone of the waker: see [`OutboxReceiver::wake_with`].
        if was_empty && let Some(writer) = &state.writer {
            writer.wake_by_ref();
        }
        Ok(())
    }

    fn keeps_up(&self) -> TransportFuture<'_, ()> {
        Box::pin(self.channel.until(|state| state.is_closed() || !state.send_queue.is_lagging()))
    }

    fn receipt(&self) -> TransportFuture<'static, Result<(), Disconnected>> {
        let mut state = self.channel.lock();
        if state.is_closed() {
            return Box::pin(std::future::ready(Err(Disconnected)));
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
        Box::pin(async move { answer.await.map_err(|_| Disconnected) })
    }

    fn close(&self, code: CloseCode) {
        self.channel.close(code);
    }
}

impl Clone for Outbox {
    fn clone(&self) -> Self {
        self.channel.outboxes.fetch_add(1, Ordering::Relaxed);
        Self { channel: self.channel.clone() }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        if self.channel.outboxes.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.channel.close(CloseCode::Normal);
        }
    }
}

impl OutboxReceiver {
    /// Sets the waker for when there is something to do. It runs under the lock, so it must not use this outbox.
    pub fn wake_with(&self, waker: &Waker) {
        let mut state = self.channel.lock();
        if !state.writer.as_ref().is_some_and(|writer| writer.will_wake(waker)) {
            state.writer = Some(waker.clone());
        }
    }

    /// Waits for something to do. Items to write go into `buffer`, at most `limit`.
    ///
    /// A client that is too slow gets its close frame at once; every other close comes after what was pushed before it.
    pub async fn next(&mut self, buffer: &mut Vec<OutboxItem>, limit: usize) -> WriterAction {
        poll_fn(|cx| {
            // Before the check, so that a push after the check wakes.
            self.wake_with(cx.waker());
            match self.take(limit, |item| buffer.push(item)) {
                Taken::Nothing => Poll::Pending,
                Taken::Some | Taken::All => Poll::Ready(WriterAction::Frames),
                Taken::Close(code) => Poll::Ready(WriterAction::Close(code)),
            }
        })
        .await
    }

    /// What to do now. Items to write are given to `put`, at most `limit`.
    pub fn take(&self, limit: usize, put: impl FnMut(OutboxItem)) -> Taken {
        let mut state = self.channel.lock();
        if state.send_queue.is_empty() {
            return state.close.map_or(Taken::Nothing, Taken::Close);
        }
        let before = (state.send_queue.has_room(), state.send_queue.is_lagging());
        state.send_queue.take(limit, put);
        if before != (state.send_queue.has_room(), state.send_queue.is_lagging()) {
            self.channel.changed.notify_waiters();
        }
        if state.send_queue.is_empty() && !state.is_closed() { Taken::All } else { Taken::Some }
    }

    /// Resolves when the connection is to end. A writer that is stuck in a write waits for it as well.
    pub async fn closed(&self) {
        self.channel.until(State::is_closed).await;
    }

    /// Ends the connection because it has no writer any more.
    pub fn end(&self) {
        let mut state = self.channel.lock();
        state.send_queue.clear();
        state.writer = None;
        drop(state);
        self.channel.close(CloseCode::GoingAway);
    }
}

impl Drop for OutboxReceiver {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
