//! What the hub remembers of people, rooms and messages.

use std::sync::Arc;

use protocol::{Cursor, DraftId, LiveChange, MessageId, MessageKind, Role, RoomId, RoomKind, UserId};

/// A person, as rooms know one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// The user name.
    pub username: String,
    /// The e-mail address; shown to people of the same room.
    pub email: String,
    /// Whether the account is in use.
    pub is_active: bool,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
}

/// A message with its place and its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The room it was said in.
    pub room: RoomId,
    /// Its place there.
    pub cursor: Cursor,
    /// Its own name.
    pub id: MessageId,
    /// Who said it.
    pub author: Arc<Person>,
    /// The name its author gave it.
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

/// Somebody's place in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Who.
    pub person: Arc<Person>,
    /// What this person may do there.
    pub role: Role,
    /// The last number this person has read.
    pub read_seq: u64,
}

/// A room with everybody in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRecord {
    /// Which.
    pub id: RoomId,
    /// Its display name.
    pub name: String,
    /// What sort of room.
    pub kind: RoomKind,
    /// The chat that this is the live room of; a room of another kind has none.
    pub chat: Option<RoomId>,
    /// Where it stands.
    pub head: Cursor,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
    /// When the newest message was said, or the room made.
    pub active_at_ms: i64,
    /// Everybody in it, in no particular order. Of a live room: everybody in its chat.
    pub members: Vec<Membership>,
    /// What an owner last said of the session.
    pub live: Option<LiveChange>,
    /// The same of the live room of this chat.
    pub session: Option<LiveChange>,
}
