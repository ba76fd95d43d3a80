//! Commands: the operations that an attached client can ask of the hub.

use protocol::{Cursor, DirectMessage, DraftId, MessageId, MessageKind, RawJson, RoomId, UserId};
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use crate::error::HubError;
use crate::model::Message;
use crate::store::Change;

/// One command. Commands of one client are executed in the order given.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Subscribe to a room.
    Join {
        /// Which room.
        room: RoomId,
        /// What the client is sent with the subscription.
        mode: JoinMode,
    },
    /// End the subscription.
    Leave {
        /// Which room.
        room: RoomId,
    },
    /// Post a message.
    Post {
        /// Where; must have been joined.
        room: RoomId,
        /// The message's id before it has a number; without one the hub makes one.
        draft: Option<DraftId>,
        /// The text.
        body: String,
        /// The message of the same room that it answers.
        parent: Option<MessageId>,
        /// What it is.
        kind: MessageKind,
    },
    /// Change a message.
    Change {
        /// Where; must have been joined.
        room: RoomId,
        /// The change's id before it has a number; without one the hub makes one.
        draft: Option<DraftId>,
        /// Which message.
        message: MessageId,
        /// What is changed.
        change: Change,
    },
    /// Send a direct message.
    Direct {
        /// A room that both are members of.
        room: RoomId,
        /// The recipient.
        to: UserId,
        /// The text.
        body: String,
        /// What it is.
        kind: MessageKind,
    },
    /// Set the status of a live session.
    Live {
        /// Where; must have been joined.
        room: RoomId,
        /// The status; a word that the application chooses.
        status: String,
        /// Further details.
        details: Map<String, Value>,
    },
    /// Send an application's own event to all subscribers. It is not stored.
    Broadcast {
        /// Where; must have been joined.
        room: RoomId,
        /// The application's name for it.
        event: String,
        /// Any JSON.
        data: RawJson,
    },
    /// Started or stopped typing.
    Typing {
        /// Where.
        room: RoomId,
        /// Whether it started.
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
        /// Where, if the client names it; else the room of the message.
        room: Option<RoomId>,
        /// Which.
        message: MessageId,
    },
    /// Asks for the rooms of the user.
    ListRooms {
        /// The last room of the page before.
        after: Option<RoomId>,
        /// How many; at most [`MAX_PAGE_MESSAGES`](protocol::limits::MAX_PAGE_MESSAGES).
        limit: Option<u32>,
    },
    /// Asks for older messages of a room.
    FetchMessages {
        /// Which room; need not have been joined.
        room: RoomId,
        /// The oldest message that the client has; without it the newest messages.
        before: Option<MessageId>,
        /// How many; at most [`MAX_PAGE_MESSAGES`](protocol::limits::MAX_PAGE_MESSAGES).
        limit: Option<u32>,
    },
    /// Asks for a pong.
    Ping {
        /// Returned with the pong.
        nonce: u32,
    },
}

/// What a client is sent when it joins a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinMode {
    /// One [`crate::Event::Joined`]: everything after the cursor, or the newest page.
    Recover(Option<Cursor>),
    /// As [`JoinMode::Recover`], to a client that takes changes of messages: and every change after the number `rev`.
    RecoverWithChanges {
        /// The last message that the client has.
        since: Option<Cursor>,
        /// The last change that it has; 0 for none.
        rev: u64,
    },
    /// The participants of the room.
    WithParticipants,
    /// Nothing.
    SubscribeOnly,
}

/// The result of a command.
#[derive(Debug)]
pub enum CommandOutcome {
    /// It was executed, or handed to the actor that will.
    Accepted,
    /// It will be committed; the receiver gets the message.
    Pending(oneshot::Receiver<Result<Message, HubError>>),
    /// It will be committed; the receiver gets the number of the change.
    PendingChange(oneshot::Receiver<Result<u64, HubError>>),
    /// A direct message was committed.
    DirectSent(Box<DirectMessage>),
}
