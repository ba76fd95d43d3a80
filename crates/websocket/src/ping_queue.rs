//! Ping queue: carries the pings that the reader receives to the writer, because the writer alone may answer them.

use std::future::poll_fn;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use bytes::Bytes;

use crate::link_state::{LinkState, UnansweredPings};
use crate::write_progress::WriteProgress;

/// Pings that may wait for their answer. Of more than these the oldest is forgotten: only the newest has to be answered
/// (RFC 6455, section 5.5.3).
const WAITING: usize = 16;

/// The reader's end.
#[derive(Debug)]
pub(crate) struct PingSender(Arc<LinkState>);

/// The writer's end.
#[derive(Debug)]
pub(crate) struct PingReceiver(Arc<LinkState>);

pub(crate) fn ping_queue() -> (PingSender, PingReceiver) {
    let shared = Arc::<LinkState>::default();
    (PingSender(shared.clone()), PingReceiver(shared))
}

fn lock(state: &LinkState) -> MutexGuard<'_, UnansweredPings> {
    state.pings.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PingSender {
    /// Adds the payload of a ping.
    pub(crate) fn push(&self, payload: Bytes) {
        let mut pings = lock(&self.0);
        if pings.payloads.len() == WAITING {
            pings.payloads.remove(0);
        }
        pings.payloads.push(payload);
        let writer = pings.writer.clone();
        drop(pings);
        if let Some(writer) = writer {
            writer.wake();
        }
    }
}

impl PingReceiver {
    /// The write progress of the same client.
    pub(crate) fn progress(&self) -> WriteProgress {
        WriteProgress::of(self.0.clone())
    }

    /// Takes what is to be answered, in order. Gives the memory away, too.
    pub(crate) fn take(&self) -> Vec<Bytes> {
        std::mem::take(&mut lock(&self.0).payloads)
    }

    /// Sets the waker that a ping wakes; `None`: no task is woken.
    pub(crate) fn wake_with(&self, writer: Option<Waker>) {
        lock(&self.0).writer = writer;
    }

    /// Resolves when there is a ping to answer.
    pub(crate) async fn arrived(&self) {
        poll_fn(|cx| {
            let mut pings = lock(&self.0);
            if !pings.payloads.is_empty() {
                return Poll::Ready(());
            }
            pings.writer = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_newest_of_too_many_pings_are_answered_in_order() {
        let (sender, receiver) = ping_queue();
        for number in 0..20_u8 {
            sender.push(Bytes::from(vec![number]));
        }
        receiver.arrived().await;
        let expected: Vec<Bytes> = (4..20).map(|number| Bytes::from(vec![number])).collect();
        assert_eq!(receiver.take(), expected);
        assert_eq!(receiver.take().capacity(), 0);
    }
}
