//! Who is in the room, when that is not sure.
//!
//! A store may fail after it has let somebody in or taken somebody out: whoever asked for it is told that it is not known to
//! be done, and the room cannot know either. It looks what the store has and tells the difference as if it had just
//! happened; a store that does not answer is asked again until it does.

use std::collections::HashSet;

use protocol::{MemberAdded, MemberRemoved, Role, UserId};
use tokio::time::Instant;

use crate::event::Event;
use crate::model::{Membership, RoomRecord};
use crate::policy;
use crate::port::{AGAIN, StoreError};
use crate::refusal::Refusal;
use crate::roster;

use super::{Flow, Room};

/// What is known of who is in the room.
pub(super) enum Standing {
    /// What the store has.
    Sure,
    /// There is no such room any more, and nobody is in it.
    Gone,
    /// The store did not answer.
    Unsure(Refusal),
}

impl Room {
    /// The store may have other people in the room.
    pub(super) fn doubt_people(&mut self) {
        self.people_at = Some(Instant::now());
    }

    /// What the store answered to a change of the room. After a failure nobody knows whether it happened.
    pub(super) fn done<T>(&mut self, answer: Result<T, StoreError>) -> Result<T, Refusal> {
        if matches!(answer, Err(StoreError::Unavailable(_))) {
            self.doubt_people();
        }
        Ok(answer?)
    }

    /// Looks who is in the room, if that is not sure.
    pub(super) async fn make_sure(&mut self) -> Standing {
        if self.people_at.is_none() {
            return Standing::Sure;
        }
        match self.context.store.room(&self.id).await {
            Ok(Some(record)) => {
                self.people_at = None;
                self.take_over(record).await;
                Standing::Sure
            }
            Ok(None) => {
                // Off the map first: whoever asks next must not find what is gone.
                self.go_off_the_map();
                self.send_everybody_out().await;
                Standing::Gone
            }
            Err(error) => {
                let (cause, id) = (&error as &dyn std::error::Error, &self.id);
                tracing::error!(error = cause, room.id = %id, "Could not look who is in room `{id}`");
                self.people_at = Some(Instant::now() + AGAIN);
                Standing::Unsure(error.into())
            }
        }
    }

    /// As [`Room::make_sure`], once its time has come; the room ends if it is gone.
    pub(super) async fn make_sure_again(&mut self) -> Flow {
        if self.people_at.is_some_and(|moment| moment <= Instant::now())
            && matches!(self.make_sure().await, Standing::Gone)
        {
            return Flow::End(Refusal::NoSuchRoom);
        }
        Flow::Continue
    }

    /// Tells how the room differs from what the store has, and is like it from now on.
    async fn take_over(&mut self, record: RoomRecord) {
        let mut changed = self.take_over_roles(&record.members);
        let there: HashSet<&UserId> = record.members.iter().map(|it| &it.person.id).collect();
        for person in self.people().into_iter().filter(|person| !there.contains(person)) {
            self.send_out(&person);
            changed = true;
        }
        let before = self.members.len();
        for member in record.members {
            if !self.members.contains_key(&member.person.id) {
                self.let_in(member);
            }
        }
        changed |= self.members.len() > before;
        if self.stands_alone() && !self.name.is(&record.name) {
            self.take_name(record.name);
        }
        self.invite().await;
        if changed {
            self.context.refresh_live_room(&self.id).await;
        }
    }

    /// Whether a role is another one than before.
    fn take_over_roles(&mut self, stored: &[Membership]) -> bool {
        let mut changed = false;
        for Membership { person, role, .. } in stored {
            if self.role(&person.id).is_some_and(|before| before != *role) {
                self.give_role(&person.id, *role);
                changed = true;
            }
        }
        changed
    }

    /// Everybody in the room, in an order that is the same each time.
    fn people(&self) -> Vec<UserId> {
        let mut people: Vec<UserId> = self.members.keys().cloned().collect();
        people.sort();
        people
    }

    /// Whether the room tells of its own people, and not its chat for it.
    fn stands_alone(&self) -> bool {
        policy::stands_alone(self.kind).is_ok()
    }

    /// Somebody is in the room from now on; [`Room::invite`] is to follow.
    pub(super) fn let_in(&mut self, membership: Membership) {
        let person = membership.person.id.clone();
        // Before the look, as in `Room::new`.
        if self.is_home {
            self.context.registry.homes.enter(&self.id, std::iter::once(&person));
        }
        let online = self.context.registry.is_present(&person);
        let member = roster::member(&membership, online);
        self.members.insert(person.clone(), membership);
        self.forget_roster();
        if self.stands_alone() {
            if online {
                self.presence.told_of(person.clone());
            }
            self.tell_all(Event::MemberAdded(MemberAdded { room: self.id.clone(), member }));
            self.uninvited.insert(person);
        } else {
            self.look_for(&[person]);
        }
    }

    /// Tells those who were let in of their new room. Who cannot be told now is told later.
    pub(super) async fn invite(&mut self) {
        for person in std::mem::take(&mut self.uninvited) {
            if !self.members.contains_key(&person) {
                continue;
            }
            if let Err(refusal) = self.context.tell_of_new_room(&self.id, &person).await {
                let (error, id) = (&refusal as &dyn std::error::Error, &self.id);
                tracing::error!(error, room.id = %id, "Could not tell `{person}` of the new room `{id}`");
                self.uninvited.insert(person);
                self.people_at = Some(Instant::now() + AGAIN);
            }
        }
    }

    /// Somebody is not in the room any more.
    pub(super) fn send_out(&mut self, person: &UserId) {
        self.members.remove(person);
        if self.is_home {
            self.context.registry.homes.leave(&self.id, std::iter::once(person));
        }
        self.forget_roster();
        self.presence.forget(person);
        self.end_typing(person);
        self.show_out(person);
        if self.stands_alone() {
            let (room, user) = (self.id.clone(), person.clone());
            self.tell_all(Event::MemberRemoved(MemberRemoved { room, user }));
            self.context.tell_of_lost_room(&self.id, person);
        }
    }

    /// Somebody may do more or less in the room than before.
    pub(super) fn give_role(&mut self, person: &UserId, role: Role) {
        let Some(member) = self.members.get_mut(person) else { return };
        member.role = role;
        let member = roster::member(member, self.presence.was_told(person));
        self.forget_roster();
        if self.stands_alone() {
            self.tell_all(Event::MemberAdded(MemberAdded { room: self.id.clone(), member }));
        }
    }

    /// The room is gone.
    pub(super) async fn send_everybody_out(&mut self) {
        for person in self.people() {
            self.show_out(&person);
            if self.stands_alone() {
                self.context.tell_of_lost_room(&self.id, &person);
            }
        }
        self.context.refresh_live_room(&self.id).await;
    }
}
