//! What can go wrong with a store, once for each time that somebody asks for it.

use std::io::{Error, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::port::StoreError;

/// Faults that a [`MemoryStore`](super::MemoryStore) is to have.
#[derive(Debug, Default)]
pub struct Faults {
    append: AtomicBool,
    answer: AtomicBool,
    page: AtomicBool,
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

    pub(super) fn before_page(&self) -> Result<(), StoreError> {
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
