//! Membership: changes the members of a room, at the request of users or after a resync with the store.

use std::collections::BTreeSet;

use protocol::{LiveChange, Member, MemberAdded, MemberRemoved, Opaque, Role, UserId};
use tokio::time::Instant;

use crate::actor::Flow;
use crate::error::HubError;
use crate::event::Event;
use crate::model::{Membership, RoomRecord};
use crate::policy;
use crate::room_notices;
use crate::roster;
use crate::store::StoreError;

use super::Room;
use super::command::SetLiveStatus;
use super::fanout::RoomEvent;
use super::members::Resync;

impl Room {
    pub(super) async fn add_members(
        &mut self,
        requester: &UserId,
        users: &[UserId],
    ) -> Result<Vec<Member>, HubError> {
        policy::may_invite(self.members.role(requester))?;
        policy::stands_alone(self.identity.kind)?;
        let new: BTreeSet<&UserId> = users.iter().filter(|it| !self.members.contains(it)).collect();
        // A request that names members only is accepted, however many there are.
        if !new.is_empty() {
            let count = self.members.len() + new.len();
            policy::check_members("user_ids", count, self.context.settings.quotas.members_per_room)?;
        }
        let answer = self.context.store.add_members(&self.identity.id, users, self.now_ms()).await;
        let mut list = Vec::new();
        for membership in self.confirmed(answer)? {
            list.push(roster::member(&membership, self.is_online(&membership.user.id)));
            self.add_member(membership);
        }
        self.send_invites().await;
        room_notices::reload_live_room(&self.context, &self.identity.id).await;
        Ok(list)
    }

    pub(super) async fn remove_member(
        &mut self,
        requester: &UserId,
        user: &UserId,
        for_good: bool,
    ) -> Result<(), HubError> {
        policy::may_remove(self.members.role(requester), requester, user)?;
        policy::stands_alone(self.identity.kind)?;
        if !self.members.contains(user) {
            return Err(HubError::NoSuchUser(user.clone()));
        }
        if self.members.len() == 1 {
            let answer = self.context.store.delete_room(&self.identity.id).await;
            self.confirmed(answer)?;
            self.unregister();
        } else {
            let (store, room) = (&self.context.store, &self.identity.id);
            let answer = if for_good {
                store.leave_for_good(room, user).await
            } else {
                store.remove_member(room, user).await
            };
            if let Some(successor) = self.confirmed(answer)? {
                self.set_role(&successor, Role::Owner);
            }
        }
        self.drop_member(user);
        room_notices::reload_live_room(&self.context, &self.identity.id).await;
        Ok(())
    }

    pub(super) async fn rename(&mut self, requester: &UserId, name: String) -> Result<(), HubError> {
        policy::may_govern(self.members.role(requester))?;
        policy::stands_alone(self.identity.kind)?;
        let answer = self.context.store.rename_room(&self.identity.id, &name).await;
        self.confirmed(answer)?;
        self.set_name(name);
        Ok(())
    }

    /// Deletes the room and removes it from the registry.
    pub(super) async fn delete(&mut self, requester: &UserId) -> Result<(), HubError> {
        policy::may_govern(self.members.role(requester))?;
        policy::stands_alone(self.identity.kind)?;
        let answer = self.context.store.delete_room(&self.identity.id).await;
        self.confirmed(answer)?;
        self.close_room().await;
        Ok(())
    }

    /// An owner sets the status of the live session.
    pub(super) async fn set_live_status(&mut self, request: SetLiveStatus) {
        let SetLiveStatus { requester, status, details, reply } = request;
        let (room, chat, at_ms) = (self.identity.id.clone(), self.identity.chat.clone(), self.now_ms());
        let role = self.members.role(&requester);
        let change = LiveChange { room, chat, status, user: requester, at_ms, details: Opaque(details) };
        let stored = match policy::may_govern(role) {
            Ok(()) => self.context.store.set_live(&change).await.map_err(HubError::from),
            Err(error) => Err(error),
        };
        if stored.is_ok() {
            let event = self.live.set_status(change.clone());
            self.emit([event]);
            room_notices::notify_chat(&self.context, change);
        }
        reply.send(stored).ok();
    }

    /// The store's answer to a change of the room. After a failure its outcome is unknown, and the members are stale.
    fn confirmed<T>(&mut self, answer: Result<T, StoreError>) -> Result<T, HubError> {
        if matches!(answer, Err(StoreError::Unavailable(_))) {
            self.members.mark_stale();
        }
        Ok(answer?)
    }

    /// Reads the members again, if they are stale, and sends the difference as if it had just happened.
    pub(super) async fn resync_members(&mut self) -> Resync {
        if !self.members.is_stale() {
            return Resync::Current;
        }
        match self.context.store.room(&self.identity.id).await {
            Ok(Some(record)) => {
                self.members.mark_current();
                self.apply_record(record).await;
                Resync::Current
            }
            Ok(None) => {
                self.close_room().await;
                Resync::Deleted
            }
            Err(error) => {
                let (cause, id) = (&error as &dyn std::error::Error, &self.identity.id);
                tracing::error!(error = cause, room.id = %id, "Could not read the members of room `{id}`");
                self.members.retry_resync();
                Resync::Unavailable(error.into())
            }
        }
    }

    /// As [`Room::resync_members`], once it is due; the room ends if it is gone.
    pub(super) async fn resync_members_if_due(&mut self) -> Flow {
        if self.members.resync_at().is_some_and(|moment| moment <= Instant::now())
            && matches!(self.resync_members().await, Resync::Deleted)
        {
            return Flow::End(HubError::NoSuchRoom);
        }
        Flow::Continue
    }

    async fn apply_record(&mut self, record: RoomRecord) {
        let difference = self.members.difference(record.members);
        let has_changed = !difference.is_empty();
        for (user, role) in difference.roles {
            self.set_role(&user, role);
        }
        for user in difference.removed {
            self.drop_member(&user);
        }
        for member in difference.added {
            self.add_member(member);
        }
        if self.has_own_members() && !self.name.is(&record.name) {
            self.set_name(record.name);
        }
        self.send_invites().await;
        if has_changed {
            room_notices::reload_live_room(&self.context, &self.identity.id).await;
        }
    }

    /// Whether events about the members are sent here, and not only in the chat that the room belongs to.
    fn has_own_members(&self) -> bool {
        policy::stands_alone(self.identity.kind).is_ok()
    }

    /// Adds a member that the store has. The caller calls [`Room::send_invites`] afterwards.
    fn add_member(&mut self, membership: Membership) {
        let (room, user) = (self.identity.id.clone(), membership.user.id.clone());
        self.registration.add_member(&self.context, &room, &user);
        let online = self.is_online(&user);
        let member = self.members.insert(membership, online);
        if !self.has_own_members() {
            self.refresh_presence(&[user]);
            return;
        }
        if online {
            self.presence.mark_announced(user.clone());
        }
        self.emit([RoomEvent::reliable(Event::MemberAdded(MemberAdded { room, member }))]);
        self.members.add_invite(user);
    }

    /// Notifies new members of their room. A notification that fails is retried later.
    async fn send_invites(&mut self) {
        for user in self.members.take_invites() {
            if let Err(error) = room_notices::notify_room_added(&self.context, &self.identity.id, &user).await
            {
                let (error, id) = (&error as &dyn std::error::Error, &self.identity.id);
                tracing::error!(error, room.id = %id, "Could not notify `{user}` of the new room `{id}`");
                self.members.add_invite(user);
                self.members.retry_resync();
            }
        }
    }

    /// Removes a member that the store does not have any more.
    fn drop_member(&mut self, user: &UserId) {
        self.members.remove(user);
        self.registration.remove_member(&self.context, &self.identity.id, user);
        self.presence.forget(user);
        let stopped = self.typing.stop(&self.identity.id, user);
        self.emit(stopped);
        self.unsubscribe_user(user);
        if self.has_own_members() {
            let removed = MemberRemoved { room: self.identity.id.clone(), user: user.clone() };
            self.emit([RoomEvent::reliable(Event::MemberRemoved(removed))]);
            room_notices::notify_room_removed(&self.context, &self.identity.id, user);
        }
    }

    fn set_role(&mut self, user: &UserId, role: Role) {
        let Some(member) = self.members.set_role(user, role, self.presence.is_announced(user)) else {
            return;
        };
        if self.has_own_members() {
            let room = self.identity.id.clone();
            self.emit([RoomEvent::reliable(Event::MemberAdded(MemberAdded { room, member }))]);
        }
    }

    fn set_name(&mut self, name: String) {
        let event = self.name.set(&self.identity.id, name, Instant::now());
        self.emit(event);
    }

    /// The room is deleted: ends all subscriptions. It leaves the registry first, so that no task finds it any more.
    async fn close_room(&mut self) {
        self.unregister();
        for user in self.members.sorted_ids() {
            self.unsubscribe_user(&user);
            if self.has_own_members() {
                room_notices::notify_room_removed(&self.context, &self.identity.id, &user);
            }
        }
        room_notices::reload_live_room(&self.context, &self.identity.id).await;
    }
}
