//! What a client sent and the application has not taken up: in order, and bounded in bytes.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::sync::Notify;

use super::session::Shared;

/// A message of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text; UTF-8.
    Text(Bytes),
    /// Bytes.
    Binary(Bytes),
}

/// Bytes that a message costs beside its content.
const OVERHEAD: usize = 48;

impl Message {
    /// Bytes that it counts for.
    pub fn weight(&self) -> usize {
        let (Self::Text(data) | Self::Binary(data)) = self;
        data.len() + OVERHEAD
    }
}

/// Where transports put messages.
#[derive(Debug)]
pub(super) struct Mailbox {
    limit: usize,
    queue: Mutex<Queue>,
    taken: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Message>,
    bytes: usize,
    is_closed: bool,
    /// Of the application, which waits for a message; nobody else does.
    reader: Option<Waker>,
}

impl Queue {
    fn wake(mut queue: MutexGuard<'_, Self>) {
        let reader = queue.reader.take();
        // Outside of the lock: a waker may do anything.
        drop(queue);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl Mailbox {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, queue: Mutex::default(), taken: Notify::new() }
    }

    /// Adds a message. After [`close`](Self::close) it is dropped.
    ///
    /// # Errors
    /// The message, where there is no room for it.
    pub(super) fn put(&self, message: Message) -> Result<(), Message> {
        let weight = message.weight();
        let mut queue = self.lock();
        if queue.is_closed {
            return Ok(());
        }
        // A single message always fits, however large.
        if !queue.messages.is_empty() && queue.bytes + weight > self.limit {
            return Err(message);
        }
        queue.bytes += weight;
        queue.messages.push_back(message);
        Queue::wake(queue);
        Ok(())
    }

    /// As [`put`](Self::put), as soon as there is room.
    pub(super) async fn deliver(&self, mut message: Message) {
        loop {
            // Made before the look: it also hears what happens between the look and the waiting.
            let taken = self.taken.notified();
            match self.put(message) {
                Ok(()) => return,
                Err(back) => message = back,
            }
            taken.await;
        }
    }

    /// Nothing comes any more. What has come is still taken up.
    pub(super) fn close(&self) {
        let mut queue = self.lock();
        queue.is_closed = true;
        Queue::wake(queue);
        self.taken.notify_waiters();
    }

    fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        let mut queue = self.lock();
        if let Some(message) = queue.messages.pop_front() {
            queue.bytes -= message.weight();
            if queue.messages.is_empty() {
                // An idle session owns no buffer.
                queue.messages = VecDeque::new();
            }
            drop(queue);
            self.taken.notify_one();
            return Poll::Ready(Some(message));
        }
        if queue.is_closed {
            return Poll::Ready(None);
        }
        queue.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the application takes messages up.
#[derive(Debug)]
pub struct Inbox {
    session: Arc<Shared>,
}

impl Inbox {
    pub(super) fn new(session: Arc<Shared>) -> Self {
        Self { session }
    }

    /// The next message. `None` once the session has ended and everything was taken up. May be dropped and called again;
    /// nothing is lost.
    pub async fn next(&mut self) -> Option<Message> {
        poll_fn(|cx| self.session.mailbox.poll_next(cx)).await
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        // Nobody takes anything up any more; whoever waits for room must not wait for ever.
        self.session.mailbox.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: usize) -> Message {
        Message::Text(vec![b'x'; bytes].into())
    }

    #[tokio::test]
    async fn so_many_bytes_wait_or_one_message() {
        let mailbox = Mailbox::new(1_000);
        mailbox.put(text(5_000)).unwrap();
        assert!(mailbox.put(text(1)).is_err());
        poll_fn(|cx| mailbox.poll_next(cx)).await.unwrap();
        // Each costs something beside its content.
        mailbox.put(text(900 - OVERHEAD)).unwrap();
        assert!(mailbox.put(text(101 - OVERHEAD)).is_err());
        mailbox.put(text(100 - OVERHEAD)).unwrap();
        assert!(mailbox.put(text(0)).is_err());
        mailbox.close();
        assert!(mailbox.put(text(5_000)).is_ok(), "it is dropped");
        let waiting = std::iter::from_fn(|| mailbox.lock().messages.pop_front()).count();
        assert_eq!(waiting, 2);
    }
}
