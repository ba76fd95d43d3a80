//! Who takes part at this moment, and what a session's owner says of it.

use std::sync::Arc;

use protocol::{LiveChange, ParticipantChange, RoomKind, UserId};
use send_queue::DeliveryPolicy;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::client::{Client, PeerId};
use crate::envelope::Envelope;
use crate::event::Event;
use crate::policy;
use crate::refusal::Refusal;

use super::Room;

impl Room {
    /// Whether everybody here wants to know who follows, and not only the dialects that count.
    pub(super) fn is_live(&self) -> bool {
        self.kind == RoomKind::Live
    }

    /// A client follows from now on; the others are told if its person did not follow before.
    pub(super) fn enter(&mut self, client: &Arc<Client>) {
        let person = &client.person;
        // One copy of each person in memory: what the store has brought with the room gives way to what came with the client.
        if let Some(member) = self.members.get_mut(&person.id)
            && member.person == *person
        {
            member.person = person.clone();
        }
        let follows = self.followers.contains(client.id);
        if self.participants.enter(person, !follows) {
            self.tell_participant(&person.id, person.username.clone(), true);
        }
        if !follows {
            self.followers.insert(client.clone());
        }
    }

    /// Tells one client of everybody who follows, itself at the end.
    pub(super) fn list_participants(&self, client: &Client) {
        let mut list = self.participants.list();
        // Stable: the others stay in the order in which they came.
        list.sort_by_key(|(person, _)| *person == client.person.id);
        for (user, name) in list {
            let change = self.participant(user, name, true);
            client.tell_alone(&Event::Participant(change)).ok();
        }
        if let Some(live) = &self.live {
            client.tell_alone(&Event::Live(live.clone())).ok();
        }
    }

    /// A client has left; with its last one the person follows no more.
    pub(super) fn forget_follower(&mut self, peer: PeerId) {
        if let Some(person) = self.take_follower(peer)
            && let Some(name) = self.participants.leave(&person)
        {
            self.tell_participant(&person, name, false);
        }
    }

    /// A connection was lost; the person may come back.
    pub(super) fn lose_follower(&mut self, peer: PeerId) {
        if let Some(person) = self.take_follower(peer) {
            self.participants.lose(&person, Instant::now(), self.shared.settings.presence_grace);
        }
    }

    /// Those who did not come back in time have left.
    pub(super) fn end_lost_participants(&mut self) {
        for (person, name) in self.participants.expire(Instant::now()) {
            self.tell_participant(&person, name, false);
        }
    }

    /// Takes out a client; its person if it was the last one here.
    fn take_follower(&mut self, peer: PeerId) -> Option<UserId> {
        let client = self.followers.remove(peer)?;
        let person = &client.person.id;
        if !self.participants.put_away(person) {
            return None;
        }
        self.end_typing(person);
        Some(person.clone())
    }

    pub(super) fn tell_participant(&mut self, user: &UserId, name: String, here: bool) {
        let is_live = self.is_live();
        let change = self.participant(user.clone(), name, here);
        let wants = |client: &Client| is_live || client.spelling.counts_participants;
        self.deliver_to(&Envelope::new(Event::Participant(change)), DeliveryPolicy::Reliable, wants);
    }

    fn participant(&self, user: UserId, name: String, here: bool) -> ParticipantChange {
        ParticipantChange { room: self.id.clone(), user, name, here, at_ms: self.shared.clock.now_ms() }
    }

    /// An owner says where the session stands.
    pub(super) async fn set_live(
        &mut self,
        actor: &UserId,
        status: String,
        details: Map<String, Value>,
    ) -> Result<(), Refusal> {
        policy::may_govern(self.role(actor))?;
        let (room, chat, at_ms) = (self.id.clone(), self.chat.clone(), self.shared.clock.now_ms());
        let change = LiveChange { room, chat, status, user: actor.clone(), at_ms, details };
        self.shared.store.set_live(&change).await?;
        self.live = Some(change.clone());
        self.tell_all(Event::Live(change.clone()));
        self.shared.note_session(change);
        Ok(())
    }

    /// The live room of this chat has another status.
    pub(super) fn note_session(&mut self, change: Box<LiveChange>) {
        // Two changes may come in another order when the mailbox was full.
        if self.session.as_ref().is_some_and(|known| known.at_ms > change.at_ms) {
            return;
        }
        let wants = |client: &Client| client.spelling.hears_sessions;
        self.deliver_to(&Envelope::new(Event::Live((*change).clone())), DeliveryPolicy::Reliable, wants);
        self.session = Some(change);
    }
}
