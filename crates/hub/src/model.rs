//! Model: users, rooms and messages of the hub, in memory and in the store.

use std::sync::Arc;

use protocol::{
    Cursor, DraftId, LiveChange, MessageId, MessageKind, Reaction, Role, RoomId, RoomKind, UserId,
};
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
    /// What later changes have made of it; `None`: it is as it was posted, as most messages are.
    pub state: Option<Box<MessageState>>,
}

/// What the changes of a message have made of it, beside its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageState {
    /// The number of its last change, in the order of the room's changes.
    pub rev: u64,
    /// When its text was last edited, in milliseconds since 1970-01-01 UTC.
    pub edited_at_ms: Option<i64>,
    /// When it was deleted, in milliseconds since 1970-01-01 UTC. The text is empty then, and there are no reactions.
    pub deleted_at_ms: Option<i64>,
    /// Whether it is pinned to the room.
    pub is_pinned: bool,
    /// Its reactions, in the order in which the first of each came.
    pub reactions: Vec<Reaction>,
}

impl Message {
    /// The number of its last change; 0: it is as it was posted.
    pub fn rev(&self) -> u64 {
        self.state.as_ref().map_or(0, |state| state.rev)
    }

    /// Whether it was deleted.
    pub fn is_deleted(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.deleted_at_ms.is_some())
    }

    /// Bytes of what has no fixed size: its text, and the users and kinds of its reactions.
    pub fn content_bytes(&self) -> usize {
        let reactions = self.state.as_ref().map_or(&[][..], |state| &state.reactions);
        let users =
            |reaction: &Reaction| reaction.users.iter().map(|user| user.as_str().len()).sum::<usize>();
        let reactions = reactions.iter().map(|reaction| reaction.emoji.len() + users(reaction));
        self.body.len() + reactions.sum::<usize>()
    }

    /// The message as the native protocol shows it.
    pub fn to_wire(&self) -> protocol::Message {
        let state = self.state.as_deref().cloned().unwrap_or_default();
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
            rev: state.rev,
            edited_at_ms: state.edited_at_ms,
            deleted_at_ms: state.deleted_at_ms,
            pinned: state.is_pinned,
            reactions: state.reactions,
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

/// How far a room has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomHead {
    /// Which room.
    pub room: RoomId,
    /// The position of its last message.
    pub head: Cursor,
    /// The number of the last change of a message; 0: there was none.
    pub rev: u64,
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
    /// The number of the last change of a message; 0: there was none.
    pub rev: u64,
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
