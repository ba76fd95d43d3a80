//! Payloads: the data of the frames that the server sends.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Cursor, DraftId, ErrorCode, LiveChange, Member, Message, MessageId, Opaque, RoomId, RunId, UserId,
};

/// See [`crate::ServerFrame::Welcome`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Welcome {
    /// The user of the token.
    pub user: UserId,
    /// The user name.
    pub name: String,
    /// The server's name, from its settings.
    pub server: String,
    /// The server pings when nothing was sent for so long; two unanswered ones end the connection.
    pub heartbeat_ms: u32,
    /// How long the token is good for.
    pub expires_in_ms: u64,
}

/// See [`crate::ServerFrame::Expiring`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Expiry {
    /// How long the token is good for.
    pub expires_in_ms: u64,
}

/// See [`crate::ServerFrame::Joined`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct JoinedRoom {
    /// Which room.
    pub room: RoomId,
    /// The chat whose live room this is; `None` of a room of another kind, whatever its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<RoomId>,
    /// The client's position after `messages`.
    pub head: Cursor,
    /// `true`: `messages` is what comes after `since`, without a gap. `false`: it is the newest page, and there may be a gap
    /// between it and what the client had, so the client starts over.
    pub recovered: bool,
    /// Whether there is more in the direction that was asked. Recovered: the client is not subscribed yet and asks again from
    /// `head`; the lists below are empty. Not recovered: there are older messages.
    pub has_more: bool,
    /// Oldest first.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// All members of the room.
    #[serde(default)]
    pub members: Vec<Member>,
    /// The users who are typing.
    #[serde(default)]
    pub typing: Vec<UserId>,
    /// The participants; in live sessions only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<UserId>,
    /// The status of the live session, if an owner ever set it. Of a chat: its live session's, which `live.room` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveChange>,
    /// To a client that takes changes: the number of the last change that it has now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<u64>,
    /// To a client that takes changes: messages that it had before, as they are now, in the order of their last changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Message>,
}

/// See [`crate::ServerFrame::Changed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Changes {
    /// Where.
    pub room: RoomId,
    /// The number of the first change.
    pub from: u64,
    /// The number of the last change; a client that has those before `from` has all up to here.
    pub to: u64,
    /// The messages that were changed, as they are now, in the order of their last changes.
    #[serde(default)]
    pub messages: Vec<Message>,
}

/// See [`crate::ServerFrame::Done`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Done {
    /// Where.
    pub room: RoomId,
    /// Which draft.
    pub draft: DraftId,
    /// Its number; of a change that had nothing to change, the number of the room's last one.
    pub rev: u64,
}

/// A room and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct RoomRef {
    /// Which.
    pub room: RoomId,
}

/// See [`crate::ServerFrame::RoomRenamed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct RoomName {
    /// Which.
    pub room: RoomId,
    /// Its new name.
    pub name: String,
}

/// See [`crate::ServerFrame::Posted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Posted {
    /// Where.
    pub room: RoomId,
    /// Which draft.
    pub draft: DraftId,
    /// Its position.
    pub cursor: Cursor,
    /// Its own name.
    pub id: MessageId,
    /// When it was committed, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
}

/// See [`crate::ServerFrame::Broadcast`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Broadcast {
    /// Where.
    pub room: RoomId,
    /// The sender.
    pub user: UserId,
    /// The application's name for it.
    pub event: String,
    /// As it was sent.
    pub data: Opaque<Value>,
}

/// See [`crate::ServerFrame::Typing`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct TypingChange {
    /// Where.
    pub room: RoomId,
    /// The user.
    pub user: UserId,
    /// Whether the user types.
    pub on: bool,
}

/// See [`crate::ServerFrame::Read`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct ReadMark {
    /// Where.
    pub room: RoomId,
    /// The user.
    pub user: UserId,
    /// The last number read.
    pub seq: u64,
}

/// See [`crate::ServerFrame::Presence`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct PresenceChange {
    /// A room that the reader shares with these users.
    pub room: RoomId,
    /// Users who are online now.
    #[serde(default)]
    pub online: Vec<UserId>,
    /// Users who are offline now.
    #[serde(default)]
    pub offline: Vec<UserId>,
}

/// See [`crate::ServerFrame::MemberAdded`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct MemberAdded {
    /// Where.
    pub room: RoomId,
    /// The user.
    pub member: Member,
}

/// See [`crate::ServerFrame::MemberRemoved`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct MemberRemoved {
    /// Where.
    pub room: RoomId,
    /// The user.
    pub user: UserId,
}

/// See [`crate::ServerFrame::Pong`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Pong {
    /// As it came.
    pub nonce: u32,
}

/// See [`crate::ServerFrame::Progress`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct RunStep {
    /// Which run.
    pub run: RunId,
    /// 1 for the first.
    pub step: u32,
    /// How many there will be.
    pub steps: u32,
    /// The prefix and the number.
    pub message: String,
    /// Since the start.
    pub elapsed_ms: u64,
    /// Until the planned end.
    pub remaining_ms: u64,
}

/// See [`crate::ServerFrame::Finished`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct RunEnd {
    /// Which run.
    pub run: RunId,
    /// How it ended.
    pub outcome: RunOutcome,
    /// The steps that were sent.
    pub steps_done: u32,
    /// Since the start.
    pub elapsed_ms: u64,
}

/// How a simulated job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Every step was sent.
    Completed,
    /// The plan's failure rate struck.
    Failed,
    /// The client asked for it.
    Cancelled,
}

/// See [`crate::ServerFrame::Closing`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Closing {
    /// When to try again.
    pub reconnect_in_ms: u32,
}

/// What a program needs to know of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct ErrorData {
    /// Which row of the table.
    pub code: ErrorCode,
    /// The field that is wrong, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The room that was meant, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// The draft that was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<DraftId>,
    /// When trying again helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// Something that reached a user, with its number in the user's inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct InboxData<T: serde_lite::Deserialize> {
    /// What.
    #[serde(flatten)]
    pub item: T,
    /// Its number; absent for items that are not stored. A client that keeps the last one as its cursor gets the later items
    /// when it comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox: Option<u64>,
}

impl<T: serde_lite::Deserialize> InboxData<T> {
    /// An item with its number.
    pub fn new(item: T, inbox: Option<u64>) -> Self {
        Self { item, inbox }
    }
}

/// The position of a client in its user's inbox, which has been brought up to date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct InboxPosition {
    /// The client's cursor from now on.
    pub inbox: u64,
    /// Whether nothing is missing between the cursor that the client came with and this one. If not, only what still
    /// waits for a proof of its delivery was sent before this.
    pub recovered: bool,
}
