//! Presence queue: the users whose presence has changed and whose rooms are not notified yet, each once. When thousands
//! reconnect at the same time, a room gets a few commands and not one for each.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::UserId;

#[derive(Default)]
pub(super) struct PresenceQueue {
    /// A std mutex: held for one operation.
    queued: Mutex<Queued>,
}

#[derive(Default)]
struct Queued {
    users: BTreeSet<UserId>,
    /// A task takes users out until the queue is empty.
    has_worker: bool,
}

impl PresenceQueue {
    fn queued(&self) -> MutexGuard<'_, Queued> {
        self.queued.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a user. `true`: the caller is the worker from now on.
    pub(super) fn add(&self, user: UserId) -> bool {
        let mut queued = self.queued();
        queued.users.insert(user);
        !std::mem::replace(&mut queued.has_worker, true)
    }

    /// Takes some users out. When there are none, the caller is not the worker any more.
    pub(super) fn take(&self, limit: usize) -> Vec<UserId> {
        let mut queued = self.queued();
        let users: Vec<UserId> = std::iter::from_fn(|| queued.users.pop_first()).take(limit).collect();
        queued.has_worker = !users.is_empty();
        users
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_worker_at_a_time_takes_every_user_once() {
        let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| UserId::parse(name).unwrap());
        let queue = PresenceQueue::default();
        assert!(queue.add(ann.clone()));
        assert!(!queue.add(ann.clone()));
        assert!(!queue.add(bob.clone()));
        assert_eq!(queue.take(1), [ann]);
        assert!(!queue.add(eve.clone()));
        assert_eq!(queue.take(10), [bob, eve.clone()]);
        assert!(queue.take(10).is_empty());
        assert!(queue.add(eve));
    }
}
