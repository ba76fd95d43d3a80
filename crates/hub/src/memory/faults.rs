//! What can go wrong with a store, or take long, once for each time that somebody asks for it.

use std::io::{Error, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::store::StoreError;

/// A read that is held up.
#[derive(Debug)]
pub struct Held {
    begun: oneshot::Receiver<()>,
    /// Dropped when the read may go on.
    go_on: oneshot::Sender<()>,
}

impl Held {
    /// Waits until somebody reads.
    pub async fn begun(&mut self) {
        // The other end is dropped only after it has sent.
        (&mut self.begun).await.ok();
    }

    /// Lets the read go on.
    pub fn go_on(self) {
        drop(self.go_on);
    }
}

/// The store's half of a [`Held`].
#[derive(Debug)]
struct Hold {
    begins: oneshot::Sender<()>,
    goes_on: oneshot::Receiver<()>,
}

/// Faults that a [`MemoryStore`](super::MemoryStore) is to have.
#[derive(Debug, Default)]
pub struct Faults {
    append: AtomicBool,
    answer: AtomicBool,
    page: AtomicBool,
    /// A std mutex: held to take it out, never across an `.await`.
    held_page: Mutex<Option<Hold>>,
    record: AtomicBool,
    summary: AtomicBool,
}

impl Faults {
    /// The next append is answered as by a disk that is full.
    pub fn fail_next_append(&self) {
        self.append.store(true, Ordering::Relaxed);
    }

    /// The next append, write to an inbox, or change of who is in a room, what it is called or whether it is, is done and
    /// answered as if nobody could know that.
    pub fn lose_next_answer(&self) {
        self.answer.store(true, Ordering::Relaxed);
    }

    /// The next page of a room or an inbox cannot be read.
    pub fn fail_next_page(&self) {
        self.page.store(true, Ordering::Relaxed);
    }

    /// The next page of a room is read when the test lets it.
    pub fn hold_next_page(&self) -> Held {
        let (begins, begun) = oneshot::channel();
        let (go_on, goes_on) = oneshot::channel();
        *self.held_page.lock().unwrap_or_else(PoisonError::into_inner) = Some(Hold { begins, goes_on });
        Held { begun, go_on }
    }

    /// The next time that somebody looks who is in a room, there is no answer.
    pub fn fail_next_record(&self) {
        self.record.store(true, Ordering::Relaxed);
    }

    /// The next room cannot be shown as it stands in a list.
    pub fn fail_next_summary(&self) {
        self.summary.store(true, Ordering::Relaxed);
    }

    pub(super) fn before_append(&self) -> Result<(), StoreError> {
        happens(&self.append, ErrorKind::StorageFull)
    }

    pub(super) fn after_change(&self) -> Result<(), StoreError> {
        happens(&self.answer, ErrorKind::Interrupted)
    }

    pub(super) async fn before_page(&self) -> Result<(), StoreError> {
        let held = self.held_page.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Hold { begins, goes_on }) = held {
            begins.send(()).ok();
            // An error: it was dropped, which lets go.
            goes_on.await.ok();
        }
        happens(&self.page, ErrorKind::TimedOut)
    }

    pub(super) fn before_record(&self) -> Result<(), StoreError> {
        happens(&self.record, ErrorKind::TimedOut)
    }

    pub(super) fn before_summary(&self) -> Result<(), StoreError> {
        happens(&self.summary, ErrorKind::TimedOut)
    }
}

fn happens(fault: &AtomicBool, kind: ErrorKind) -> Result<(), StoreError> {
    if fault.swap(false, Ordering::Relaxed) {
        Err(StoreError::unavailable(Error::from(kind)))
    } else {
        Ok(())
    }
}
