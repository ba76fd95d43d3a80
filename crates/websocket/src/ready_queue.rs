//! Ready queue: the connections that have something to write, until the writer task of their processor serves them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Between the producers of frames and one writer task. Generic, so that what is queued can hold its queue.
pub(crate) struct ReadyQueue<T> {
    ready: Mutex<Vec<Arc<T>>>,
    /// Not in the task itself: it waits here without keeping the queue alive.
    wake: Arc<Notify>,
}

impl<T> ReadyQueue<T> {
    pub(crate) fn new() -> Self {
        Self { ready: Mutex::default(), wake: Arc::default() }
    }

    /// What is notified when the first item comes, and when the queue is dropped.
    pub(crate) fn wake(&self) -> Arc<Notify> {
        self.wake.clone()
    }

    /// Adds an item. The caller sees to it that it is there only once.
    pub(crate) fn push(&self, item: Arc<T>) {
        let mut ready = self.lock();
        let is_first = ready.is_empty();
        ready.push(item);
        drop(ready);
        if is_first {
            self.wake.notify_one();
        }
    }

    /// Exchanges what is queued for an empty list.
    pub(crate) fn swap(&self, items: &mut Vec<Arc<T>>) {
        std::mem::swap(&mut *self.lock(), items);
    }

    /// Held for a push or an exchange, never across an `.await`.
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<T>>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Drop for ReadyQueue<T> {
    fn drop(&mut self) {
        // The task finds no queue and ends.
        self.wake.notify_one();
    }
}
