//! Who is typing in a room.

use protocol::limits::TYPING_TIMEOUT_MS;
use protocol::{TypingChange, UserId};

/// The people who type, in the order they began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typing {
    people: Vec<(UserId, i64)>,
}

impl Typing {
    /// Everybody who types at `now`, as told when a room is joined.
    pub fn start_over(&mut self, people: &[UserId], now: i64) {
        let until = now + i64::from(TYPING_TIMEOUT_MS);
        self.people = people.iter().map(|who| (who.clone(), until)).collect();
    }

    /// Somebody began, goes on, or ceased. Returns whether the list of people changed.
    pub fn apply(&mut self, change: &TypingChange, now: i64) -> bool {
        if !change.on {
            return self.ceased(&change.user);
        }
        let until = now + i64::from(TYPING_TIMEOUT_MS);
        if let Some((_, ends)) = self.people.iter_mut().find(|(who, _)| *who == change.user) {
            *ends = until;
            return false;
        }
        self.people.push((change.user.clone(), until));
        true
    }

    /// Somebody sent a message, left, or went away. Returns whether the list of people changed.
    pub fn ceased(&mut self, user: &UserId) -> bool {
        let before = self.people.len();
        self.people.retain(|(who, _)| who != user);
        self.people.len() != before
    }

    /// Forgets those who were not heard of for too long. Returns whether the list of people changed.
    pub fn expire(&mut self, now: i64) -> bool {
        let before = self.people.len();
        self.people.retain(|(_, ends)| *ends > now);
        self.people.len() != before
    }

    /// When [`Self::expire`] has something to do.
    pub fn next_expiry(&self) -> Option<i64> {
        self.people.iter().map(|(_, ends)| *ends).min()
    }

    /// The people who type.
    pub fn people(&self) -> impl Iterator<Item = &UserId> {
        self.people.iter().map(|(who, _)| who)
    }
}

#[cfg(test)]
mod tests {
    use protocol::RoomId;

    use super::*;

    fn user(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    fn change(name: &str, on: bool) -> TypingChange {
        TypingChange { room: RoomId::parse("a").unwrap(), user: user(name), on }
    }

    fn names(typing: &Typing) -> Vec<&str> {
        typing.people().map(UserId::as_str).collect()
    }

    #[test]
    fn people_are_listed_in_the_order_they_began() {
        let mut typing = Typing::default();
        assert!(typing.apply(&change("bob", true), 0));
        assert!(typing.apply(&change("alice", true), 10));
        assert!(!typing.apply(&change("bob", true), 20), "going on changes nothing on screen");
        assert_eq!(names(&typing), ["bob", "alice"]);
        assert!(typing.apply(&change("bob", false), 30));
        assert!(!typing.apply(&change("bob", false), 30));
        assert_eq!(names(&typing), ["alice"]);
    }

    #[test]
    fn who_is_not_heard_of_any_more_stops_typing() {
        let mut typing = Typing::default();
        typing.apply(&change("bob", true), 0);
        typing.apply(&change("alice", true), 4_000);
        typing.apply(&change("bob", true), 5_000);
        assert_eq!(typing.next_expiry(), Some(14_000));
        assert!(!typing.expire(13_999));
        assert!(typing.expire(14_000));
        assert_eq!(names(&typing), ["bob"]);
        assert!(typing.expire(15_000));
        assert_eq!(typing.next_expiry(), None);
    }

    #[test]
    fn a_join_tells_who_types_now() {
        let mut typing = Typing::default();
        typing.apply(&change("bob", true), 0);
        typing.start_over(&[user("alice")], 0);
        assert_eq!(names(&typing), ["alice"]);
    }
}
