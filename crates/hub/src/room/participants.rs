//! Who follows a room at this moment, by person. Pure: time is handed in.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use protocol::UserId;
use tokio::time::Instant;

use crate::model::Person;

/// People who follow, each once, however many devices they have.
#[derive(Debug, Default)]
pub(super) struct Participants {
    here: HashMap<UserId, Participant>,
    /// Grows with each who comes, so that they can be listed in the order in which they came.
    came: u64,
    /// How many of them have lost their last connection.
    lost: usize,
}

#[derive(Debug)]
struct Participant {
    person: Arc<Person>,
    came: u64,
    /// The clients of this person that follow.
    devices: u32,
    /// The last connection was lost; who does not come back until then has left.
    leaves_at: Option<Instant>,
}

impl Participants {
    /// Somebody follows, perhaps with one more device; `true` if this person did not before.
    pub(super) fn enter(&mut self, person: &Arc<Person>, one_more: bool) -> bool {
        if let Some(participant) = self.here.get_mut(&person.id) {
            participant.devices += u32::from(one_more);
            self.lost -= usize::from(participant.leaves_at.take().is_some());
            return false;
        }
        self.came += 1;
        let (person, devices) = (person.clone(), u32::from(one_more));
        let id = person.id.clone();
        let participant = Participant { person, came: self.came, devices, leaves_at: None };
        self.here.insert(id, participant);
        true
    }

    /// A device of somebody follows no more; whether it was the last one.
    pub(super) fn put_away(&mut self, person: &UserId) -> bool {
        let Some(participant) = self.here.get_mut(person) else { return true };
        participant.devices = participant.devices.saturating_sub(1);
        participant.devices == 0
    }

    /// The last connection of somebody was lost.
    pub(super) fn lose(&mut self, person: &UserId, now: Instant, grace: Duration) {
        if let Some(participant) = self.here.get_mut(person) {
            self.lost += usize::from(participant.leaves_at.replace(now + grace).is_none());
        }
    }

    /// Somebody follows no more; the name if this person did.
    pub(super) fn leave(&mut self, person: &UserId) -> Option<String> {
        let participant = self.here.remove(person)?;
        self.lost -= usize::from(participant.leaves_at.is_some());
        Some(participant.person.username.clone())
    }

    /// Takes out those who were lost and did not come back in time.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<(UserId, String)> {
        if self.lost == 0 {
            return Vec::new();
        }
        let gone = self.here.extract_if(|_, it| it.leaves_at.is_some_and(|leaves_at| leaves_at <= now));
        let mut gone: Vec<_> = gone.collect();
        self.lost -= gone.len();
        gone.sort_by_key(|(_, it)| it.came);
        gone.into_iter().map(|(id, it)| (id, it.person.username.clone())).collect()
    }

    /// When the next one has left.
    pub(super) fn next_end(&self) -> Option<Instant> {
        // Asked at every turn of the room, and mostly nobody is lost.
        if self.lost == 0 { None } else { self.here.values().filter_map(|it| it.leaves_at).min() }
    }

    /// Everybody, in the order in which they came.
    pub(super) fn list(&self) -> Vec<(UserId, String)> {
        let mut list: Vec<_> = self.here.iter().collect();
        list.sort_by_key(|(_, it)| it.came);
        list.into_iter().map(|(id, it)| (id.clone(), it.person.username.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str) -> Arc<Person> {
        let id = UserId::parse(name).unwrap();
        let (username, email) = (name.to_owned(), String::new());
        Arc::new(Person { id, username, email, is_active: true, created_at_ms: 0 })
    }

    #[test]
    fn who_is_lost_may_come_back_in_time() {
        let people_by_name = ["ann", "bob"].map(person);
        let [ann, bob] = people_by_name.each_ref().map(|it| it.id.clone());
        let [ann_herself, bob_himself] = &people_by_name;
        let (now, grace) = (Instant::now(), Duration::from_secs(5));
        let mut people = Participants::default();
        assert!(people.enter(bob_himself, true));
        assert!(people.enter(ann_herself, true));
        assert!(!people.enter(ann_herself, true));
        assert!(!people.enter(ann_herself, false), "the same device again");
        assert!(!people.put_away(&ann));
        assert!(people.put_away(&ann));
        people.lose(&ann, now, grace);
        people.lose(&bob, now, grace);
        assert!(!people.enter(bob_himself, true));
        assert_eq!(people.next_end(), Some(now + grace));
        assert!(people.expire(now).is_empty());
        assert_eq!(people.expire(now + grace), [(ann.clone(), "ann".to_owned())]);
        assert_eq!(people.list(), [(bob.clone(), "bob".to_owned())]);
        assert_eq!(people.leave(&bob).as_deref(), Some("bob"));
        assert_eq!((people.leave(&bob), people.next_end()), (None, None));
    }
}
