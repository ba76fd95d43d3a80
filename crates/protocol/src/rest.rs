//! REST bodies: requests and responses of the REST API. Times are RFC 3339 texts in UTC with milliseconds and `Z`.

mod inbox;
mod sign_ins;
mod websocket;

use serde::{Deserialize, Serialize};

use crate::{
    DraftId, ErrorCode, Member, MessageId, MessageKind, Reaction, RoomId, RoomKind, RoomSummary, UserId,
};

pub use inbox::{
    JobPatch, Jobs, NewJob, NewMaintenance, NewNotification, Notifications, NotificationsRead, Notified,
    ReadNotifications,
};
pub use sign_ins::{NewPassword, SignIn, SignIns};
pub use websocket::{Analysis, DeliveredCount, Emit, HubStats, Outcome, Started, Success, UserStatus};

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct ErrorBody {
    /// Which row of the table.
    pub code: ErrorCode,
    /// For users to read.
    pub message: String,
    /// The field that is wrong, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// When trying again helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// `POST /api/v1/auth/register`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Register {
    /// See [`crate::limits::USERNAME_CHARS`]; letters, digits, `_` and `-`.
    pub username: String,
    /// The e-mail address; it has an `@`.
    pub email: String,
    /// See [`crate::limits::PASSWORD_CHARS`].
    pub password: String,
}

/// `POST /api/v1/auth/login`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Login {
    /// The user name or the e-mail address.
    pub username: String,
    /// The password.
    pub password: String,
}

/// `POST /api/v1/auth/refresh`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refresh {
    /// The newest refresh token of a sign-in. It is spent by this.
    pub refresh_token: String,
}

/// A user, as shown to members of the same room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The user.
    pub id: UserId,
    /// The user name.
    pub username: String,
    /// The e-mail address.
    pub email: String,
    /// Whether the account is in use.
    pub is_active: bool,
    /// Since when.
    pub created_at: String,
}

/// The answer to a sign-in and to a refresh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// A JWT for `Authorization: Bearer`.
    pub access_token: String,
    /// Good for one refresh.
    pub refresh_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until the access token ends.
    pub expires_in: u64,
    /// The user who signed in.
    pub user: User,
}

/// `POST /api/v1/auth/ticket`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Ticket {
    /// Good for one socket handshake as `?ticket=`.
    pub ticket: String,
    /// Seconds until it ends.
    pub expires_in: u64,
}

/// `POST /api/v1/chats`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct NewChat {
    /// The display name.
    pub name: String,
    /// Its other first members.
    #[serde(default)]
    pub member_ids: Vec<UserId>,
    /// An identifier that the caller chooses, else a UUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RoomId>,
    /// The kind of room.
    #[serde(default)]
    pub kind: RoomKind,
}

/// `PATCH /api/v1/chats/{id}`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChatPatch {
    /// The new display name.
    pub name: String,
}

/// `GET /api/v1/chats?after=&limit=`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Chats {
    /// The caller's rooms, the one with the newest activity first.
    #[serde(default)]
    pub chats: Vec<RoomSummary>,
    /// Give it as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `GET /api/v1/chats/{id}/members`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Members {
    /// Owners first, then by name.
    #[serde(default)]
    pub members: Vec<Member>,
}

/// `POST /api/v1/chats/{id}/members`: by identifier or by user name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct NewMembers {
    /// Users by identifier.
    #[serde(default)]
    pub user_ids: Vec<UserId>,
    /// Users by user name.
    #[serde(default)]
    pub usernames: Vec<String>,
}

/// `GET /api/v1/users?q=`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Users {
    /// At most twenty users whose name begins with `q`.
    #[serde(default)]
    pub users: Vec<UserRef>,
}

/// A user, as shown to every user who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct UserRef {
    /// The user.
    pub id: UserId,
    /// The user name.
    pub username: String,
}

/// `POST /api/v1/chats/{id}/messages`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewMessage {
    /// The text.
    pub content: String,
    /// `text`, also when absent.
    #[serde(default, skip_serializing_if = "MessageKind::is_text")]
    pub message_type: MessageKind,
    /// The message of the same room that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_message_id: Option<MessageId>,
    /// A draft's name makes a resend safe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft_id: Option<DraftId>,
}

/// A message, in the shape that the Chat API's `new_message.data` has, with its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Its own name.
    pub id: MessageId,
    /// Where.
    pub chat_id: RoomId,
    /// Its number there.
    pub seq: u64,
    /// The author.
    pub sender_id: UserId,
    /// The text.
    pub content: String,
    /// `text`, or a word of the application.
    pub message_type: MessageKind,
    /// Always present; `null` for a message that answers none.
    pub parent_message_id: Option<MessageId>,
    /// The name its author gave it before sending.
    pub draft_id: DraftId,
    /// When it was committed.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
    /// The author, in full.
    pub sender: User,
    /// What later changes have made of it.
    #[serde(flatten)]
    pub changes: ChatMessageChanges,
}

/// What later changes have made of a message. A message that was never changed has none of these keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessageChanges {
    /// The number of its last change, in the order of the changes of its chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<u64>,
    /// When its text was last edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<String>,
    /// When it was deleted. Its `content` is empty then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<String>,
    /// Whether it is pinned to its chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// Its reactions, in the order in which the first of each came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
}

/// `PATCH /api/v1/messages/{id}`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MessagePatch {
    /// The new text.
    pub content: String,
    /// The number of the last change that the author had seen; refused with `conflict` if the text was edited since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_rev: Option<u64>,
    /// A draft's name makes a resend safe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft_id: Option<DraftId>,
}

/// `GET /api/v1/messages/{id}/history`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageHistory {
    /// Its earlier texts, oldest first; none of a message that was deleted, or never edited.
    pub versions: Vec<MessageVersion>,
}

/// An earlier text of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageVersion {
    /// The edit that made it; 0: it was posted so.
    pub rev: u64,
    /// The text.
    pub content: String,
    /// When that was.
    pub created_at: String,
}

/// `GET /api/v1/chats/{id}/messages?before=&after=&limit=`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagePage {
    /// Oldest first.
    pub messages: Vec<ChatMessage>,
    /// Whether there is more in the direction of the question.
    pub has_more: bool,
}
