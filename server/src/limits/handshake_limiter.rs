//! Newcomers wait in one line, and a few at a time are let in.
//!
//! When thousands come at once, all of them would share the processor and the store's readers, and so would those who
//! are in already. In a line each waits for those before, and the ready ones stay fast. The line is bounded in number and
//! in time; beyond it clients are told when to come again, each at another moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::ApiError;

/// How long somebody waits at most. Half of the 10 s that our pages give an attempt, a quarter of what Socket.IO's client does.
const PATIENCE: Duration = Duration::from_secs(5);

/// When those who were sent away are to come again: somewhen in this span, so that they do not come together.
const COME_AGAIN_MS: std::ops::Range<u64> = 1_000..5_000;

/// The line before all doors for sockets. Cloning copies one pointer.
#[derive(Debug, Clone)]
pub struct HandshakeLimiter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Hands out turns in the order in which they were asked for.
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    may_wait: usize,
}

/// Somebody is being let in. Held until that is done.
#[derive(Debug)]
#[must_use = "dropping it lets the next one in"]
pub struct HandshakePermit {
    _permit: OwnedSemaphorePermit,
}

/// A place in the line; whoever gives up leaves it.
struct WaiterGuard<'a>(&'a AtomicUsize);

impl Drop for WaiterGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl HandshakeLimiter {
    /// So many are let in at a time, and so many may wait.
    pub fn new(at_once: usize, may_wait: usize) -> Self {
        let free = Arc::new(Semaphore::new(at_once.min(Semaphore::MAX_PERMITS)));
        Self { shared: Arc::new(Shared { free, waiting: AtomicUsize::new(0), may_wait }) }
    }

    /// Waits for one's turn.
    ///
    /// # Errors
    /// [`ApiError::HandshakeQueueFull`] where too many wait, or it takes too long.
    pub async fn take(&self) -> Result<HandshakePermit, ApiError> {
        let free = &self.shared.free;
        if let Ok(permit) = free.clone().try_acquire_owned() {
            return Ok(HandshakePermit { _permit: permit });
        }
        let before = self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        let _place = WaiterGuard(&self.shared.waiting);
        if before >= self.shared.may_wait {
            return Err(busy());
        }
        match timeout(PATIENCE, free.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(HandshakePermit { _permit: permit }),
            // It is never closed.
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }

    /// Sends somebody away who would find no place in the line later.
    ///
    /// # Errors
    /// [`ApiError::HandshakeQueueFull`].
    pub fn check(&self) -> Result<(), ApiError> {
        let is_full = self.shared.waiting.load(Ordering::Relaxed) >= self.shared.may_wait;
        if is_full && self.shared.free.available_permits() == 0 { Err(busy()) } else { Ok(()) }
    }
}

fn busy() -> ApiError {
    ApiError::HandshakeQueueFull { retry_after_ms: rand::random_range(COME_AGAIN_MS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_come_in_order_and_the_line_has_an_end() {
        let handshake_limiter = HandshakeLimiter::new(1, 2);
        let first = handshake_limiter.take().await.unwrap();
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let waiting: Vec<_> = (0..2)
            .map(|n| {
                let (handshake_limiter, order) = (handshake_limiter.clone(), order.clone());
                tokio::spawn(async move {
                    let turn = handshake_limiter.take().await.unwrap();
                    order.lock().unwrap().push(n);
                    drop(turn);
                })
            })
            .collect();
        while handshake_limiter.check().is_ok() {
            tokio::task::yield_now().await;
        }
        for _ in 0..20 {
            let Err(ApiError::HandshakeQueueFull { retry_after_ms }) = handshake_limiter.take().await else {
                panic!("a third waits")
            };
            assert!(COME_AGAIN_MS.contains(&retry_after_ms));
        }
        drop(first);
        for one in waiting {
            one.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [0, 1]);
        assert!(handshake_limiter.check().is_ok());
    }

    #[tokio::test]
    async fn who_gives_up_leaves_the_line() {
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
