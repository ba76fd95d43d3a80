//! What an attached client can ask of the hub.

use protocol::{Cursor, DirectMessage, DraftId, MessageId, MessageKind, RawJson, RoomId, UserId};
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use crate::model::Message;
use crate::refusal::Refusal;

/// One wish. Wishes of one peer are carried out in the order given.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Follow a room.
    Join {
        /// Which room.
        room: RoomId,
        /// What the client is told of what was before.
        bring: Bring,
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
        /// The message's name before it has a number; without one the hub makes it up.
        draft: Option<DraftId>,
        /// The text.
        body: String,
        /// The message of the same room that it answers.
        parent: Option<MessageId>,
        /// What it is.
        kind: MessageKind,
    },
    /// Say something to one person.
    Direct {
        /// The room that both are in.
        room: RoomId,
        /// For whom.
        to: UserId,
        /// The text.
        body: String,
        /// What it is.
        kind: MessageKind,
    },
    /// Say where a session stands.
    Live {
        /// Where; must have been joined.
        room: RoomId,
        /// A word of the application.
        status: String,
        /// Whatever else belongs to it.
        details: Map<String, Value>,
    },
    /// Tell everybody who follows something that is worth nothing a moment later.
    Broadcast {
        /// Where; must have been joined.
        room: RoomId,
        /// The application's name for it.
        event: String,
        /// Any JSON.
        data: RawJson,
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
    /// Has read up to a message.
    ReadMessage {
        /// Where, if the client says so; else wherever the message is.
        room: Option<RoomId>,
        /// Which.
        message: MessageId,
    },
    /// Is the hub there?
    Ping {
        /// Comes back with the answer.
        nonce: u32,
    },
}

/// What somebody who joins a room is told of what was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bring {
    /// One [`crate::Event::Joined`]: everything after the cursor, or the newest page.
    Page(Option<Cursor>),
    /// Who follows the room.
    Participants,
    /// Nothing.
    Nothing,
}

/// What came of a wish.
#[derive(Debug)]
pub enum Done {
    /// It was carried out, or handed on to where it will be.
    Yes,
    /// It will be committed; the message follows.
    Later(oneshot::Receiver<Result<Message, Refusal>>),
    /// A message for one person was committed.
    Told(Box<DirectMessage>),
}
