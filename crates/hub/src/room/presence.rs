//! Room presence: which members subscribers know to be online, and what has changed since. Pure: time is handed in.
//!
//! Each member who connects is an event for all, so a storm of n users would be n² events. The first change is sent at once;
//! later ones within a tick are gathered and sent together, and a user who connects and disconnects within it causes no event.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use protocol::{PresenceChange, RoomId, UserId};
use tokio::time::Instant;

use crate::event::Event;

use super::fanout::RoomEvent;

/// How much the tick grows with each subscriber, so that a room sends at most some ten thousand of these events a second.
const TICK_PER_SUBSCRIBER: Duration = Duration::from_micros(100);

/// The members that subscribers know to be online.
#[derive(Debug, Default)]
pub(super) struct RoomPresence {
    /// Users announced as online.
    announced: HashSet<UserId>,
    /// Users whose presence differs from what was announced. Ordered, so that events are the same each time.
    pending: BTreeSet<UserId>,
    /// Until then changes are gathered.
    quiet_until: Option<Instant>,
}

/// What changed since the last event.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    online: Vec<UserId>,
    offline: Vec<UserId>,
}

impl RoomPresence {
    /// The state of a room that starts with these members online; clients that join are sent them as online.
    pub(super) fn new(online: impl Iterator<Item = UserId>) -> Self {
        Self { announced: online.collect(), ..Self::default() }
    }

    /// Whether subscribers know a user to be online.
    pub(super) fn is_announced(&self, user: &UserId) -> bool {
        self.announced.contains(user)
    }

    /// Notes whether a user is online now.
    pub(super) fn observe(&mut self, user: &UserId, online: bool) {
        if self.announced.contains(user) == online {
            self.pending.remove(user);
        } else {
            self.pending.insert(user.clone());
        }
    }

    /// Notes that another event has announced a user as online.
    pub(super) fn mark_announced(&mut self, user: UserId) {
        self.pending.remove(&user);
        self.announced.insert(user);
    }

    /// A user is no member any more.
    pub(super) fn forget(&mut self, user: &UserId) {
        self.announced.remove(user);
        self.pending.remove(user);
    }

    /// The event that is due now, if there is one. No other is due for a tick then.
    pub(super) fn take_due(
        &mut self,
        room: &RoomId,
        now: Instant,
        tick: Duration,
        subscribers: usize,
    ) -> Option<RoomEvent> {
        let Change { online, offline } = self.take_change(now, tick, subscribers)?;
        let change = PresenceChange { room: room.clone(), online, offline };
        Some(RoomEvent::reliable(Event::Presence(change)))
    }

    fn take_change(&mut self, now: Instant, tick: Duration, subscribers: usize) -> Option<Change> {
        if self.pending.is_empty() || self.quiet_until.is_some_and(|until| now < until) {
            return None;
        }
        let subscribers = u32::try_from(subscribers).unwrap_or(u32::MAX);
        self.quiet_until = Some(now + tick.max(TICK_PER_SUBSCRIBER.saturating_mul(subscribers)));
        let (mut online, mut offline) = (Vec::new(), Vec::new());
        for user in std::mem::take(&mut self.pending) {
            if self.announced.remove(&user) {
                offline.push(user);
            } else {
                self.announced.insert(user.clone());
                online.push(user);
            }
        }
        Some(Change { online, offline })
    }

    /// When the gathered changes are due.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.quiet_until.filter(|_| !self.pending.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(100);

    fn user(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    fn change(online: &[&str], offline: &[&str]) -> Change {
        let users = |names: &[&str]| names.iter().map(|name| user(name)).collect();
        Change { online: users(online), offline: users(offline) }
    }

    #[test]
    fn the_first_change_is_sent_at_once_and_the_rest_of_a_tick_together() {
        let now = Instant::now();
        let mut presence = RoomPresence::new([user("zoe")].into_iter());
        presence.observe(&user("ann"), true);
        assert_eq!(presence.take_change(now, TICK, 3), Some(change(&["ann"], &[])));
        presence.observe(&user("eve"), true);
        presence.observe(&user("bob"), true);
        presence.observe(&user("zoe"), false);
        assert_eq!(presence.take_change(now, TICK, 3), None);
        assert_eq!(presence.next_deadline(), Some(now + TICK));
        assert_eq!(presence.take_change(now + TICK, TICK, 3), Some(change(&["bob", "eve"], &["zoe"])));
        assert_eq!(presence.next_deadline(), None);
    }

    #[test]
    fn a_user_who_returns_within_a_tick_causes_no_event() {
        let now = Instant::now();
        let mut presence = RoomPresence::new([user("bob")].into_iter());
        presence.observe(&user("ann"), true);
        presence.take_change(now, TICK, 1);
        presence.observe(&user("bob"), false);
        presence.observe(&user("bob"), true);
        presence.observe(&user("eve"), true);
        presence.forget(&user("eve"));
        assert_eq!((presence.next_deadline(), presence.take_change(now + TICK, TICK, 1)), (None, None));
        assert!(presence.is_announced(&user("bob")) && !presence.is_announced(&user("eve")));
    }

    #[test]
    fn ten_thousand_subscribers_receive_presence_once_a_second() {
        let now = Instant::now();
        let mut presence = RoomPresence::default();
        presence.observe(&user("ann"), true);
        presence.take_change(now, TICK, 10_000);
        presence.observe(&user("bob"), true);
        assert_eq!(presence.next_deadline(), Some(now + Duration::from_secs(1)));
    }
}
