//! Events that the client is asked to acknowledge, until it does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use wire::socketio::Args;

use crate::engineio::Gone;

/// What one client has not acknowledged yet.
#[derive(Debug, Default)]
pub(super) struct Acks {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    by_id: HashMap<u64, oneshot::Sender<Args>>,
    is_over: bool,
}

impl Acks {
    /// A number for an event, and where its answer arrives.
    pub(super) fn expect(self: &Arc<Self>) -> Result<PendingAck, Gone> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.lock();
        if waiting.is_over {
            return Err(Gone);
        }
        let id = waiting.next;
        waiting.next += 1;
        waiting.by_id.insert(id, sender);
        Ok(PendingAck { id, answer: receiver, acks: self.clone() })
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
        waiting.by_id = HashMap::new();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An event that the client is asked to acknowledge. Dropping it is giving up.
#[derive(Debug)]
pub struct PendingAck {
    pub(super) id: u64,
    answer: oneshot::Receiver<Args>,
    acks: Arc<Acks>,
}

impl PendingAck {
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
        self.acks.lock().by_id.remove(&self.id);
    }
}
