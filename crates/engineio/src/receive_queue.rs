//! Receive queue: messages that a client sent and the application has not taken, in order and bounded in bytes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::sync::Notify;

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

/// The queue between the transports and the application.
#[derive(Debug)]
pub(crate) struct ReceiveQueue {
    limit: usize,
    queue: Mutex<Queue>,
    taken: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Message>,
    bytes: usize,
    is_closed: bool,
    /// The waker of the application, the only one that waits for a message.
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

impl ReceiveQueue {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, queue: Mutex::default(), taken: Notify::new() }
    }

    /// Adds a message. After [`close`](Self::close) it is dropped.
    ///
    /// # Errors
    /// The message, where there is no room for it.
    pub(crate) fn put(&self, message: Message) -> Result<(), Message> {
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
    pub(crate) async fn deliver(&self, mut message: Message) {
        loop {
            // Created before the check, so that a change between the check and the wait is not missed.
            let taken = self.taken.notified();
            match self.put(message) {
                Ok(()) => return,
                Err(back) => message = back,
            }
            taken.await;
        }
    }

    /// No message comes any more. Those that have come can still be taken.
    pub(crate) fn close(&self) {
        let mut queue = self.lock();
        queue.is_closed = true;
        Queue::wake(queue);
        self.taken.notify_waiters();
    }

    pub(crate) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    fn text(bytes: usize) -> Message {
        Message::Text(vec![b'x'; bytes].into())
    }

    #[tokio::test]
    async fn the_queue_is_bounded_in_bytes_and_takes_one_message_of_any_size() {
        let queue = ReceiveQueue::new(1_000);
        queue.put(text(5_000)).unwrap();
        assert!(queue.put(text(1)).is_err());
        poll_fn(|cx| queue.poll_next(cx)).await.unwrap();
        // Each costs something beside its content.
        queue.put(text(900 - OVERHEAD)).unwrap();
        assert!(queue.put(text(101 - OVERHEAD)).is_err());
        queue.put(text(100 - OVERHEAD)).unwrap();
        assert!(queue.put(text(0)).is_err());
        queue.close();
        assert!(queue.put(text(5_000)).is_ok(), "it is dropped");
        let waiting = std::iter::from_fn(|| queue.lock().messages.pop_front()).count();
        assert_eq!(waiting, 2);
    }
}
