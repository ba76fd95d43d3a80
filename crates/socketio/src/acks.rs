//! Acks: the acknowledgements that a client has not sent yet, each with the task that waits for it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use engineio::SessionClosed;
use tokio::sync::oneshot;

use crate::codec::IncomingArgs;

/// The events that one client has not acknowledged yet.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    /// A tree, because one without anything in it is small.
    by_id: BTreeMap<u64, oneshot::Sender<IncomingArgs>>,
    is_over: bool,
}

impl Acks {
    /// A number for an event, and where its answer arrives.
    pub(crate) fn expect(&self) -> Result<(u64, oneshot::Receiver<IncomingArgs>), SessionClosed> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.lock();
        if waiting.is_over {
            return Err(SessionClosed);
        }
        let id = waiting.next;
        waiting.next += 1;
        waiting.by_id.insert(id, sender);
        Ok((id, receiver))
    }

    /// The task that waited for this answer has given up.
    pub(crate) fn give_up(&self, id: u64) {
        self.lock().by_id.remove(&id);
    }

    /// The client answers. An answer without a waiting task is late, and dropped.
    pub(crate) fn resolve(&self, id: u64, args: IncomingArgs) {
        let sender = self.lock().by_id.remove(&id);
        if sender.is_none_or(|sender| sender.send(args).is_err()) {
            tracing::debug!(id, "Dropped an acknowledgement without a waiting task");
        }
    }

    /// No answer comes any more.
    pub(crate) fn end(&self) {
        let mut waiting = self.lock();
        waiting.is_over = true;
        waiting.by_id = BTreeMap::new();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
