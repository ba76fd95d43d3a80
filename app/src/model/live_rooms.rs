//! Live rooms: the rooms of a user whose live session is on.

use protocol::{LiveChange, RoomId};

use super::session::Standing;

/// Few at a time, so a list is searched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveRooms(Vec<RoomId>);

impl LiveRooms {
    /// Whether the session of a room is on.
    pub fn contains(&self, room: &RoomId) -> bool {
        self.0.contains(room)
    }

    /// The session of a room has another status. Returns whether it began or ended.
    pub fn changed(&mut self, room: &RoomId, status: &LiveChange) -> bool {
        let is_on = Standing::of(&status.status) == Standing::Live;
        if is_on == self.contains(room) {
            return false;
        }
        if is_on {
            self.0.push(room.clone());
        } else {
            self.0.retain(|it| it != room);
        }
        true
    }

    /// The user is not in a room any more. Returns whether its session was on.
    pub fn removed(&mut self, room: &RoomId) -> bool {
        let was_on = self.contains(room);
        self.0.retain(|it| it != room);
        was_on
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Opaque, UserId};

    use super::*;

    #[test]
    fn a_session_is_on_from_live_to_any_other_status() {
        let room = RoomId::parse("algebra").unwrap();
        let status = |word: &str| LiveChange {
            room: RoomId::parse("session_algebra").unwrap(),
            chat: Some(room.clone()),
            status: word.to_owned(),
            user: UserId::parse("alice").unwrap(),
            at_ms: 0,
            details: Opaque::default(),
        };
        let mut live = LiveRooms::default();
        assert!(live.changed(&room, &status("live")) && live.contains(&room));
        assert!(!live.changed(&room, &status("live")));
        assert!(live.changed(&room, &status("paused")) && !live.contains(&room));
        assert!(!live.removed(&room));
        assert!(live.changed(&room, &status("live")) && live.removed(&room));
        assert_eq!(live, LiveRooms::default());
    }
}
