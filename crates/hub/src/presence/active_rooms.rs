//! Active room index: the running rooms of each user. The rooms keep it up to date, so that a change of presence reaches them
//! without a read of the store.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::{RoomId, UserId};

/// As large as the member lists of all running rooms.
#[derive(Default)]
pub(super) struct ActiveRoomIndex {
    /// A std mutex: held for one room or one user, never across an `.await`.
    by_user: Mutex<HashMap<UserId, Vec<RoomId>>>,
}

impl ActiveRoomIndex {
    fn by_user(&self) -> MutexGuard<'_, HashMap<UserId, Vec<RoomId>>> {
        self.by_user.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a room to these users.
    pub(super) fn add<'a>(&self, room: &RoomId, users: impl Iterator<Item = &'a UserId>) {
        let mut by_user = self.by_user();
        for user in users {
            match by_user.entry(user.clone()) {
                Entry::Occupied(mut rooms) => rooms.get_mut().push(room.clone()),
                // Exactly one: most users are in few rooms, and there are many users.
                Entry::Vacant(entry) => {
                    entry.insert(vec![room.clone()]);
                }
            }
        }
    }

    /// Removes a room from these users.
    pub(super) fn remove<'a>(&self, room: &RoomId, users: impl Iterator<Item = &'a UserId>) {
        let mut by_user = self.by_user();
        for user in users {
            let Some(rooms) = by_user.get_mut(user) else { continue };
            if let Some(index) = rooms.iter().position(|it| it == room) {
                rooms.swap_remove(index);
            }
            if rooms.is_empty() {
                by_user.remove(user);
            }
        }
    }

    /// Whether a user has any.
    pub(super) fn has(&self, user: &UserId) -> bool {
        self.by_user().contains_key(user)
    }

    /// The running rooms of a user.
    pub(super) fn of(&self, user: &UserId) -> Vec<RoomId> {
        self.by_user().get(user).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_come_and_go_and_leave_no_entry_behind() {
        let (ann, bob) = (UserId::parse("ann").unwrap(), UserId::parse("bob").unwrap());
        let [one, two] = ["one", "two"].map(|name| RoomId::parse(name).unwrap());
        let index = ActiveRoomIndex::default();
        index.add(&one, [&ann, &bob].into_iter());
        index.add(&two, [&ann].into_iter());
        assert_eq!((index.of(&ann), index.of(&bob)), (vec![one.clone(), two.clone()], vec![one.clone()]));
        index.remove(&two, [&bob].into_iter());
        index.remove(&one, [&ann, &bob].into_iter());
        assert_eq!((index.of(&ann), index.has(&bob)), (vec![two.clone()], false));
        index.remove(&two, [&ann].into_iter());
        assert!(index.by_user().is_empty());
    }
}
