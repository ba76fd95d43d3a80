//! Pings on their way from the reader, who hears them, to the writer, who answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

/// Pings that may wait for their answer. Of more than these the oldest is forgotten: only the newest has to be answered
/// (RFC 6455, section 5.5.3).
const WAITING: usize = 16;

#[derive(Debug, Default)]
struct Shared {
    payloads: Mutex<VecDeque<Bytes>>,
    arrived: Notify,
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
        let mut payloads = self.0.payloads.lock().unwrap_or_else(PoisonError::into_inner);
        if payloads.len() == WAITING {
            payloads.pop_front();
        }
        payloads.push_back(payload);
        drop(payloads);
        self.0.arrived.notify_one();
    }
}

impl Due {
    /// Takes what is to be answered, in order. Gives the memory away, too.
    pub(super) fn take(&self) -> VecDeque<Bytes> {
        std::mem::take(&mut *self.0.payloads.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Resolves when there may be something to answer.
    pub(super) async fn arrived(&self) {
        self.0.arrived.notified().await;
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
