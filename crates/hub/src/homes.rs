//! In which of the rooms that are awake people are.
//!
//! The rooms write it themselves, as they wake, change and fall asleep. Who comes or goes is told to them without a look at
//! the store.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::{RoomId, UserId};

/// By person, because it is people who come and go. As large as the lists of members of all rooms that are awake.
#[derive(Default)]
pub(crate) struct Homes {
    /// A std mutex: held for one room or one person, never across an `.await`.
    of: Mutex<HashMap<UserId, Vec<RoomId>>>,
}

impl Homes {
    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Vec<RoomId>>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These people are in a room that is awake.
    pub(crate) fn enter<'a>(&self, room: &RoomId, people: impl Iterator<Item = &'a UserId>) {
        let mut of = self.lock();
        for person in people {
            match of.entry(person.clone()) {
                Entry::Occupied(mut rooms) => rooms.get_mut().push(room.clone()),
                // Exactly one: most people are in few rooms, and there are many people.
                Entry::Vacant(place) => {
                    place.insert(vec![room.clone()]);
                }
            }
        }
    }

    /// They are not any more, or it is not awake.
    pub(crate) fn leave<'a>(&self, room: &RoomId, people: impl Iterator<Item = &'a UserId>) {
        let mut of = self.lock();
        for person in people {
            let Some(rooms) = of.get_mut(person) else { continue };
            if let Some(place) = rooms.iter().position(|it| it == room) {
                rooms.swap_remove(place);
            }
            if rooms.is_empty() {
                of.remove(person);
            }
        }
    }

    /// Whether somebody is in any.
    pub(crate) fn has(&self, person: &UserId) -> bool {
        self.lock().contains_key(person)
    }

    /// Which ones somebody is in.
    pub(crate) fn of(&self, person: &UserId) -> Vec<RoomId> {
        self.lock().get(person).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_come_and_go_and_leave_nothing_behind() {
        let (ann, bob) = (UserId::parse("ann").unwrap(), UserId::parse("bob").unwrap());
        let [one, two] = ["one", "two"].map(|name| RoomId::parse(name).unwrap());
        let homes = Homes::default();
        homes.enter(&one, [&ann, &bob].into_iter());
        homes.enter(&two, [&ann].into_iter());
        assert_eq!((homes.of(&ann), homes.of(&bob)), (vec![one.clone(), two.clone()], vec![one.clone()]));
        homes.leave(&two, [&bob].into_iter());
        homes.leave(&one, [&ann, &bob].into_iter());
        assert_eq!((homes.of(&ann), homes.has(&bob)), (vec![two.clone()], false));
        homes.leave(&two, [&ann].into_iter());
        assert!(homes.lock().is_empty());
    }
}
