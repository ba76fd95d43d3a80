//! Who is in rooms, in memory: put in, taken out, counted.

use std::collections::HashSet;
use std::sync::Arc;

use protocol::{Role, RoomId, UserId};

use super::State;
use super::room::Place;
use crate::model::{Membership, Person};
use crate::port::StoreError;

impl State {
    /// See [`crate::port::Store::role`].
    pub(super) fn role(&self, room: &RoomId, person: &UserId) -> Option<Role> {
        let host = self.rooms.get(room).map(|room| self.host(room));
        host.and_then(|host| host.place(person)).map(|place| place.role)
    }

    /// See [`crate::port::Store::add_members`].
    pub(super) fn add_members(
        &mut self,
        id: &RoomId,
        people: &[UserId],
    ) -> Result<Vec<Membership>, StoreError> {
        self.chat(id)?;
        let people: Vec<Arc<Person>> =
            people.iter().map(|person| self.person(person).cloned()).collect::<Result<_, _>>()?;
        let room = self.room(id)?;
        if let Some(gone) = people.iter().find(|person| room.left_for_good.contains(&person.id)) {
            return Err(StoreError::LeftForGood(gone.id.clone()));
        }
        let mut added = Vec::new();
        for person in people {
            if room.place(&person.id).is_none() {
                room.members.push(Place { person: person.id.clone(), role: Role::Member, read_seq: 0 });
                added.push(Membership { person, role: Role::Member, read_seq: 0 });
            }
        }
        Ok(added)
    }

    /// Takes somebody out of a room; the answer names the new owner, if there is one.
    pub(super) fn remove_member(&mut self, id: &RoomId, person: &UserId, for_good: bool) -> Option<UserId> {
        let room = self.rooms.get_mut(id).filter(|room| room.place(person).is_some())?;
        room.members.retain(|place| place.person != *person);
        if for_good {
            room.left_for_good.insert(person.clone());
        }
        let is_orphaned = room.members.iter().all(|it| it.role != Role::Owner);
        // Members stand in the order in which they came.
        room.members.first_mut().filter(|_| is_orphaned).map(|place| {
            place.role = Role::Owner;
            place.person.clone()
        })
    }

    /// See [`crate::port::Store::take_back_leaving`].
    pub(super) fn take_back_leaving(&mut self, id: &RoomId, users: &[UserId]) -> u64 {
        let Some(room) = self.rooms.get_mut(id) else { return 0 };
        users.iter().filter(|user| room.left_for_good.remove(*user)).count() as u64
    }

    /// See [`crate::port::Store::rooms_owned`].
    pub(super) fn rooms_owned(&self, user: &UserId) -> u64 {
        let places = self.rooms.values().filter_map(|room| room.place(user));
        places.filter(|place| place.role == Role::Owner).count() as u64
    }

    /// See [`crate::port::Store::strangers`].
    pub(super) fn strangers(&self, user: &UserId, users: &[UserId]) -> u64 {
        let rooms = self.rooms.values().filter(|room| room.place(user).is_some());
        let known: HashSet<_> = rooms.flat_map(|room| &room.members).map(|place| &place.person).collect();
        let others: HashSet<_> = users.iter().filter(|other| *other != user).collect();
        others.difference(&known).count() as u64
    }
}
