//! Who is in a room: members, presence and typing.

use std::collections::BTreeSet;

use protocol::{Member, PresenceChange, Role, TypingChange, UserId};
use send_queue::DeliveryPolicy;
use tokio::time::Instant;

use crate::client::Client;
use crate::conflation;
use crate::envelope::Envelope;
use crate::event::Event;
use crate::policy;
use crate::refusal::Refusal;
use crate::roster;

use super::Room;
use super::presence::News;

impl Room {
    /// Looks which of these people are present, and tells what is news.
    pub(super) fn look_for(&mut self, people: &[UserId]) {
        for person in people.iter().filter(|person| self.members.contains_key(*person)) {
            self.presence.note(person, self.shared.registry.is_present(person));
        }
        self.tell_presence();
    }

    /// Tells who came and who went, if the last time is a tick ago.
    pub(super) fn tell_presence(&mut self) {
        let tick = self.shared.settings.presence_tick;
        if let Some(News { online, offline }) =
            self.presence.take_news(Instant::now(), tick, self.followers.len())
        {
            self.forget_roster();
            let room = self.id.clone();
            self.tell_all(Event::Presence(PresenceChange { room, online, offline }));
        }
    }

    pub(super) fn note_typing(&mut self, client: &Client, on: bool) {
        let person = &client.person.id;
        if !self.members.contains_key(person) || !self.followers.contains(client.id) {
            return;
        }
        if on {
            let timeout = client.spelling.typing_timeout.unwrap_or(self.shared.settings.typing_timeout);
            self.typists.begin(person.clone(), Instant::now(), timeout);
            self.tell_typing(person, true);
        } else {
            self.end_typing(person);
        }
    }

    /// Somebody does not type any more; says so if it was thought otherwise.
    pub(super) fn end_typing(&mut self, person: &UserId) {
        if self.typists.end(person) {
            self.tell_typing(person, false);
        }
    }

    pub(super) fn end_silent_typing(&mut self) {
        for person in self.typists.expire(Instant::now()) {
            self.tell_typing(&person, false);
        }
    }

    fn tell_typing(&mut self, person: &UserId, on: bool) {
        let change = TypingChange { room: self.id.clone(), user: person.clone(), on };
        let is_other = |client: &Client| client.person.id != *person;
        let delivery = DeliveryPolicy::Latest(conflation::typing(&self.id, person));
        self.deliver_to(&Envelope::new(Event::Typing(change)), delivery, is_other);
    }

    pub(super) async fn add_members(
        &mut self,
        actor: &UserId,
        people: &[UserId],
    ) -> Result<Vec<Member>, Refusal> {
        policy::may_invite(self.role(actor))?;
        policy::stands_alone(self.kind)?;
        let new: BTreeSet<&UserId> = people.iter().filter(|it| !self.members.contains_key(*it)).collect();
        // Who names those who are in it already is not refused, however many there are.
        if !new.is_empty() {
            let count = self.members.len() + new.len();
            policy::check_members("user_ids", count, self.shared.settings.quotas.members_per_room)?;
        }
        let at_ms = self.shared.clock.now_ms();
        let answer = self.shared.store.add_members(&self.id, people, at_ms).await;
        let mut list = Vec::new();
        for membership in self.done(answer)? {
            list.push(roster::member(&membership, self.shared.registry.is_present(&membership.person.id)));
            self.let_in(membership);
        }
        self.invite().await;
        self.shared.refresh_live_room(&self.id).await;
        Ok(list)
    }

    pub(super) async fn remove_member(
        &mut self,
        actor: &UserId,
        person: &UserId,
        for_good: bool,
    ) -> Result<(), Refusal> {
        policy::may_remove(self.role(actor), actor, person)?;
        policy::stands_alone(self.kind)?;
        if !self.members.contains_key(person) {
            return Err(Refusal::NoSuchPerson(person.clone()));
        }
        if self.members.len() == 1 {
            let answer = self.shared.store.delete_room(&self.id).await;
            self.done(answer)?;
            self.go_off_the_map();
        } else {
            let store = &self.shared.store;
            let answer = if for_good {
                store.leave_for_good(&self.id, person).await
            } else {
                store.remove_member(&self.id, person).await
            };
            if let Some(successor) = self.done(answer)? {
                self.give_role(&successor, Role::Owner);
            }
        }
        self.send_out(person);
        self.shared.refresh_live_room(&self.id).await;
        Ok(())
    }

    pub(super) async fn rename(&mut self, actor: &UserId, name: String) -> Result<(), Refusal> {
        policy::may_govern(self.role(actor))?;
        policy::stands_alone(self.kind)?;
        let answer = self.shared.store.rename_room(&self.id, &name).await;
        self.done(answer)?;
        self.take_name(name);
        Ok(())
    }

    pub(super) async fn delete(&mut self, actor: &UserId) -> Result<(), Refusal> {
        policy::may_govern(self.role(actor))?;
        policy::stands_alone(self.kind)?;
        let answer = self.shared.store.delete_room(&self.id).await;
        self.done(answer)?;
        self.send_everybody_out().await;
        Ok(())
    }
}
