//! The dialect of the Chat API: `{"type", "data"}` both ways. A socket of `/api/v1/ws/chat/{id}` is for that chat, a socket
//! of `/api/v1/ws/{id}` is for the inbox of that user.

mod changes;
mod frames;

use std::time::Duration;

use bytes::Bytes;
use hub::store::Change;
use hub::{ChangeFrames, Command, CommandError, Encoder, Event};
use protocol::{MessageId, MessageKind, RoomId, UserId};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use self::changes::encode_change;
use self::frames::{new_direct_message, new_message, server_frame};
use super::common::{self, Notice};
use super::{Dialect, Request, Scope};

/// The Chat API's dialect.
pub(super) static CHAT_API: Dialect = dialect(encode);

/// The same for a server whose members do not see each other's e-mail addresses: the key is there and empty. It has
/// the same slot in an envelope: a server has one of the two.
pub(super) static CHAT_API_WITHOUT_EMAILS: Dialect = dialect(encode_without_emails);

const fn dialect(encode: fn(&Event) -> Option<Bytes>) -> Dialect {
    Dialect {
        name: "chat api",
        encoder: Encoder {
            wants_receipts: true,
            changes: ChangeFrames::Changes,
            // Its clients send it at the first key press and never again.
            typing_timeout: Some(Duration::from_mins(1)),
            ..Encoder::new(3, encode)
        },
        decode,
        carriers: &["send_message", "edit_message", "direct_message"],
        takes_first_frame: false,
        has_inbox_cursor: false,
    }
}

/// A frame of a client. What it claims of its own identity is not even read.
#[derive(Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
enum ClientFrame {
    SendMessage {
        content: String,
        #[serde(default)]
        message_type: MessageKind,
        #[serde(default)]
        parent_message_id: Option<MessageId>,
    },
    EditMessage {
        message_id: MessageId,
        content: String,
    },
    DeleteMessage {
        message_id: MessageId,
    },
    ReactToMessage {
        message_id: MessageId,
        emoji: String,
        #[serde(default = "on")]
        on: bool,
    },
    PinMessage {
        message_id: MessageId,
        #[serde(default = "on")]
        on: bool,
    },
    DirectMessage {
        content: String,
        #[serde(default)]
        message_type: MessageKind,
        recipient_id: UserId,
        chat_id: RoomId,
    },
    TypingIndicator {
        is_typing: bool,
    },
    ReadReceipt {
        message_id: MessageId,
    },
    Ping(#[expect(dead_code, reason = "its data is ignored")] Option<IgnoredAny>),
    Authenticate {
        token: String,
    },
}

/// What is not said is to be set.
const fn on() -> bool {
    true
}

const CLIENT_TYPES: [&str; 10] = [
    "send_message",
    "edit_message",
    "delete_message",
    "react_to_message",
    "pin_message",
    "direct_message",
    "typing_indicator",
    "read_receipt",
    "ping",
    "authenticate",
];

fn decode(frame: &str, scope: &Scope) -> Result<Request, Box<CommandError>> {
    let command = match common::read(frame, &CLIENT_TYPES)? {
        ClientFrame::SendMessage { content, message_type, parent_message_id } => Command::Post {
            room: chat(scope)?,
            draft: None,
            body: content,
            parent: parent_message_id,
            kind: message_type,
        },
        ClientFrame::EditMessage { message_id, content } => {
            change(scope, message_id, Change::Edit { body: content.into(), base_rev: None })?
        }
        ClientFrame::DeleteMessage { message_id } => change(scope, message_id, Change::Delete)?,
        ClientFrame::ReactToMessage { message_id, emoji, on } => {
            change(scope, message_id, Change::React { emoji: emoji.into(), on })?
        }
        ClientFrame::PinMessage { message_id, on } => change(scope, message_id, Change::Pin { on })?,
        ClientFrame::DirectMessage { content, message_type, recipient_id, chat_id } => {
            Command::Direct { room: chat_id, to: recipient_id, body: content, kind: message_type }
        }
        ClientFrame::TypingIndicator { is_typing } => Command::Typing { room: chat(scope)?, on: is_typing },
        ClientFrame::ReadReceipt { message_id } => {
            Command::ReadMessage { room: chat(scope).ok(), message: message_id }
        }
        ClientFrame::Ping(_) => Command::Ping { nonce: 0 },
        ClientFrame::Authenticate { token } => return Ok(Request::Authenticate { token, inbox: None }),
    };
    Ok(Request::Hub(command))
}

fn change(scope: &Scope, message: MessageId, change: Change) -> Result<Command, Box<CommandError>> {
    Ok(Command::Change { room: chat(scope)?, draft: None, message, change })
}

/// The chat that the socket is for.
fn chat(scope: &Scope) -> Result<RoomId, Box<CommandError>> {
    match scope {
        Scope::Room(room) => Ok(room.clone()),
        Scope::Anything | Scope::Inbox => {
            Err(common::field_error("type", "this frame belongs on the socket of a chat").into())
        }
    }
}

fn encode_without_emails(event: &Event) -> Option<Bytes> {
    match event {
        Event::Message(message) => new_message(message, ""),
        Event::Direct(direct, _) => new_direct_message(direct, ""),
        Event::Change(change) => encode_change(change, ""),
        event => encode(event),
    }
}

fn encode(event: &Event) -> Option<Bytes> {
    match event {
        Event::Message(message) => new_message(message, &message.author.email),
        Event::Direct(direct, _) => new_direct_message(direct, &direct.email),
        Event::Change(change) => encode_change(change, &change.message.author.email),
        Event::Typing(it) => {
            server_frame("typing_indicator", json!({ "is_typing": it.on, "user_id": it.user }))
        }
        Event::Receipt(it) => {
            server_frame("read_receipt", json!({ "message_id": it.message, "user_id": it.user }))
        }
        Event::Notification(it, _) => server_frame("notification", Notice::from(it)),
        Event::Pong(_) => server_frame("pong", json!({})),
        Event::Failed(failure) => {
            let names = [
                ("body", "content"),
                ("user", "recipient_id"),
                ("room", "chat_id"),
                ("message", "message_id"),
            ];
            let (message, data) = common::error_body(failure, &names);
            common::frame(&json!({ "type": "error", "message": message, "data": data }))
        }
        other => common::connection_event(other).and_then(|(kind, _, data)| server_frame(kind, data)),
    }
}

#[cfg(test)]
mod tests;
