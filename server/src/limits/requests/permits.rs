//! So many at work for each key; some more wait for a moment, and what is beyond is refused.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::ApiError;

/// How long somebody waits: shorter than a browser's patience, longer than a page takes to read what it asked for.
const PATIENCE: Duration = Duration::from_secs(5);

/// When it may help to ask again.
const RETRY_MS: u64 = 1_000;

/// The permits of all keys.
pub(super) struct Permits<K> {
    shared: Arc<Shared<K>>,
}

struct Shared<K> {
    at_work: usize,
    waiting: usize,
    /// Those of which something is at work or waits. A std mutex: held for one look-up, never across an `.await`.
    keys: Mutex<HashMap<K, Queue>>,
}

struct Queue {
    /// How many are at work or wait.
    count: usize,
    turns: Arc<Semaphore>,
}

/// A request that is at work. Dropping it gives the permit back.
pub(crate) struct Permit<K: Hash + Eq> {
    // Before the place, with which the semaphore may go.
    _turn: OwnedSemaphorePermit,
    _place: Place<K>,
}

/// A request that is at work or waits.
struct Place<K: Hash + Eq> {
    shared: Arc<Shared<K>>,
    key: K,
}

impl<K: Hash + Eq + Clone> Permits<K> {
    /// None is taken; of each key so many may be, while others wait.
    pub(super) fn new(at_work: usize, waiting: usize) -> Self {
        let at_work = at_work.clamp(1, Semaphore::MAX_PERMITS);
        Self { shared: Arc::new(Shared { at_work, waiting, keys: Mutex::default() }) }
    }

    /// Takes a permit, when there is one.
    ///
    /// # Errors
    /// [`ApiError::TooManyAtWork`] when too many wait, or for too long.
    pub(super) async fn enter(&self, key: K) -> Result<Permit<K>, ApiError> {
        let refused = ApiError::TooManyAtWork { retry_after_ms: RETRY_MS };
        let Some((place, turns)) = self.wait_in_line(key) else { return Err(refused) };
        match timeout(PATIENCE, turns.acquire_owned()).await {
            Ok(Ok(turn)) => Ok(Permit { _turn: turn, _place: place }),
            // Nobody closes the semaphore, so it was the time.
            Ok(Err(_)) | Err(_) => Err(refused),
        }
    }

    fn wait_in_line(&self, key: K) -> Option<(Place<K>, Arc<Semaphore>)> {
        let shared = &self.shared;
        let mut keys = shared.keys();
        let queue = keys
            .entry(key.clone())
            .or_insert_with(|| Queue { count: 0, turns: Arc::new(Semaphore::new(shared.at_work)) });
        if queue.count >= shared.at_work.saturating_add(shared.waiting) {
            return None;
        }
        queue.count += 1;
        Some((Place { shared: shared.clone(), key }, queue.turns.clone()))
    }
}

impl<K> Shared<K> {
    fn keys(&self) -> MutexGuard<'_, HashMap<K, Queue>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq> Drop for Place<K> {
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
    async fn some_are_at_work_some_wait_and_the_others_are_refused() {
        let permits = Permits::new(2, 1);
        let (first, second) = (permits.enter("ann").await.unwrap(), permits.enter("ann").await.unwrap());
        let waiting = Permits { shared: permits.shared.clone() };
        let third = tokio::spawn(async move { waiting.enter("ann").await });
        tokio::task::yield_now().await;
        // At once: whoever waits is refused in the end, too.
        let fourth = permits.enter("ann").now_or_never();
        assert!(matches!(fourth, Some(Err(ApiError::TooManyAtWork { .. }))));
        let other = permits.enter("bob").await.unwrap();
        assert!(!third.is_finished());
        drop(first);
        let third = third.await.unwrap().unwrap();
        drop((second, third, other));
        assert!(permits.shared.keys().is_empty());
    }
}
