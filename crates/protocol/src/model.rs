//! What rooms consist of, as both sides see it.

use serde::{Deserialize, Serialize};

use crate::{Cursor, DraftId, MessageId, MessageKind, RoomId, UserId};

/// One message, numbered and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The room it was said in.
    pub room: RoomId,
    /// Its place there.
    pub cursor: Cursor,
    /// Its own name.
    pub id: MessageId,
    /// Who said it.
    pub author: UserId,
    /// The author's user name.
    pub name: String,
    /// The name its author gave it before sending.
    pub draft: DraftId,
    /// The text, unchanged. Whoever shows it escapes it.
    pub body: String,
    /// When it was committed, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// The message of the same room that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<MessageId>,
    /// What it is.
    #[serde(default, skip_serializing_if = "MessageKind::is_text")]
    pub kind: MessageKind,
}

/// What a member may do in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Made the room: may rename and delete it and remove people.
    Owner,
    /// Reads, writes, invites, leaves.
    Member,
}

/// One person in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub id: UserId,
    /// The user name.
    pub name: String,
    /// What this person may do here.
    pub role: Role,
    /// Whether any device of this person is connected.
    pub online: bool,
    /// The last number this person has read; 0 for none.
    pub read_seq: u64,
}

/// What sort of room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// People come and go by invitation.
    #[default]
    Group,
    /// The live session of another room, for the people who are in that one.
    Live,
}

/// A room as one of its members sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomSummary {
    /// Which room.
    pub id: RoomId,
    /// Its display name.
    pub name: String,
    /// What sort of room.
    pub kind: RoomKind,
    /// What the reader of this list may do there.
    pub role: Role,
    /// Where the room stands.
    pub head: Cursor,
    /// The last number the reader has read.
    pub read_seq: u64,
    /// Messages of others after that, counted up to [`crate::limits::MAX_UNREAD`].
    pub unread: u32,
    /// How many people are in it.
    pub member_count: u32,
    /// The newest message, if there is one.
    pub last: Option<Preview>,
    /// When the room was made, in milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
}

/// The newest message of a room, cut short for a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// Who said it.
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
