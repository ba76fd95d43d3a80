//! What a client sent and the application has not taken up: in order, and bounded in bytes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    fn weight(&self) -> usize {
        let (Self::Text(data) | Self::Binary(data)) = self;
        data.len() + OVERHEAD
    }
}

/// Where transports put messages.
#[derive(Debug)]
pub(super) struct Mailbox {
    limit: usize,
    queue: Mutex<Queue>,
    arrived: Notify,
    taken: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Message>,
    bytes: usize,
    is_closed: bool,
}

impl Mailbox {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, queue: Mutex::default(), arrived: Notify::new(), taken: Notify::new() }
    }

    /// Adds a message as soon as there is room. After [`close`](Self::close) it is dropped.
    pub(super) async fn deliver(&self, message: Message) {
        let weight = message.weight();
        loop {
            let taken = self.taken.notified();
            {
                let mut queue = self.lock();
                if queue.is_closed {
                    return;
                }
                // A single message always fits, however large.
                if queue.messages.is_empty() || queue.bytes + weight <= self.limit {
                    queue.bytes += weight;
                    queue.messages.push_back(message);
                    break;
                }
            }
            taken.await;
        }
        self.arrived.notify_one();
    }

    /// Nothing comes any more. What has come is still taken up.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.arrived.notify_one();
        self.taken.notify_waiters();
    }

    async fn next(&self) -> Option<Message> {
        loop {
            let arrived = self.arrived.notified();
            {
                let mut queue = self.lock();
                if let Some(message) = queue.messages.pop_front() {
                    queue.bytes -= message.weight();
                    if queue.messages.is_empty() {
                        // An idle session owns no buffer.
                        queue.messages = VecDeque::new();
                    }
                    self.taken.notify_one();
                    return Some(message);
                }
                if queue.is_closed {
                    return None;
                }
            }
            arrived.await;
        }
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
        self.session.mailbox.next().await
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        // Nobody takes anything up any more; whoever waits for room must not wait for ever.
        self.session.mailbox.close();
    }
}
