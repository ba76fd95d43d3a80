//! Model: messages, members and rooms, as server and clients share them.

use serde::{Deserialize, Serialize};

use crate::{Cursor, DraftId, MessageId, MessageKind, RoomId, UserId};

/// One message, numbered and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Message {
    /// Its room.
    pub room: RoomId,
    /// Its position there.
    pub cursor: Cursor,
    /// Its own name.
    pub id: MessageId,
    /// The author.
    pub author: UserId,
    /// The author's user name.
    pub name: String,
    /// The name its author gave it before sending.
    pub draft: DraftId,
    /// The text, unchanged. A client that shows it has to escape it.
    pub body: String,
    /// When it was committed, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// The message of the same room that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<MessageId>,
    /// What it is.
    #[serde(default, skip_serializing_if = "MessageKind::is_text")]
    pub kind: MessageKind,
    /// The number of the last change of the message, in the order of the room's changes; 0: it is as it was posted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rev: u64,
    /// When its text was last edited, in milliseconds since 1970-01-01 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at_ms: Option<i64>,
    /// When it was deleted, in milliseconds since 1970-01-01 UTC. The text of a deleted message is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at_ms: Option<i64>,
    /// Whether it is pinned to the room.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pinned: bool,
    /// Its reactions, in the order in which the first of each came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
}

/// The reactions of one kind to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Reaction {
    /// An emoji, or a word that the application has declared.
    pub emoji: String,
    /// How many users reacted so.
    pub count: u32,
    /// The first of them, at most [`crate::limits::REACTION_USERS`], in the order in which they reacted.
    #[serde(default)]
    pub users: Vec<UserId>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What a member may do in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May rename and delete the room and remove members.
    Owner,
    /// Reads, writes, invites, leaves.
    Member,
}

/// One member of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Member {
    /// The user.
    pub id: UserId,
    /// The user name.
    pub name: String,
    /// What the member may do here.
    pub role: Role,
    /// Whether the user has a connection.
    pub online: bool,
    /// The last number that the user has read; 0 for none.
    pub read_seq: u64,
}

/// The kind of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// Members are invited and leave.
    #[default]
    Group,
    /// The live session of another room, for the members of that one.
    Live,
}

/// A room as one of its members sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct RoomSummary {
    /// Which room.
    pub id: RoomId,
    /// Its display name.
    pub name: String,
    /// The kind of a room.
    pub kind: RoomKind,
    /// What the reader of this list may do there.
    pub role: Role,
    /// The position of its newest message.
    pub head: Cursor,
    /// The last number the reader has read.
    pub read_seq: u64,
    /// Messages of others after that, counted up to [`crate::limits::MAX_UNREAD`].
    pub unread: u32,
    /// The number of members.
    pub member_count: u32,
    /// The newest message, if there is one.
    #[serde(default)]
    pub last: Option<Preview>,
    /// When the room was made, in milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
}

/// The newest message of a room, cut short for a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Preview {
    /// The author.
    pub author: UserId,
    /// The author's user name.
    pub name: String,
    /// At most [`Preview::CHARS`] characters of the text.
    pub text: String,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
}

impl Preview {
    /// Characters that a list shows of a message.
    pub const CHARS: usize = 120;

    /// The preview of a message.
    pub fn of(message: &Message) -> Self {
        Self {
            author: message.author.clone(),
            name: message.name.clone(),
            text: message.body.chars().take(Self::CHARS).collect(),
            at_ms: message.at_ms,
        }
    }
}
