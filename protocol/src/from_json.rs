//! Reading what a server sends, in little code.
//!
//! The readers that serde derives are quick and many: one for each type and each way of parsing, 215 KB of WebAssembly
//! for the pages. These take JSON that is parsed already and cost a tenth. Programs that count microseconds instead of
//! bytes use serde; `tests/document.rs` holds both to the same spelling.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::rest::{ChatMessage, Chats, ErrorBody, Members, MessagePage, Ticket, User, UserRef, Users};
use crate::{
    Closing, Cursor, DraftId, ErrorCode, ErrorData, Expiry, JoinedRoom, Member, MemberAdded, MemberRemoved,
    Message, MessageId, Pong, Posted, PresenceChange, Preview, ReadMark, Role, RoomId, RoomKind, RoomName,
    RoomRef, RoomSummary, RunEnd, RunId, RunOutcome, RunStep, ServerFrame, TypingChange, UserId, Welcome,
};

/// Why a text is not what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is JSON of another shape.
    #[error("{0}")]
    Shape(#[from] BadShape),
}

/// The innermost field that is missing or holds something else; empty when it is not about a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is missing or not of its shape")]
pub struct BadShape(&'static str);

/// Something that can be read out of parsed JSON.
pub trait FromJson: Sized {
    /// Reads it. Fields that nobody asks for are passed over.
    ///
    /// # Errors
    /// [`BadShape`] names what is missing or wrong.
    fn from_json(json: Value) -> Result<Self, BadShape>;

    /// What stands for a field that is not there at all.
    fn absent() -> Option<Self> {
        None
    }
}

/// Parses a text and reads it.
///
/// # Errors
/// [`Unreadable`] when it is not JSON or not of this shape.
pub fn from_text<T: FromJson>(text: &str) -> Result<T, Unreadable> {
    Ok(T::from_json(serde_json::from_str(text)?)?)
}

/// The fields of an object, each of which is taken out once.
#[derive(Debug)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// The fields of a value that is an object.
    ///
    /// # Errors
    /// [`BadShape`] when it is something else.
    pub fn of(json: Value) -> Result<Self, BadShape> {
        if let Value::Object(fields) = json { Ok(Self(fields)) } else { Err(BadShape("")) }
    }

    /// Takes one field out.
    ///
    /// # Errors
    /// [`BadShape`] when it is missing and must not be, or is of another shape.
    pub fn take<T: FromJson>(&mut self, name: &'static str) -> Result<T, BadShape> {
        match self.0.remove(name) {
            Some(json) => {
                T::from_json(json).map_err(|bad| if bad.0.is_empty() { BadShape(name) } else { bad })
            }
            None => T::absent().ok_or(BadShape(name)),
        }
    }
}

/// Makes structs readable: the name of each and of all its fields, which are called the same in JSON.
#[macro_export]
macro_rules! from_json {
    ($($name:ident { $($field:ident),+ $(,)? })+) => {$(
        impl $crate::from_json::FromJson for $name {
            fn from_json(json: ::serde_json::Value) -> Result<Self, $crate::from_json::BadShape> {
                let mut fields = $crate::from_json::Fields::of(json)?;
                Ok(Self { $($field: fields.take(stringify!($field))?),+ })
            }
        }
    )+};
}

from_json! {
    Cursor { epoch, seq }
    Message { room, cursor, id, author, name, draft, body, at_ms }
    Member { id, name, role, online, read_seq }
    RoomSummary { id, name, kind, role, head, read_seq, unread, member_count, last, created_at_ms }
    Preview { author, name, text, at_ms }
    Welcome { user, name, server, heartbeat_ms, expires_in_ms }
    Expiry { expires_in_ms }
    JoinedRoom { room, head, recovered, has_more, messages, members, typing }
    RoomRef { room }
    RoomName { room, name }
    Posted { room, draft, cursor, id, at_ms }
    TypingChange { room, user, on }
    ReadMark { room, user, seq }
    PresenceChange { room, user, online }
    MemberAdded { room, member }
    MemberRemoved { room, user }
    Pong { nonce }
    RunStep { run, step, steps, message, elapsed_ms, remaining_ms }
    RunEnd { run, outcome, steps_done, elapsed_ms }
    Closing { reconnect_in_ms }
    ErrorData { code, field, room, draft, retry_after_ms }
    ErrorBody { code, message, field, retry_after_ms }
    User { id, username, email, is_active, created_at }
    Ticket { ticket, expires_in }
    Chats { chats, next }
    Members { members }
    Users { users }
    UserRef { id, username }
    ChatMessage {
        id, chat_id, seq, sender_id, content, message_type, parent_message_id, draft_id, created_at, updated_at, sender
    }
    MessagePage { messages, has_more }
}

impl FromJson for ServerFrame {
    fn from_json(json: Value) -> Result<Self, BadShape> {
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
            "typing" => Self::Typing { data: fields.take("data")? },
            "read" => Self::Read { data: fields.take("data")? },
            "presence" => Self::Presence { data: fields.take("data")? },
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

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(json: Value) -> Result<Self, BadShape> {
        if json.is_null() { Ok(None) } else { T::from_json(json).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(json: Value) -> Result<Self, BadShape> {
        let Value::Array(items) = json else { return Err(BadShape("")) };
        let mut read = Self::with_capacity(items.len());
        for item in items {
            read.push(T::from_json(item)?);
        }
        Ok(read)
    }
}

impl FromJson for String {
    fn from_json(json: Value) -> Result<Self, BadShape> {
        if let Value::String(text) = json { Ok(text) } else { Err(BadShape("")) }
    }
}

impl FromJson for bool {
    fn from_json(json: Value) -> Result<Self, BadShape> {
        json.as_bool().ok_or(BadShape(""))
    }
}

impl FromJson for u64 {
    fn from_json(json: Value) -> Result<Self, BadShape> {
        json.as_u64().ok_or(BadShape(""))
    }
}

impl FromJson for i64 {
    fn from_json(json: Value) -> Result<Self, BadShape> {
        json.as_i64().ok_or(BadShape(""))
    }
}

impl FromJson for u32 {
    fn from_json(json: Value) -> Result<Self, BadShape> {
        u64::from_json(json)?.try_into().map_err(|_| BadShape(""))
    }
}

/// Identifiers, which know how to be parsed.
macro_rules! from_text {
    ($($name:ident, $parse:expr;)+) => {$(
        impl FromJson for $name {
            fn from_json(json: Value) -> Result<Self, BadShape> {
                json.as_str().and_then($parse).ok_or(BadShape(""))
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
    Role, word;
    RoomKind, word;
    ErrorCode, word;
    RunOutcome, word;
}

/// One of the words of an enum without fields.
pub fn word<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    let input: StrDeserializer<'de, WordError> = text.into_deserializer();
    T::deserialize(input).ok()
}
