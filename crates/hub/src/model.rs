//! Model: users, rooms and messages of the hub, in memory and in the store.

use std::sync::Arc;

use protocol::{Cursor, DraftId, LiveChange, MessageId, MessageKind, Role, RoomId, RoomKind, UserId};
use uuid::Uuid;

/// A user, as rooms show it to members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user.
    pub id: UserId,
    /// The user name.
    pub username: String,
    /// The e-mail address; shown to members of the same room.
    pub email: String,
    /// Whether the account is in use.
    pub is_active: bool,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
}

/// The id of a message that is about to be committed.
pub(crate) fn new_message_id() -> MessageId {
    MessageId(Uuid::now_v7())
}

/// A message with its cursor and its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The room it was posted in.
    pub room: RoomId,
    /// Its position there.
    pub cursor: Cursor,
    /// Its id.
    pub id: MessageId,
    /// The author.
    pub author: Arc<User>,
    /// The id that its author gave it.
    pub draft: DraftId,
    /// The text.
    pub body: Arc<str>,
    /// When it was committed, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// The message of the same room that it answers.
    pub parent: Option<MessageId>,
    /// What it is.
    pub kind: MessageKind,
}

impl Message {
    /// The message as the native protocol shows it.
    pub fn to_wire(&self) -> protocol::Message {
        protocol::Message {
            room: self.room.clone(),
            cursor: self.cursor,
            id: self.id,
            author: self.author.id.clone(),
            name: self.author.username.clone(),
            draft: self.draft,
            body: self.body.to_string(),
            at_ms: self.at_ms,
            parent: self.parent,
            kind: self.kind.clone(),
        }
    }
}

/// A member of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The user.
    pub user: Arc<User>,
    /// What this user may do there.
    pub role: Role,
    /// The last number that this user has read.
    pub read_seq: u64,
}

/// A room with its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRecord {
    /// Which.
    pub id: RoomId,
    /// Its display name.
    pub name: String,
    /// The kind of room.
    pub kind: RoomKind,
    /// The chat that this is the live room of; a room of another kind has none.
    pub chat: Option<RoomId>,
    /// The position of its last message.
    pub head: Cursor,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
    /// When the last message was posted, or the room created.
    pub active_at_ms: i64,
    /// Its members, in no particular order. A live room has those of its chat.
    pub members: Vec<Membership>,
    /// The status of a live session that an owner set last.
    pub live: Option<LiveChange>,
    /// The same of the live room of this chat.
    pub session: Option<LiveChange>,
}
