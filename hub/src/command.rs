//! What an attached client can ask of the hub.

use protocol::{Cursor, DraftId, RoomId};

/// One wish. Wishes of one peer are carried out in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Follow a room, from a known place or from its end.
    Join {
        /// Which room.
        room: RoomId,
        /// The last place the client knows.
        since: Option<Cursor>,
    },
    /// Stop following.
    Leave {
        /// Which room.
        room: RoomId,
    },
    /// Say something.
    Post {
        /// Where; must have been joined.
        room: RoomId,
        /// The message's name before it has a number.
        draft: DraftId,
        /// The text.
        body: String,
    },
    /// Began or ceased to type.
    Typing {
        /// Where.
        room: RoomId,
        /// Which of the two.
        on: bool,
    },
    /// Has read up to a number.
    Read {
        /// Where.
        room: RoomId,
        /// The number.
        seq: u64,
    },
    /// Is the hub there?
    Ping {
        /// Comes back with the answer.
        nonce: u32,
    },
}
