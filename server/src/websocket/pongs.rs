//! Pings on their way from the reader, who hears them, to the writer, who answers.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use bytes::Bytes;

/// Pings that may wait for their answer. Of more than these the oldest is forgotten: only the newest has to be answered
/// (RFC 6455, section 5.5.3).
const WAITING: usize = 16;

#[derive(Debug, Default)]
struct Waiting {
    payloads: VecDeque<Bytes>,
    writer: Option<Waker>,
}

#[derive(Debug, Default)]
struct Shared(Mutex<Waiting>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reader's end.
#[derive(Debug)]
pub(super) struct Asked(Arc<Shared>);

/// The writer's end.
#[derive(Debug)]
pub(super) struct Due(Arc<Shared>);

pub(super) fn pongs() -> (Asked, Due) {
    let shared = Arc::<Shared>::default();
    (Asked(shared.clone()), Due(shared))
}

impl Asked {
    /// A ping with this payload was heard.
    pub(super) fn push(&self, payload: Bytes) {
        let mut waiting = self.0.lock();
        if waiting.payloads.len() == WAITING {
            waiting.payloads.pop_front();
        }
        waiting.payloads.push_back(payload);
        let writer = waiting.writer.clone();
        drop(waiting);
        if let Some(writer) = writer {
            writer.wake();
        }
    }
}

impl Due {
    /// Takes what is to be answered, in order. Gives the memory away, too.
    pub(super) fn take(&self) -> VecDeque<Bytes> {
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
