//! Events that the client is asked to acknowledge, until it does.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use wire::socketio::Args;

use super::socket::Socket;
use crate::engineio::Gone;

/// What one client has not acknowledged yet.
#[derive(Debug, Default)]
pub(super) struct Acks {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    /// A tree, because one without anything in it is small.
    by_id: BTreeMap<u64, oneshot::Sender<Args>>,
    is_over: bool,
}

impl Acks {
    /// A number for an event, and where its answer arrives.
    pub(super) fn expect(&self) -> Result<(u64, oneshot::Receiver<Args>), Gone> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.lock();
        if waiting.is_over {
            return Err(Gone);
        }
        let id = waiting.next;
        waiting.next += 1;
        waiting.by_id.insert(id, sender);
        Ok((id, receiver))
    }

    /// Nobody waits for this answer any more.
    fn give_up(&self, id: u64) {
        self.lock().by_id.remove(&id);
    }

    /// The client answers. An answer that nobody waits for is late, and dropped.
    pub(super) fn resolve(&self, id: u64, args: Args) {
        let sender = self.lock().by_id.remove(&id);
        if sender.is_none_or(|sender| sender.send(args).is_err()) {
            tracing::debug!(id, "An acknowledgement that nobody waits for");
        }
    }

    /// No answer comes any more.
    pub(super) fn end(&self) {
        let mut waiting = self.lock();
        waiting.is_over = true;
        waiting.by_id = BTreeMap::new();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An event that the client is asked to acknowledge. Dropping it is giving up.
#[derive(Debug)]
pub struct PendingAck {
    id: u64,
    answer: oneshot::Receiver<Args>,
    socket: Socket,
}

impl PendingAck {
    pub(super) fn new(id: u64, answer: oneshot::Receiver<Args>, socket: Socket) -> Self {
        Self { id, answer, socket }
    }

    /// Waits for the client's answer; for how long is up to the caller.
    ///
    /// # Errors
    /// [`Gone`] when the client leaves before it answers.
    pub async fn answer(mut self) -> Result<Args, Gone> {
        (&mut self.answer).await.map_err(|_| Gone)
    }
}

impl Drop for PendingAck {
    fn drop(&mut self) {
        self.socket.acks().give_up(self.id);
    }
}
