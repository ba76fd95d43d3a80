//! Handshake limiter: admits a few handshakes at a time in the order of their arrival, because thousands at once would slow
//! down each other and the open connections.
//!
//! The queue is bounded in number and in time. Beyond it clients are asked to try again, each at another moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long a handshake waits at most. Half of the 10 s that our pages give an attempt, a quarter of what Socket.IO's client does.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// When rejected clients are to try again: at a random moment of this span, so that they do not come together.
const RETRY_MS: std::ops::Range<u64> = 1_000..5_000;

/// Too many handshakes wait, or one has waited for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("many are coming in, try again in a moment")]
pub struct HandshakeQueueFull {
    /// Milliseconds until the client may try again.
    pub retry_after_ms: u64,
}

/// Limits the handshakes of all gateways. Cloning copies one pointer.
#[derive(Debug, Clone)]
pub struct HandshakeLimiter {
    shared: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Gives permits in the order in which they were asked for.
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    may_wait: usize,
}

/// The right to do a handshake. Held until it is done.
#[derive(Debug)]
#[must_use = "dropping it admits the next one"]
pub struct HandshakePermit {
    _permit: OwnedSemaphorePermit,
}

/// Counts a handshake as waiting until it is dropped, also by a client that gives up.
struct WaiterGuard<'a>(&'a AtomicUsize);

impl Drop for WaiterGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl HandshakeLimiter {
    /// Admits so many at a time, while so many may wait.
    pub fn new(at_once: usize, may_wait: usize) -> Self {
        let free = Arc::new(Semaphore::new(at_once.min(Semaphore::MAX_PERMITS)));
        Self { shared: Arc::new(Inner { free, waiting: AtomicUsize::new(0), may_wait }) }
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// [`HandshakeQueueFull`] where too many wait, or it takes too long.
    pub async fn take(&self) -> Result<HandshakePermit, HandshakeQueueFull> {
        let free = &self.shared.free;
        if let Ok(permit) = free.clone().try_acquire_owned() {
            return Ok(HandshakePermit { _permit: permit });
        }
        let before = self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = WaiterGuard(&self.shared.waiting);
        if before >= self.shared.may_wait {
            return Err(full());
        }
        match timeout(MAX_WAIT, free.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(HandshakePermit { _permit: permit }),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(full()),
        }
    }

    /// Rejects a client early whose handshake could not wait later.
    ///
    /// # Errors
    /// [`HandshakeQueueFull`].
    pub fn check(&self) -> Result<(), HandshakeQueueFull> {
        let is_full = self.shared.waiting.load(Ordering::Relaxed) >= self.shared.may_wait;
        if is_full && self.shared.free.available_permits() == 0 { Err(full()) } else { Ok(()) }
    }
}

fn full() -> HandshakeQueueFull {
    HandshakeQueueFull { retry_after_ms: rand::random_range(RETRY_MS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn permits_come_in_order_and_the_queue_has_an_end() {
        let handshake_limiter = HandshakeLimiter::new(1, 2);
        let first = handshake_limiter.take().await.unwrap();
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let waiting: Vec<_> = (0..2)
            .map(|n| {
                let (handshake_limiter, order) = (handshake_limiter.clone(), order.clone());
                tokio::spawn(async move {
                    let permit = handshake_limiter.take().await.unwrap();
                    order.lock().unwrap().push(n);
                    drop(permit);
                })
            })
            .collect();
        while handshake_limiter.check().is_ok() {
            tokio::task::yield_now().await;
        }
        for _ in 0..20 {
            let Err(HandshakeQueueFull { retry_after_ms }) = handshake_limiter.take().await else {
                panic!("a third waits")
            };
            assert!(RETRY_MS.contains(&retry_after_ms));
        }
        drop(first);
        for one in waiting {
            one.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [0, 1]);
        assert!(handshake_limiter.check().is_ok());
    }

    #[tokio::test]
    async fn a_client_that_gives_up_leaves_the_queue() {
        let handshake_limiter = HandshakeLimiter::new(1, 1);
        let _first = handshake_limiter.take().await.unwrap();
        let waits = tokio::spawn({
            let handshake_limiter = handshake_limiter.clone();
            async move { handshake_limiter.take().await }
        });
        while handshake_limiter.check().is_ok() {
            tokio::task::yield_now().await;
        }
        waits.abort();
        assert!(waits.await.unwrap_err().is_cancelled());
        handshake_limiter.check().unwrap();
    }
}
