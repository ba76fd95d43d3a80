//! Who follows a room at this moment, by person. Pure: time is handed in.

use std::collections::HashMap;
use std::time::Duration;

use protocol::UserId;
use tokio::time::Instant;

/// People who follow, each once, however many devices they have.
#[derive(Debug, Default)]
pub(super) struct Participants {
    here: HashMap<UserId, Participant>,
    /// Grows with each who comes, so that they can be listed in the order in which they came.
    came: u64,
}

#[derive(Debug)]
struct Participant {
    name: String,
    came: u64,
    /// The last connection was lost; who does not come back until then has left.
    leaves_at: Option<Instant>,
}

impl Participants {
    /// Somebody follows; `true` if this person did not before.
    pub(super) fn enter(&mut self, person: &UserId, name: &str) -> bool {
        if let Some(participant) = self.here.get_mut(person) {
            participant.leaves_at = None;
            return false;
        }
        self.came += 1;
        let participant = Participant { name: name.to_owned(), came: self.came, leaves_at: None };
        self.here.insert(person.clone(), participant);
        true
    }

    /// The last connection of somebody was lost.
    pub(super) fn lose(&mut self, person: &UserId, now: Instant, grace: Duration) {
        if let Some(participant) = self.here.get_mut(person) {
            participant.leaves_at = Some(now + grace);
        }
    }

    /// Somebody follows no more; the name if this person did.
    pub(super) fn leave(&mut self, person: &UserId) -> Option<String> {
        self.here.remove(person).map(|participant| participant.name)
    }

    /// Takes out those who were lost and did not come back in time.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<(UserId, String)> {
        let gone = self.here.extract_if(|_, it| it.leaves_at.is_some_and(|leaves_at| leaves_at <= now));
        gone.map(|(person, it)| (person, it.name)).collect()
    }

    /// When the next one has left.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.here.values().filter_map(|it| it.leaves_at).min()
    }

    /// Everybody, in the order in which they came.
    pub(super) fn list(&self) -> Vec<(UserId, String)> {
        let mut list: Vec<_> = self.here.iter().collect();
        list.sort_by_key(|(_, it)| it.came);
        list.into_iter().map(|(person, it)| (person.clone(), it.name.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_lost_may_come_back_in_time() {
        let (ann, bob) = (UserId::parse("ann").unwrap(), UserId::parse("bob").unwrap());
        let (now, grace) = (Instant::now(), Duration::from_secs(5));
        let mut people = Participants::default();
        assert!(people.enter(&bob, "bob"));
        assert!(people.enter(&ann, "ann"));
        assert!(!people.enter(&ann, "ann"));
        people.lose(&ann, now, grace);
        people.lose(&bob, now, grace);
        assert!(!people.enter(&bob, "bob"));
        assert_eq!(people.next_end(), Some(now + grace));
        assert!(people.expire(now).is_empty());
        assert_eq!(people.expire(now + grace), [(ann.clone(), "ann".to_owned())]);
        assert_eq!(people.list(), [(bob.clone(), "bob".to_owned())]);
        assert_eq!(people.leave(&bob).as_deref(), Some("bob"));
        assert_eq!((people.leave(&bob), people.next_end()), (None, None));
    }
}
