//! Members in memory: adds, removes and counts the members of rooms.

use std::collections::HashSet;
use std::sync::Arc;

use protocol::{Role, RoomId, UserId};

use super::State;
use super::room::MemberRow;
use crate::model::{Membership, User};
use crate::store::StoreError;

impl State {
    /// See [`crate::store::Store::role`].
    pub(super) fn role(&self, room: &RoomId, user: &UserId) -> Option<Role> {
        let host = self.rooms.get(room).map(|room| self.host(room));
        host.and_then(|host| host.member(user)).map(|member| member.role)
    }

    /// See [`crate::store::Store::add_members`].
    pub(super) fn add_members(
        &mut self,
        id: &RoomId,
        users: &[UserId],
    ) -> Result<Vec<Membership>, StoreError> {
        self.chat(id)?;
        let users: Vec<Arc<User>> =
            users.iter().map(|user| self.user(user).cloned()).collect::<Result<_, _>>()?;
        let room = self.room(id)?;
        if let Some(gone) = users.iter().find(|user| room.left_for_good.contains(&user.id)) {
            return Err(StoreError::LeftForGood(gone.id.clone()));
        }
        let mut added = Vec::new();
        for user in users {
            if room.member(&user.id).is_none() {
                room.members.push(MemberRow { user: user.id.clone(), role: Role::Member, read_seq: 0 });
                added.push(Membership { user, role: Role::Member, read_seq: 0 });
            }
        }
        Ok(added)
    }

    /// Removes a member from a room; returns the new owner, if there is one.
    pub(super) fn remove_member(&mut self, id: &RoomId, user: &UserId, for_good: bool) -> Option<UserId> {
        let room = self.rooms.get_mut(id).filter(|room| room.member(user).is_some())?;
        room.members.retain(|member| member.user != *user);
        if for_good {
            room.left_for_good.insert(user.clone());
        }
        let is_orphaned = room.members.iter().all(|it| it.role != Role::Owner);
        // Members are in the order in which they were added.
        room.members.first_mut().filter(|_| is_orphaned).map(|member| {
            member.role = Role::Owner;
            member.user.clone()
        })
    }

    /// See [`crate::store::Store::take_back_leaving`].
    pub(super) fn take_back_leaving(&mut self, id: &RoomId, users: &[UserId]) -> u64 {
        let Some(room) = self.rooms.get_mut(id) else { return 0 };
        users.iter().filter(|user| room.left_for_good.remove(*user)).count() as u64
    }

    /// See [`crate::store::Store::rooms_owned`].
    pub(super) fn rooms_owned(&self, user: &UserId) -> u64 {
        let members = self.rooms.values().filter_map(|room| room.member(user));
        members.filter(|member| member.role == Role::Owner).count() as u64
    }

    /// See [`crate::store::Store::strangers`].
    pub(super) fn strangers(&self, user: &UserId, users: &[UserId]) -> u64 {
        let rooms = self.rooms.values().filter(|room| room.member(user).is_some());
        let known: HashSet<_> = rooms.flat_map(|room| &room.members).map(|member| &member.user).collect();
        let others: HashSet<_> = users.iter().filter(|other| *other != user).collect();
        others.difference(&known).count() as u64
    }
}
