//! Who types in a room at this moment. Pure: time is handed in.

use std::collections::HashMap;
use std::time::Duration;

use protocol::UserId;
use tokio::time::Instant;

/// People who type, each until a moment.
#[derive(Debug, Default)]
pub(crate) struct Typists {
    until: HashMap<UserId, Instant>,
}

impl Typists {
    /// Somebody types, until `timeout` from `now` unless told again.
    pub(crate) fn begin(&mut self, person: UserId, now: Instant, timeout: Duration) {
        self.until.insert(person, now + timeout);
    }

    /// Somebody does not type any more; `true` if it was thought otherwise.
    pub(crate) fn end(&mut self, person: &UserId) -> bool {
        self.until.remove(person).is_some()
    }

    /// Takes out and names those whose time is over.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<UserId> {
        let over: Vec<UserId> =
            self.until.iter().filter(|(_, until)| **until <= now).map(|(who, _)| who.clone()).collect();
        self.until.retain(|_, until| *until > now);
        over
    }

    /// When the next one's time is over.
    pub(crate) fn next_end(&self) -> Option<Instant> {
        self.until.values().min().copied()
    }

    /// Everybody who types.
    pub(crate) fn names(&self) -> Vec<UserId> {
        let mut names: Vec<UserId> = self.until.keys().cloned().collect();
        names.sort();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_ends_by_word_or_by_time() {
        let (ann, bob) = (UserId::parse("ann").unwrap(), UserId::parse("bob").unwrap());
        let start = Instant::now();
        let timeout = Duration::from_secs(10);
        let mut typists = Typists::default();
        typists.begin(ann.clone(), start, timeout);
        typists.begin(bob.clone(), start + Duration::from_secs(4), timeout);
        assert_eq!(typists.names(), [ann.clone(), bob.clone()]);
        assert_eq!(typists.next_end(), Some(start + timeout));
        assert_eq!(typists.expire(start + timeout), std::slice::from_ref(&ann));
        assert!(!typists.end(&ann));
        assert!(typists.end(&bob));
        assert_eq!(typists.next_end(), None);
    }
}
