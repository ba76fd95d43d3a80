//! Live session: the participants of a room and the status that an owner has set. State in, events out.

use std::sync::Arc;
use std::time::Duration;

use protocol::{LiveChange, ParticipantChange, RoomId, RoomKind, UserId};
use tokio::time::Instant;

use crate::event::Event;
use crate::model::User;
use crate::queue::Encoder;

use super::fanout::{Audience, RoomEvent};
use super::participants::Participants;

/// What a room knows of its own live session, or, if it is a chat, of that of its live room.
pub(super) struct LiveSession {
    room: RoomId,
    /// Whether the room is a live room: all subscribers receive its participants, and not only the dialects that show them in
    /// chats.
    is_live_room: bool,
    participants: Participants,
    /// The last status that an owner has set here.
    status: Option<LiveChange>,
    /// The last status of the live room of this chat. In a box, because few have one.
    chat_status: Option<Box<LiveChange>>,
}

impl LiveSession {
    pub(super) fn new(
        room: RoomId,
        kind: RoomKind,
        status: Option<LiveChange>,
        chat_status: Option<LiveChange>,
    ) -> Self {
        Self {
            room,
            is_live_room: kind == RoomKind::Live,
            participants: Participants::default(),
            status,
            chat_status: chat_status.map(Box::new),
        }
    }

    /// A client of a user subscribes, or does so again; an event if the user was no participant before.
    pub(super) fn join(&mut self, user: &Arc<User>, is_new_client: bool, now_ms: i64) -> Option<RoomEvent> {
        let joined = self.participants.join(user, is_new_client);
        joined.then(|| self.participant_event(&user.id, user.username.clone(), true, now_ms))
    }

    /// A client of a user is not subscribed any more; whether it was the last one.
    pub(super) fn remove_client(&mut self, user: &UserId) -> bool {
        self.participants.remove_client(user)
    }

    /// The last connection of a user was lost; the user may come back within the grace period.
    pub(super) fn connection_lost(&mut self, user: &UserId, now: Instant, grace: Duration) {
        self.participants.connection_lost(user, now, grace);
    }

    /// A user leaves; an event if the user was a participant.
    pub(super) fn leave(&mut self, user: &UserId, now_ms: i64) -> Option<RoomEvent> {
        let name = self.participants.leave(user)?;
        Some(self.participant_event(user, name, false, now_ms))
    }

    /// Participants who did not come back in time have left.
    pub(super) fn expire(&mut self, now: Instant, now_ms: i64) -> Vec<RoomEvent> {
        let left = self.participants.expire(now);
        left.into_iter().map(|(user, name)| self.participant_event(&user, name, false, now_ms)).collect()
    }

    /// When the next participant whose connection was lost has left.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.participants.next_deadline()
    }

    /// The participants as a join lists them: those of a live room.
    pub(super) fn participants(&self) -> Vec<UserId> {
        if !self.is_live_room {
            return Vec::new();
        }
        self.participants.list().into_iter().map(|(user, _)| user).collect()
    }

    /// One event for each participant, `last` at the end, then the status: what a client is sent that asks for participants.
    pub(super) fn introduction(&self, last: &UserId, now_ms: i64) -> Vec<Event> {
        let mut participants = self.participants.list();
        // Stable: the others stay in the order in which they joined.
        participants.sort_by_key(|(user, _)| user == last);
        let events = participants.into_iter();
        let events = events.map(|(user, name)| Event::Participant(self.change(&user, name, true, now_ms)));
        events.chain(self.status.clone().map(Event::Live)).collect()
    }

    /// The status as a join shows it: that of the chat's live room, else the room's own.
    pub(super) fn status(&self) -> Option<LiveChange> {
        self.chat_status.as_deref().or(self.status.as_ref()).cloned()
    }

    /// An owner has set another status.
    pub(super) fn set_status(&mut self, change: LiveChange) -> RoomEvent {
        self.status = Some(change.clone());
        RoomEvent::reliable(Event::Live(change))
    }

    /// The live room of this chat has another status; no event if a later one is known.
    pub(super) fn set_chat_status(&mut self, change: Box<LiveChange>) -> Option<RoomEvent> {
        // Two changes may arrive in another order when the mailbox was full.
        if self.chat_status.as_ref().is_some_and(|known| known.at_ms > change.at_ms) {
            return None;
        }
        let event = RoomEvent::reliable(Event::Live((*change).clone()));
        self.chat_status = Some(change);
        Some(event.to(Audience::Encoders(|encoder| encoder.wants_live_status)))
    }

    fn participant_event(&self, user: &UserId, name: String, here: bool, now_ms: i64) -> RoomEvent {
        let event = RoomEvent::reliable(Event::Participant(self.change(user, name, here, now_ms)));
        let shows_participants = |encoder: &Encoder| encoder.wants_participants;
        if self.is_live_room { event } else { event.to(Audience::Encoders(shows_participants)) }
    }

    fn change(&self, user: &UserId, name: String, here: bool, at_ms: i64) -> ParticipantChange {
        ParticipantChange { room: self.room.clone(), user: user.clone(), name, here, at_ms }
    }
}
