//! Pending receipts: the inbox entries that one client was sent and has not proven to have received. An entry waits in the
//! store until a client has proven it.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;

/// Entries without a requested receipt, above which a catch-up sends no further portion.
const MAX_PENDING: usize = 4_096;

/// The entries of one client. Takes memory once the first one was sent.
#[derive(Default)]
pub(crate) struct PendingReceipts {
    pending: OnceLock<Box<Pending>>,
}

#[derive(Default)]
struct Pending {
    /// A std mutex: held for a push or an exchange, never across an `.await`.
    entries: Mutex<Entries>,
    /// Notified when entries were taken out.
    taken: Notify,
}

#[derive(Default)]
struct Entries {
    /// Those for which no receipt was requested yet.
    seqs: Vec<u64>,
    /// A receipt for earlier ones is under way.
    is_requested: bool,
}

impl Pending {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PendingReceipts {
    fn pending(&self) -> &Pending {
        self.pending.get_or_init(Box::default)
    }

    /// Adds an entry that was sent.
    pub(crate) fn add(&self, seq: u64) {
        self.pending().entries().seqs.push(seq);
    }

    /// The entries for which a receipt is to be requested now; `None` if there are none, or one is under way.
    pub(crate) fn begin(&self) -> Option<Vec<u64>> {
        let mut entries = self.pending.get()?.entries();
        if entries.is_requested || entries.seqs.is_empty() {
            return None;
        }
        entries.is_requested = true;
        Some(std::mem::take(&mut entries.seqs))
    }

    /// A receipt has come: the entries that were sent since it was requested, for the next one. `None`: none, and no receipt is
    /// under way any more.
    pub(crate) fn next(&self) -> Option<Vec<u64>> {
        let pending = self.pending();
        let mut entries = pending.entries();
        entries.is_requested = !entries.seqs.is_empty();
        let next = entries.is_requested.then(|| std::mem::take(&mut entries.seqs));
        drop(entries);
        pending.taken.notify_waiters();
        next
    }

    /// No receipt comes any more.
    pub(crate) fn end(&self) {
        let pending = self.pending();
        *pending.entries() = Entries::default();
        pending.taken.notify_waiters();
    }

    /// Resolves when a catch-up may send the next portion.
    pub(crate) async fn room_available(&self) {
        let Some(pending) = self.pending.get() else { return };
        loop {
            // Created before the check, so that a change between the check and the wait is not missed.
            let taken = pending.taken.notified();
            if pending.entries().seqs.len() < MAX_PENDING {
                return;
            }
            taken.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn one_receipt_is_under_way_and_the_next_one_has_what_came_since() {
        let receipts = PendingReceipts::default();
        assert_eq!(receipts.begin(), None);
        receipts.add(1);
        receipts.add(2);
        assert_eq!(receipts.begin(), Some(vec![1, 2]));
        receipts.add(3);
        assert_eq!(receipts.begin(), None, "one is under way");
        assert_eq!(receipts.next(), Some(vec![3]));
        assert_eq!(receipts.next(), None);
        receipts.add(4);
        assert_eq!(receipts.begin(), Some(vec![4]));
        receipts.end();
        receipts.add(5);
        assert_eq!(receipts.begin(), Some(vec![5]));
    }

    #[test]
    fn catch_up_waits_while_too_many_receipts_are_pending() {
        let receipts = PendingReceipts::default();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(pin!(receipts.room_available()).poll(&mut cx).is_ready());
        for seq in 0..MAX_PENDING as u64 {
            receipts.add(seq);
        }
        let mut waiting = pin!(receipts.room_available());
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        assert!(receipts.begin().is_some());
        receipts.next();
        assert!(waiting.as_mut().poll(&mut cx).is_ready());
    }
}
