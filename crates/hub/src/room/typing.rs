//! Typing: which users type in a room now. Pure: time is handed in.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use protocol::{RoomId, TypingChange, UserId};
use tokio::time::Instant;

use crate::event::Event;
use crate::queue::{DeliveryPolicy, conflation};

use super::fanout::{Audience, RoomEvent};

/// The users who are typing, each until a moment.
#[derive(Debug, Default)]
pub(super) struct Typing {
    until: HashMap<UserId, Instant>,
}

impl Typing {
    /// A user types, until `timeout` from `now` unless told again.
    pub(super) fn start(
        &mut self,
        room: &RoomId,
        user: &UserId,
        now: Instant,
        timeout: Duration,
    ) -> RoomEvent {
        self.until.insert(user.clone(), now + timeout);
        event(room, user.clone(), true)
    }

    /// A user has stopped typing; no event if the user did not type.
    pub(super) fn stop(&mut self, room: &RoomId, user: &UserId) -> Option<RoomEvent> {
        self.until.remove(user).map(|_| event(room, user.clone(), false))
    }

    /// Ends the typing of those whose time is over.
    pub(super) fn expire(&mut self, room: &RoomId, now: Instant) -> Vec<RoomEvent> {
        let over = self.until.extract_if(|_, until| *until <= now);
        // In an order that is the same each time.
        let over: BTreeSet<UserId> = over.map(|(user, _)| user).collect();
        over.into_iter().map(|user| event(room, user, false)).collect()
    }

    /// When the next one's time is over.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.until.values().min().copied()
    }

    /// All users who are typing.
    pub(super) fn users(&self) -> Vec<UserId> {
        let mut users: Vec<UserId> = self.until.keys().cloned().collect();
        users.sort();
        users
    }
}

fn event(room: &RoomId, user: UserId, on: bool) -> RoomEvent {
    RoomEvent {
        delivery: DeliveryPolicy::Latest(conflation::typing(room, &user)),
        audience: Audience::Others(user.clone()),
        event: Event::Typing(TypingChange { room: room.clone(), user, on }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(event: RoomEvent) -> (UserId, bool) {
        match event.event {
            Event::Typing(TypingChange { user, on, .. }) => (user, on),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn typing_ends_by_command_or_by_time() {
        let (ann, bob) = (UserId::parse("ann").unwrap(), UserId::parse("bob").unwrap());
        let room = RoomId::parse("hall").unwrap();
        let start = Instant::now();
        let timeout = Duration::from_secs(10);
        let mut typing = Typing::default();
        assert_eq!(shown(typing.start(&room, &ann, start, timeout)), (ann.clone(), true));
        typing.start(&room, &bob, start + Duration::from_secs(4), timeout);
        assert_eq!(typing.users(), [ann.clone(), bob.clone()]);
        assert_eq!(typing.next_deadline(), Some(start + timeout));
        let over: Vec<_> = typing.expire(&room, start + timeout).into_iter().map(shown).collect();
        assert_eq!(over, [(ann.clone(), false)]);
        assert!(typing.stop(&room, &ann).is_none());
        assert_eq!(typing.stop(&room, &bob).map(shown), Some((bob, false)));
        assert_eq!(typing.next_deadline(), None);
    }
}
