//! Frames of the Chat API's server, and the shape of a message in them.

use bytes::Bytes;
use hub::model::Message;
use protocol::{DirectMessage, MessageId, MessageKind, RoomId, UserId};
use serde::Serialize;

use crate::clock::rfc3339;
use crate::dialect::common;

/// A frame of the server.
#[derive(Serialize)]
struct ServerFrame<'a, D: Serialize> {
    #[serde(rename = "type")]
    kind: &'a str,
    data: D,
}

pub(super) fn server_frame<D: Serialize>(kind: &str, data: D) -> Option<Bytes> {
    common::frame(&ServerFrame { kind, data })
}

/// A message as the published document prints it: every key is there.
#[derive(Serialize)]
struct ChatMessage<'a> {
    id: MessageId,
    chat_id: &'a RoomId,
    sender_id: &'a UserId,
    content: &'a str,
    message_type: &'a MessageKind,
    parent_message_id: Option<MessageId>,
    created_at: &'a str,
    updated_at: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    sender: Sender<'a>,
}

#[derive(Serialize)]
struct Sender<'a> {
    id: &'a UserId,
    username: &'a str,
    email: &'a str,
    is_active: bool,
    created_at: String,
}

/// A frame of a message.
pub(super) fn message_frame(kind: &str, message: &Message, email: &str) -> Option<Bytes> {
    let (author, at) = (&message.author, rfc3339(message.at_ms));
    let state = message.state.as_deref();
    let edited_at = state.and_then(|state| state.edited_at_ms).map(rfc3339);
    let data = ChatMessage {
        id: message.id,
        chat_id: &message.room,
        sender_id: &author.id,
        content: &message.body,
        message_type: &message.kind,
        parent_message_id: message.parent,
        created_at: &at,
        updated_at: edited_at.as_ref().unwrap_or(&at),
        deleted_at: state.and_then(|state| state.deleted_at_ms).map(rfc3339),
        sender: Sender {
            id: &author.id,
            username: &author.username,
            email,
            is_active: author.is_active,
            created_at: rfc3339(author.created_at_ms),
        },
    };
    server_frame(kind, data)
}

pub(super) fn new_message(message: &Message, email: &str) -> Option<Bytes> {
    message_frame("new_message", message, email)
}

pub(super) fn new_direct_message<'a>(direct: &'a DirectMessage, email: &'a str) -> Option<Bytes> {
    let at = rfc3339(direct.at_ms);
    let data = ChatMessage {
        id: direct.id,
        chat_id: &direct.room,
        sender_id: &direct.author,
        content: &direct.body,
        message_type: &direct.kind,
        parent_message_id: None,
        created_at: &at,
        updated_at: &at,
        deleted_at: None,
        sender: Sender {
            id: &direct.author,
            username: &direct.name,
            email,
            is_active: direct.is_active,
            created_at: rfc3339(direct.author_created_at_ms),
        },
    };
    server_frame("new_direct_message", data)
}
