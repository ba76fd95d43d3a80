//! Injected errors: failures and delays that a test plans for the store in memory, each for one call.

use std::io::{Error, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::store::StoreError;

/// A read that waits until the test lets it continue.
#[derive(Debug)]
pub struct HeldRead {
    begun: oneshot::Receiver<()>,
    /// Dropped when the read may continue.
    resume: oneshot::Sender<()>,
}

impl HeldRead {
    /// Waits until the read has begun.
    pub async fn begun(&mut self) {
        // The other end is dropped only after it has sent.
        (&mut self.begun).await.ok();
    }

    /// Lets the read continue.
    pub fn resume(self) {
        drop(self.resume);
    }
}

/// The store's half of a [`HeldRead`].
#[derive(Debug)]
struct Hold {
    begins: oneshot::Sender<()>,
    resumed: oneshot::Receiver<()>,
}

/// The next failures of a [`MemoryStore`](super::MemoryStore).
#[derive(Debug, Default)]
pub struct InjectedErrors {
    append: AtomicBool,
    answer: AtomicBool,
    page: AtomicBool,
    /// A std mutex: held to take it out, never across an `.await`.
    held_page: Mutex<Option<Hold>>,
    record: AtomicBool,
    summary: AtomicBool,
}

impl InjectedErrors {
    /// The next append fails as on a full disk.
    pub fn fail_next_append(&self) {
        self.append.store(true, Ordering::Relaxed);
    }

    /// The next append, write to an inbox, or change of a room's members, name or existence is made, and reported as a
    /// failure whose outcome is unknown.
    pub fn lose_next_answer(&self) {
        self.answer.store(true, Ordering::Relaxed);
    }

    /// The next page of a room or an inbox cannot be read.
    pub fn fail_next_page(&self) {
        self.page.store(true, Ordering::Relaxed);
    }

    /// The next page of a room is read once the test lets it continue.
    pub fn hold_next_page(&self) -> HeldRead {
        let (begins, begun) = oneshot::channel();
        let (resume, resumed) = oneshot::channel();
        *self.held_page.lock().unwrap_or_else(PoisonError::into_inner) = Some(Hold { begins, resumed });
        HeldRead { begun, resume }
    }

    /// The next read of a room with its members fails.
    pub fn fail_next_record(&self) {
        self.record.store(true, Ordering::Relaxed);
    }

    /// The next read of a room's summary fails.
    pub fn fail_next_summary(&self) {
        self.summary.store(true, Ordering::Relaxed);
    }

    pub(super) fn before_append(&self) -> Result<(), StoreError> {
        fail_if_set(&self.append, ErrorKind::StorageFull)
    }

    pub(super) fn after_change(&self) -> Result<(), StoreError> {
        fail_if_set(&self.answer, ErrorKind::Interrupted)
    }

    pub(super) async fn before_page(&self) -> Result<(), StoreError> {
        let held = self.held_page.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Hold { begins, resumed }) = held {
            begins.send(()).ok();
            // An error: the other end was dropped, so the read continues.
            resumed.await.ok();
        }
        fail_if_set(&self.page, ErrorKind::TimedOut)
    }

    pub(super) fn before_record(&self) -> Result<(), StoreError> {
        fail_if_set(&self.record, ErrorKind::TimedOut)
    }

    pub(super) fn before_summary(&self) -> Result<(), StoreError> {
        fail_if_set(&self.summary, ErrorKind::TimedOut)
    }
}

fn fail_if_set(flag: &AtomicBool, kind: ErrorKind) -> Result<(), StoreError> {
    if flag.swap(false, Ordering::Relaxed) { Err(StoreError::unavailable(Error::from(kind))) } else { Ok(()) }
}
