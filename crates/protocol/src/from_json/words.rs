//! Decoded types: the types that the pages read, with the fields of each.

use uuid::Uuid;

use super::{BadShape, Fields, FromJson, Json, word};
use crate::from_json;
use crate::rest::{Chats, ErrorBody, Members, Ticket, UserRef, Users};
use crate::{
    Broadcast, Closing, Cursor, DirectMessage, DraftId, ErrorCode, ErrorData, Expiry, InboxData,
    InboxPosition, Job, JobChange, JobId, JobKind, JobStatus, JobStep, JoinedRoom, LiveChange, Maintenance,
    Member, MemberAdded, MemberRemoved, Message, MessageId, MessageKind, Notification, NotificationId,
    ParticipantChange, Pong, Posted, PresenceChange, Preview, ReadMark, Role, RoomId, RoomKind, RoomName,
    RoomRef, RoomSummary, RunEnd, RunId, RunOutcome, RunStep, ServerFrame, Signal, TypingChange, UserId,
    Welcome,
};

from_json! {
    Cursor { epoch, seq }
    Message { room, cursor, id, author, name, draft, body, at_ms, parent, kind }
    Member { id, name, role, online, read_seq }
    RoomSummary { id, name, kind, role, head, read_seq, unread, member_count, last, created_at_ms }
    Preview { author, name, text, at_ms }
    Welcome { user, name, server, heartbeat_ms, expires_in_ms }
    Expiry { expires_in_ms }
    InboxPosition { inbox, recovered }
    JoinedRoom { room, head, recovered, has_more, messages, members, typing, participants, live }
    ParticipantChange { room, user, name, here, at_ms }
    Notification { id, title, message, kind, at_ms, is_read }
    DirectMessage {
        id, room, author, name, email, is_active, author_created_at_ms, to, body, kind, at_ms
    }
    Maintenance { enabled, message }
    JobChange { step, job }
    RoomRef { room }
    RoomName { room, name }
    Posted { room, draft, cursor, id, at_ms }
    TypingChange { room, user, on }
    ReadMark { room, user, seq }
    PresenceChange { room, online, offline }
    MemberAdded { room, member }
    MemberRemoved { room, user }
    Pong { nonce }
    RunStep { run, step, steps, message, elapsed_ms, remaining_ms }
    RunEnd { run, outcome, steps_done, elapsed_ms }
    Closing { reconnect_in_ms }
    ErrorData { code, field, room, draft, retry_after_ms }
    ErrorBody { code, message, field, retry_after_ms }
    Ticket { ticket, expires_in }
    Chats { chats, next }
    Members { members }
    Users { users }
    UserRef { id, username }
}

impl FromJson for LiveChange {
    /// Without the application's details: the pages have no use for them.
    fn from_json(json: Json) -> Result<Self, BadShape> {
        let mut fields = Fields::of(json)?;
        Ok(Self {
            room: fields.take("room")?,
            chat: fields.take("chat")?,
            status: fields.take("status")?,
            user: fields.take("user")?,
            at_ms: fields.take("at_ms")?,
            details: serde_json::Map::new(),
        })
    }
}

impl FromJson for Job {
    /// Without its result: the pages have no use for it.
    fn from_json(json: Json) -> Result<Self, BadShape> {
        let mut fields = Fields::of(json)?;
        Ok(Self {
            id: fields.take("id")?,
            owner: fields.take("owner")?,
            kind: fields.take("kind")?,
            subject: fields.take("subject")?,
            title: fields.take("title")?,
            status: fields.take("status")?,
            progress: u64::from_json(fields.remove("progress"))?
                .try_into()
                .map_err(|_| BadShape("progress"))?,
            stage: fields.take("stage")?,
            message: fields.take("message")?,
            result: None,
            error: fields.take("error")?,
            retryable: fields.take("retryable")?,
            created_at_ms: fields.take("created_at_ms")?,
            updated_at_ms: fields.take("updated_at_ms")?,
        })
    }
}

impl FromJson for Signal {
    /// The name alone: the pages have no use for the rest.
    fn from_json(json: Json) -> Result<Self, BadShape> {
        Ok(Self { name: Fields::of(json)?.take("name")?, data: serde_json::Value::Null })
    }
}

impl<T: FromJson> FromJson for InboxData<T> {
    fn from_json(json: Json) -> Result<Self, BadShape> {
        let mut fields = Fields::of(json)?;
        let inbox = fields.take("inbox")?;
        Ok(Self { inbox, item: T::from_json(fields.rest())? })
    }
}

impl FromJson for Broadcast {
    /// Without what belongs to it: the pages have no use for that.
    fn from_json(json: Json) -> Result<Self, BadShape> {
        let mut fields = Fields::of(json)?;
        Ok(Self {
            room: fields.take("room")?,
            user: fields.take("user")?,
            event: fields.take("event")?,
            data: serde_json::Value::Null,
        })
    }
}

impl FromJson for MessageKind {
    fn from_json(json: Json) -> Result<Self, BadShape> {
        match json {
            Json::Null => Ok(Self::Text),
            json => Self::parse(&String::from_json(json)?).map_err(|_| BadShape("")),
        }
    }
}

impl FromJson for ServerFrame {
    fn from_json(json: Json) -> Result<Self, BadShape> {
        let mut fields = Fields::of(json)?;
        let kind: String = fields.take("type")?;
        Ok(match kind.as_str() {
            "welcome" => Self::Welcome { data: fields.take("data")? },
            "authenticated" => Self::Authenticated { data: fields.take("data")? },
            "expiring" => Self::Expiring { data: fields.take("data")? },
            "joined" => Self::Joined { data: fields.take("data")? },
            "left" => Self::Left { data: fields.take("data")? },
            "message" => Self::Message { data: fields.take("data")? },
            "posted" => Self::Posted { data: fields.take("data")? },
            "broadcast" => Self::Broadcast { data: fields.take("data")? },
            "typing" => Self::Typing { data: fields.take("data")? },
            "read" => Self::Read { data: fields.take("data")? },
            "presence" => Self::Presence { data: fields.take("data")? },
            "participant" => Self::Participant { data: fields.take("data")? },
            "live" => Self::Live { data: fields.take("data")? },
            "notification" => Self::Notification { data: fields.take("data")? },
            "direct" => Self::Direct { data: fields.take("data")? },
            "job" => Self::Job { data: fields.take("data")? },
            "inbox" => Self::Inbox { data: fields.take("data")? },
            "signal" => Self::Signal { data: fields.take("data")? },
            "maintenance" => Self::Maintenance { data: fields.take("data")? },
            "member_added" => Self::MemberAdded { data: fields.take("data")? },
            "member_removed" => Self::MemberRemoved { data: fields.take("data")? },
            "room_renamed" => Self::RoomRenamed { data: fields.take("data")? },
            "room_added" => Self::RoomAdded { data: fields.take("data")? },
            "room_removed" => Self::RoomRemoved { data: fields.take("data")? },
            "pong" => Self::Pong { data: fields.take("data")? },
            "progress" => Self::Progress { data: fields.take("data")? },
            "finished" => Self::Finished { data: fields.take("data")? },
            "closing" => Self::Closing { data: fields.take("data")? },
            "error" => Self::Error { message: fields.take("message")?, data: fields.take("data")? },
            _ => return Err(BadShape("type")),
        })
    }
}

/// Identifiers, which know how to be parsed.
macro_rules! from_text {
    ($($name:ident, $parse:expr;)+) => {$(
        impl FromJson for $name {
            fn from_json(json: Json) -> Result<Self, BadShape> {
                let text = String::from_json(json)?;
                Some(text.as_str()).and_then($parse).ok_or(BadShape(""))
            }
        }
    )+};
}

from_text! {
    RoomId, |text| RoomId::parse(text).ok();
    UserId, |text| UserId::parse(text).ok();
    MessageId, |text| Uuid::try_parse(text).map(MessageId).ok();
    DraftId, |text| Uuid::try_parse(text).map(DraftId).ok();
    RunId, |text| Uuid::try_parse(text).map(RunId).ok();
    JobId, |text| Uuid::try_parse(text).map(JobId).ok();
    NotificationId, |text| Uuid::try_parse(text).map(NotificationId).ok();
    JobKind, word;
    JobStatus, word;
    JobStep, word;
    Role, word;
    RoomKind, word;
    ErrorCode, word;
    RunOutcome, word;
}
