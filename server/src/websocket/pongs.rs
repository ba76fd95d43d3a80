//! Signs of life: pings on their way from the reader, who hears them, to the writer, who answers; and what the writer knows of
//! how the client takes bytes.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use bytes::Bytes;
use tokio::time::Instant;

use super::progress::Progress;

/// Pings that may wait for their answer. Of more than these the oldest is forgotten: only the newest has to be answered
/// (RFC 6455, section 5.5.3).
const WAITING: usize = 16;

#[derive(Debug, Default)]
struct Waiting {
    /// Few; the oldest is first.
    payloads: Vec<Bytes>,
    writer: Option<Waker>,
}

/// What both halves of a connection know of its client, in one place.
#[derive(Debug, Default)]
pub(super) struct Signs {
    waiting: Mutex<Waiting>,
    /// When the client last made room in a socket that was full.
    pub(super) taken_at: Mutex<Option<Instant>>,
}

impl Signs {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reader's end.
#[derive(Debug)]
pub(super) struct Asked(Arc<Signs>);

/// The writer's end.
#[derive(Debug)]
pub(super) struct Due(Arc<Signs>);

pub(super) fn pongs() -> (Asked, Due) {
    let shared = Arc::<Signs>::default();
    (Asked(shared.clone()), Due(shared))
}

impl Asked {
    /// A ping with this payload was heard.
    pub(super) fn push(&self, payload: Bytes) {
        let mut waiting = self.0.lock();
        if waiting.payloads.len() == WAITING {
            waiting.payloads.remove(0);
        }
        waiting.payloads.push(payload);
        let writer = waiting.writer.clone();
        drop(waiting);
        if let Some(writer) = writer {
            writer.wake();
        }
    }
}

impl Due {
    /// The same client's progress.
    pub(super) fn progress(&self) -> Progress {
        Progress::of(self.0.clone())
    }

    /// Takes what is to be answered, in order. Gives the memory away, too.
    pub(super) fn take(&self) -> Vec<Bytes> {
        std::mem::take(&mut self.0.lock().payloads)
    }

    /// Whom to wake when there is something to answer; `None`: nobody.
    pub(super) fn wake_with(&self, writer: Option<Waker>) {
        self.0.lock().writer = writer;
    }

    /// Resolves when there is something to answer.
    pub(super) async fn arrived(&self) {
        poll_fn(|cx| {
            let mut waiting = self.0.lock();
            if !waiting.payloads.is_empty() {
                return Poll::Ready(());
            }
            waiting.writer = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_too_many_pings_the_newest_are_answered_in_order() {
        let (asked, due) = pongs();
        for number in 0..20_u8 {
            asked.push(Bytes::from(vec![number]));
        }
        due.arrived().await;
        let expected: Vec<Bytes> = (4..20).map(|number| Bytes::from(vec![number])).collect();
        assert_eq!(due.take(), expected);
        assert_eq!(due.take().capacity(), 0);
    }
}
