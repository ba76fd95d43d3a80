//! Seen times: when sign-ins were last used, gathered in memory until they are stored together.
//!
//! A request notes its sign-in here and goes on; it never waits for the disk. What is not stored yet is shown all the same.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;

use super::accounts::SignIn;

/// So old may the stored time be. A sign-in costs the database one change in this time, however often it is used.
const EVERY_MS: u64 = 60 * 60 * 1_000;

/// Sign-ins that wait to be stored at most, about 3 MB. One beyond it is noted when it is used next.
const MOST: usize = 50_000;

/// Sign-ins whose time is to be stored. A std mutex: held for one access, never across an `.await`.
#[derive(Debug, Default)]
pub struct SeenTimes {
    due: Mutex<HashMap<Uuid, i64>>,
    noted: Notify,
}

impl SeenTimes {
    fn due(&self) -> MutexGuard<'_, HashMap<Uuid, i64>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a sign-in is used, if its stored time is old, or ahead because the clock was.
    pub(super) fn note(&self, sign_in: &SignIn, now_ms: i64) {
        if now_ms.abs_diff(sign_in.seen_at_ms) >= EVERY_MS {
            self.note_id(sign_in.id, now_ms);
        }
    }

    /// The same, whatever is stored.
    pub(crate) fn note_id(&self, id: Uuid, now_ms: i64) {
        let mut due = self.due();
        if due.len() < MOST || due.contains_key(&id) {
            due.insert(id, now_ms);
            drop(due);
            self.noted.notify_one();
        }
    }

    /// When a sign-in was used, if that is not stored yet.
    pub(super) fn pending(&self, id: Uuid) -> Option<i64> {
        self.due().get(&id).copied()
    }

    /// Waits until there is something to store.
    pub(crate) async fn noted(&self) {
        self.noted.notified().await;
    }

    /// At most so many that wait. They wait on until they are [`stored`](Self::stored).
    pub(crate) fn batch(&self, size: usize) -> Vec<(Uuid, i64)> {
        self.due().iter().take(size).map(|(id, seen_at_ms)| (*id, *seen_at_ms)).collect()
    }

    /// Those were stored. One that was used again meanwhile waits on.
    pub(crate) fn stored(&self, batch: &[(Uuid, i64)]) {
        let mut due = self.due();
        for (id, seen_at_ms) in batch {
            if due.get(id) == Some(seen_at_ms) {
                due.remove(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::UserId;

    use super::*;
    use crate::auth::accounts::SignInKind;

    fn seen_at(seen_at_ms: i64) -> SignIn {
        SignIn {
            id: Uuid::now_v7(),
            user: UserId::parse("ann").unwrap(),
            kind: SignInKind::Cookie,
            secret_hash: [0; 32],
            created_at_ms: 0,
            expires_at_ms: i64::MAX,
            seen_at_ms,
        }
    }

    #[test]
    fn a_sign_in_is_due_once_its_stored_time_is_an_hour_off() {
        let times = SeenTimes::default();
        let now_ms = 100_000_000;
        for (age_ms, is_due) in [(0, false), (3_599_999, false), (3_600_000, true), (-3_600_000, true)] {
            let sign_in = seen_at(now_ms - age_ms);
            times.note(&sign_in, now_ms);
            assert_eq!(times.pending(sign_in.id), is_due.then_some(now_ms), "{age_ms}");
        }
    }

    #[test]
    fn pending_times_wait_until_stored_and_are_limited() {
        let times = SeenTimes::default();
        let sign_in = seen_at(0);
        times.note_id(sign_in.id, 1);
        let batch = times.batch(10);
        times.note_id(sign_in.id, 2);
        times.stored(&batch);
        assert_eq!(times.pending(sign_in.id), Some(2));
        times.stored(&times.batch(10));
        assert!(times.batch(10).is_empty());
        for number in 0..=MOST {
            times.note_id(Uuid::from_u128(u128::try_from(number).unwrap()), 1);
        }
        assert_eq!(times.batch(usize::MAX).len(), MOST);
    }
}
