//! Join routing: which tab a frame of the server is for. A `joined` answers one tab's `since`; in the conversation of
//! another tab it could hide a gap.

use protocol::{ErrorCode, RoomId, ServerFrame};

use super::message::TabId;

/// Joins that may be without an answer at one time, of all tabs.
const MAX_JOINS: usize = 4_000;

/// Which tab has asked to join a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Requester {
    /// The one with the connection.
    ThisTab,
    /// Another one.
    Other(TabId),
}

/// Which tabs a frame is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Audience {
    /// This one and all others.
    All,
    /// The one that asked.
    One(Requester),
}

/// There is no space for another join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many joins have no answer")]
pub(super) struct TooManyJoins;

/// Joins without an answer, in the order in which they went out. The server answers those of one room in that order.
#[derive(Debug, Default)]
pub(super) struct JoinRouting(Vec<(RoomId, Requester)>);

impl JoinRouting {
    /// A join goes out: the next `joined` of this room is for that tab.
    pub(super) fn expect(&mut self, room: RoomId, requester: Requester) -> Result<(), TooManyJoins> {
        if self.0.len() >= MAX_JOINS {
            return Err(TooManyJoins);
        }
        self.0.push((room, requester));
        Ok(())
    }

    /// The connection is gone, and with it every answer.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Which tabs a frame is for.
    pub(super) fn audience(&mut self, frame: &ServerFrame) -> Audience {
        let requester = match frame {
            ServerFrame::Joined { data } => self.take(&data.room),
            ServerFrame::Error { data, .. } if data.draft.is_none() && data.code != ErrorCode::NotJoined => {
                // It may be the answer to a join, and the next `joined` is then another one's.
                data.room.as_ref().and_then(|room| self.take(room));
                None
            }
            _ => None,
        };
        requester.map_or(Audience::All, Audience::One)
    }

    /// The first requester of this room.
    fn take(&mut self, room: &RoomId) -> Option<Requester> {
        let at = self.0.iter().position(|(it, _)| it == room)?;
        Some(self.0.remove(at).1)
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Cursor, ErrorData, JoinedRoom};

    use super::*;

    fn room(name: &str) -> RoomId {
        RoomId::parse(name).unwrap()
    }

    fn other(name: &str) -> Requester {
        Requester::Other(TabId(name.to_owned()))
    }

    fn joined(name: &str) -> ServerFrame {
        ServerFrame::Joined {
            data: JoinedRoom {
                room: room(name),
                chat: None,
                head: Cursor { epoch: 1, seq: 0 },
                recovered: false,
                has_more: false,
                messages: Vec::new(),
                members: Vec::new(),
                typing: Vec::new(),
                participants: Vec::new(),
                live: None,
                rev: None,
                changed: Vec::new(),
            },
        }
    }

    fn error(code: ErrorCode) -> ServerFrame {
        let data = ErrorData { code, field: None, room: Some(room("a")), draft: None, retry_after_ms: None };
        ServerFrame::Error { message: String::new(), data }
    }

    #[test]
    fn a_join_is_answered_to_the_tab_that_asked() {
        let mut routing = JoinRouting::default();
        routing.expect(room("a"), other("first")).unwrap();
        routing.expect(room("b"), Requester::ThisTab).unwrap();
        routing.expect(room("a"), other("second")).unwrap();
        assert_eq!(routing.audience(&joined("b")), Audience::One(Requester::ThisTab));
        assert_eq!(routing.audience(&joined("a")), Audience::One(other("first")));
        assert_eq!(routing.audience(&joined("a")), Audience::One(other("second")));
        assert_eq!(routing.audience(&joined("a")), Audience::All, "nobody asked");
    }

    #[test]
    fn an_error_is_for_all_and_answers_a_join() {
        let mut routing = JoinRouting::default();
        routing.expect(room("a"), other("first")).unwrap();
        routing.expect(room("a"), other("second")).unwrap();
        assert_eq!(routing.audience(&error(ErrorCode::NotJoined)), Audience::All);
        assert_eq!(routing.audience(&error(ErrorCode::NotFound)), Audience::All);
        assert_eq!(routing.audience(&joined("a")), Audience::One(other("second")));
    }

    #[test]
    fn joins_without_an_answer_are_bounded_and_end_with_the_connection() {
        let mut routing = JoinRouting::default();
        for _ in 0..MAX_JOINS {
            routing.expect(room("a"), other("first")).unwrap();
        }
        assert_eq!(routing.expect(room("a"), other("first")), Err(TooManyJoins));
        routing.clear();
        assert_eq!(routing.audience(&joined("a")), Audience::All);
    }
}
