//! Which members of a room were last told to be here, and what has changed since. Pure: time is handed in.
//!
//! Everybody of a room hears of everybody who comes, so a storm of n people would be n² events. The first change is told
//! at once; what follows within a tick is gathered and told together, and who came and left within it is no news.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use protocol::UserId;
use tokio::time::Instant;

/// How much the tick grows with each reader, so that a room tells at most some ten thousand readers a second.
const TICK_PER_READER: Duration = Duration::from_micros(100);

/// Who is here, as the room's followers know it.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// Told to be here.
    told: HashSet<UserId>,
    /// Of whom the opposite of what was told is true. In order, so that it is told in one.
    waiting: BTreeSet<UserId>,
    /// Before that, changes are gathered.
    quiet_until: Option<Instant>,
}

/// What changed, to be told at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct News {
    pub(super) online: Vec<UserId>,
    pub(super) offline: Vec<UserId>,
}

impl Presence {
    /// These people are here, and everybody who asks is told so.
    pub(super) fn of(people: impl Iterator<Item = UserId>) -> Self {
        Self { told: people.collect(), ..Self::default() }
    }

    /// Whether somebody was last told to be here.
    pub(super) fn was_told(&self, person: &UserId) -> bool {
        self.told.contains(person)
    }

    /// Whether somebody is here or not, as it was found out now.
    pub(super) fn note(&mut self, person: &UserId, online: bool) {
        if self.told.contains(person) == online {
            self.waiting.remove(person);
        } else {
            self.waiting.insert(person.clone());
        }
    }

    /// Somebody is here, and told so in another way.
    pub(super) fn told_of(&mut self, person: UserId) {
        self.waiting.remove(&person);
        self.told.insert(person);
    }

    /// Somebody is not of this room any more.
    pub(super) fn forget(&mut self, person: &UserId) {
        self.told.remove(person);
        self.waiting.remove(person);
    }

    /// Takes what is to be told now, if the last time is long enough ago. Nothing more is told for a tick then.
    pub(super) fn take_news(&mut self, now: Instant, tick: Duration, readers: usize) -> Option<News> {
        if self.waiting.is_empty() || self.quiet_until.is_some_and(|until| now < until) {
            return None;
        }
        let readers = u32::try_from(readers).unwrap_or(u32::MAX);
        self.quiet_until = Some(now + tick.max(TICK_PER_READER.saturating_mul(readers)));
        let (mut online, mut offline) = (Vec::new(), Vec::new());
        for person in std::mem::take(&mut self.waiting) {
            if self.told.remove(&person) {
                offline.push(person);
            } else {
                self.told.insert(person.clone());
                online.push(person);
            }
        }
        Some(News { online, offline })
    }

    /// When what was gathered is to be told.
    pub(super) fn next_news(&self) -> Option<Instant> {
        self.quiet_until.filter(|_| !self.waiting.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(100);

    fn user(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    fn news(online: &[&str], offline: &[&str]) -> News {
        let users = |names: &[&str]| names.iter().map(|name| user(name)).collect();
        News { online: users(online), offline: users(offline) }
    }

    #[test]
    fn the_first_change_is_told_at_once_and_the_rest_of_the_tick_together() {
        let now = Instant::now();
        let mut presence = Presence::of([user("zoe")].into_iter());
        presence.note(&user("ann"), true);
        assert_eq!(presence.take_news(now, TICK, 3), Some(news(&["ann"], &[])));
        presence.note(&user("eve"), true);
        presence.note(&user("bob"), true);
        presence.note(&user("zoe"), false);
        assert_eq!(presence.take_news(now, TICK, 3), None);
        assert_eq!(presence.next_news(), Some(now + TICK));
        assert_eq!(presence.take_news(now + TICK, TICK, 3), Some(news(&["bob", "eve"], &["zoe"])));
        assert_eq!(presence.next_news(), None);
    }

    #[test]
    fn who_leaves_and_comes_back_within_a_tick_is_no_news() {
        let now = Instant::now();
        let mut presence = Presence::of([user("bob")].into_iter());
        presence.note(&user("ann"), true);
        presence.take_news(now, TICK, 1);
        presence.note(&user("bob"), false);
        presence.note(&user("bob"), true);
        presence.note(&user("eve"), true);
        presence.forget(&user("eve"));
        assert_eq!((presence.next_news(), presence.take_news(now + TICK, TICK, 1)), (None, None));
        assert!(presence.was_told(&user("bob")) && !presence.was_told(&user("eve")));
    }

    #[test]
    fn a_room_of_ten_thousand_is_told_once_a_second() {
        let now = Instant::now();
        let mut presence = Presence::default();
        presence.note(&user("ann"), true);
        presence.take_news(now, TICK, 10_000);
        presence.note(&user("bob"), true);
        assert_eq!(presence.next_news(), Some(now + Duration::from_secs(1)));
    }
}
