//! Permits: bounds how many requests of one key are at work; some more wait for a moment, and what is beyond is rejected.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long a request waits: shorter than a browser's patience, longer than a page takes to read what it asked for.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// When a client may try again.
const RETRY_MS: u64 = 1_000;

/// Too many requests of one user or one address are at work, or have an answer that was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many of your requests are at work: read their answers, and ask again")]
pub struct TooManyAtWork {
    /// Milliseconds until the client may try again.
    pub retry_after_ms: u64,
}

/// The permits of all keys.
pub(super) struct Permits<K> {
    shared: Arc<Inner<K>>,
}

struct Inner<K> {
    at_work: usize,
    waiting: usize,
    /// The keys of which a request is at work or waits. A std mutex: held for one access, never across an `.await`.
    keys: Mutex<HashMap<K, Queue>>,
}

struct Queue {
    /// How many are at work or wait.
    count: usize,
    free: Arc<Semaphore>,
}

/// A request that is at work. Dropping it gives the permit back.
pub(crate) struct Permit<K: Hash + Eq> {
    // Dropped before the guard, with which the semaphore may go.
    _permit: OwnedSemaphorePermit,
    _guard: QueueGuard<K>,
}

/// Counts a request as at work or waiting until it is dropped.
struct QueueGuard<K: Hash + Eq> {
    shared: Arc<Inner<K>>,
    key: K,
}

impl<K: Hash + Eq + Clone> Permits<K> {
    /// Of each key so many are at work at a time, while so many may wait.
    pub(super) fn new(at_work: usize, waiting: usize) -> Self {
        let at_work = at_work.clamp(1, Semaphore::MAX_PERMITS);
        Self { shared: Arc::new(Inner { at_work, waiting, keys: Mutex::default() }) }
    }

    /// Takes a permit, when there is one.
    ///
    /// # Errors
    /// [`TooManyAtWork`] when too many wait, or for too long.
    pub(super) async fn enter(&self, key: K) -> Result<Permit<K>, TooManyAtWork> {
        let error = TooManyAtWork { retry_after_ms: RETRY_MS };
        let Some((guard, free)) = self.enqueue(key) else { return Err(error) };
        match timeout(MAX_WAIT, free.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Permit { _permit: permit, _guard: guard }),
            // The semaphore is never closed, so it was the time.
            Ok(Err(_)) | Err(_) => Err(error),
        }
    }

    fn enqueue(&self, key: K) -> Option<(QueueGuard<K>, Arc<Semaphore>)> {
        let shared = &self.shared;
        let mut keys = shared.keys();
        let queue = keys
            .entry(key.clone())
            .or_insert_with(|| Queue { count: 0, free: Arc::new(Semaphore::new(shared.at_work)) });
        if queue.count >= shared.at_work.saturating_add(shared.waiting) {
            return None;
        }
        queue.count += 1;
        Some((QueueGuard { shared: shared.clone(), key }, queue.free.clone()))
    }
}

impl<K> Inner<K> {
    fn keys(&self) -> MutexGuard<'_, HashMap<K, Queue>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq> Drop for QueueGuard<K> {
    fn drop(&mut self) {
        let key = &self.key;
        let mut keys = self.shared.keys();
        if let Some(queue) = keys.get_mut(key) {
            queue.count = queue.count.saturating_sub(1);
            if queue.count == 0 {
                keys.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn some_are_at_work_some_wait_and_the_others_are_rejected() {
        let permits = Permits::new(2, 1);
        let (first, second) = (permits.enter("ann").await.unwrap(), permits.enter("ann").await.unwrap());
        let waiting = Permits { shared: permits.shared.clone() };
        let third = tokio::spawn(async move { waiting.enter("ann").await });
        tokio::task::yield_now().await;
        // At once: a request that waits is rejected in the end, too.
        let fourth = permits.enter("ann").now_or_never();
        assert!(matches!(fourth, Some(Err(TooManyAtWork { .. }))));
        let other = permits.enter("bob").await.unwrap();
        assert!(!third.is_finished());
        drop(first);
        let third = third.await.unwrap().unwrap();
        drop((second, third, other));
        assert!(permits.shared.keys().is_empty());
    }
}
