//! Who is in a room: members, presence, typing and read marks.

use protocol::{
    Member, MemberAdded, MemberRemoved, PresenceChange, ReadMark, Role, RoomName, TypingChange, UserId,
};
use tokio::time::Instant;

use crate::envelope::Envelope;
use crate::event::Event;
use crate::outbox::Delivery;
use crate::peer::Client;
use crate::policy;
use crate::refusal::Refusal;
use crate::roster;

use super::Room;
use super::command::Reply;

impl Room {
    /// Stores a run of read marks at once, then tells everybody what changed.
    pub(super) async fn note_marks(&mut self, marks: &mut Vec<(UserId, u64, Option<Reply<()>>)>) {
        let mut risen: Vec<(UserId, u64)> = Vec::new();
        let mut replies = Vec::new();
        for (person, seq, reply) in marks.drain(..) {
            let seq = seq.min(self.head.seq);
            let checked = self.check_part(&person);
            let before = self.members.get(&person).map_or(0, |member| member.read_seq);
            if checked.is_ok() && seq > before {
                risen.push((person, seq));
            }
            replies.extend(reply.map(|reply| (reply, checked)));
        }
        let mut stored = Ok(());
        if !risen.is_empty() {
            stored = self.shared.store.mark_read(&self.id, &risen).await.map_err(Refusal::from);
        }
        match &stored {
            Ok(()) => risen.into_iter().for_each(|(person, seq)| self.tell_mark(person, seq)),
            Err(error) => {
                let error = error as &dyn std::error::Error;
                tracing::error!(error, room.id = %self.id, "Could not store read marks of room `{}`", self.id);
            }
        }
        for (reply, checked) in replies {
            reply.send(checked.and_then(|()| stored.clone())).ok();
        }
    }

    fn tell_mark(&mut self, user: UserId, seq: u64) {
        let Some(member) = self.members.get_mut(&user) else {
            return;
        };
        if seq > member.read_seq {
            member.read_seq = seq;
            self.tell_all(Event::Read(ReadMark { room: self.id.clone(), user, seq }));
        }
    }

    /// Looks whether somebody is present, and tells if that is news.
    pub(super) fn look_for(&mut self, person: &UserId) {
        if !self.members.contains_key(person) {
            return;
        }
        let online = self.shared.registry.is_present(person);
        let news = if online { self.present.insert(person.clone()) } else { self.present.remove(person) };
        if news {
            let change = PresenceChange { room: self.id.clone(), user: person.clone(), online };
            self.tell_all(Event::Presence(change));
        }
    }

    pub(super) fn note_typing(&mut self, client: &Client, on: bool) {
        let person = &client.person.id;
        if !self.members.contains_key(person) || !self.followers.contains_key(&client.id) {
            return;
        }
        if on {
            self.typists.begin(person.clone(), Instant::now(), self.shared.settings.typing_timeout);
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
        self.deliver(&Envelope::new(Event::Typing(change)), Delivery::Fleeting, Some(person));
    }

    pub(super) async fn add_members(
        &mut self,
        actor: &UserId,
        people: &[UserId],
    ) -> Result<Vec<Member>, Refusal> {
        policy::may_invite(self.role(actor))?;
        let at_ms = self.shared.clock.now_ms();
        let added = self.shared.store.add_members(&self.id, people, at_ms).await?;
        let mut list = Vec::with_capacity(added.len());
        for membership in added {
            let person = membership.person.id.clone();
            let online = self.shared.registry.is_present(&person);
            if online {
                self.present.insert(person.clone());
            }
            let member = roster::member(&membership, online);
            self.members.insert(person.clone(), membership);
            self.tell_all(Event::MemberAdded(MemberAdded { room: self.id.clone(), member: member.clone() }));
            self.shared.tell_of_new_room(&self.id, &person).await?;
            list.push(member);
        }
        Ok(list)
    }

    pub(super) async fn remove_member(&mut self, actor: &UserId, person: &UserId) -> Result<(), Refusal> {
        policy::may_remove(self.role(actor), actor, person)?;
        if !self.members.contains_key(person) {
            return Err(Refusal::NoSuchPerson(person.clone()));
        }
        if self.members.len() == 1 {
            self.shared.store.delete_room(&self.id).await?;
            self.shared.registry.forget_room(&self.id);
        } else {
            let successor = self.shared.store.remove_member(&self.id, person).await?;
            self.promote(successor);
        }
        self.members.remove(person);
        self.present.remove(person);
        self.end_typing(person);
        self.show_out(person);
        self.tell_all(Event::MemberRemoved(MemberRemoved { room: self.id.clone(), user: person.clone() }));
        self.shared.tell_of_lost_room(&self.id, person);
        Ok(())
    }

    fn promote(&mut self, successor: Option<UserId>) {
        let Some(member) = successor.and_then(|person| self.members.get_mut(&person)) else {
            return;
        };
        member.role = Role::Owner;
        let member = roster::member(member, self.present.contains(&member.person.id));
        self.tell_all(Event::MemberAdded(MemberAdded { room: self.id.clone(), member }));
    }

    pub(super) async fn rename(&mut self, actor: &UserId, name: String) -> Result<(), Refusal> {
        policy::may_govern(self.role(actor))?;
        self.shared.store.rename_room(&self.id, &name).await?;
        self.tell_all(Event::RoomRenamed(RoomName { room: self.id.clone(), name }));
        Ok(())
    }

    pub(super) async fn delete(&mut self, actor: &UserId) -> Result<(), Refusal> {
        policy::may_govern(self.role(actor))?;
        self.shared.store.delete_room(&self.id).await?;
        let people: Vec<UserId> = self.members.keys().cloned().collect();
        for person in people {
            self.show_out(&person);
            self.shared.tell_of_lost_room(&self.id, &person);
        }
        Ok(())
    }
}
