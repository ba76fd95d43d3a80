//! Who came or went and of whom the rooms have not heard yet.
//!
//! Of thousands who come at once, a room hears in a few commands instead of one for each.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::UserId;

/// People to be announced, each once, however often they came and went.
#[derive(Default)]
pub(crate) struct Announcer {
    /// A std mutex: held for one look-up.
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    people: BTreeSet<UserId>,
    /// Somebody takes people out until nobody is left.
    is_served: bool,
}

impl Announcer {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds somebody; `true`: whoever asked is to serve from now on.
    pub(crate) fn add(&self, person: UserId) -> bool {
        let mut waiting = self.waiting();
        waiting.people.insert(person);
        !std::mem::replace(&mut waiting.is_served, true)
    }

    /// Takes out some people; when there are none, whoever served does so no more.
    pub(crate) fn take(&self, limit: usize) -> Vec<UserId> {
        let mut waiting = self.waiting();
        let some: Vec<UserId> = std::iter::from_fn(|| waiting.people.pop_first()).take(limit).collect();
        waiting.is_served = !some.is_empty();
        some
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_serves_at_a_time_and_nobody_is_forgotten() {
        let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| UserId::parse(name).unwrap());
        let announcer = Announcer::default();
        assert!(announcer.add(ann.clone()));
        assert!(!announcer.add(ann.clone()));
        assert!(!announcer.add(bob.clone()));
        assert_eq!(announcer.take(1), [ann]);
        assert!(!announcer.add(eve.clone()));
        assert_eq!(announcer.take(10), [bob, eve.clone()]);
        assert!(announcer.take(10).is_empty());
        assert!(announcer.add(eve));
    }
}
