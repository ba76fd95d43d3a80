//! Messages in Talim: their shape, with what changes have made of them and who has read them.

use std::collections::HashMap;

use hub::model::{self, MessageState};
use protocol::{Member, Message, MessageId, MessageKind, Reaction, RoomId, UserId};
use serde::Serialize;

use crate::clock::rfc3339;

/// A message, with the users who have read it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageData<'a> {
    #[serde(rename = "_id")]
    id: MessageId,
    sender_id: &'a UserId,
    content: &'a str,
    room_id: &'a RoomId,
    sender_name: &'a str,
    #[serde(rename = "type")]
    kind: &'a MessageKind,
    timestamp: String,
    read_by: Vec<&'a UserId>,
    #[serde(flatten)]
    state: Option<State<'a>>,
}

/// A message that nobody is known to have read.
pub(super) fn new_message(message: &model::Message) -> MessageData<'_> {
    MessageData {
        id: message.id,
        sender_id: &message.author.id,
        content: &message.body,
        room_id: &message.room,
        sender_name: &message.author.username,
        kind: &message.kind,
        timestamp: rfc3339(message.at_ms),
        read_by: Vec::new(),
        state: message.state.as_deref().map(State::from),
    }
}

/// What changes have made of a message; each key is there where it applies.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct State<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pinned: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    reactions: &'a [Reaction],
}

impl<'a> From<&'a MessageState> for State<'a> {
    fn from(state: &'a MessageState) -> Self {
        Self {
            edited_at: state.edited_at_ms.map(rfc3339),
            deleted_at: state.deleted_at_ms.map(rfc3339),
            pinned: state.is_pinned,
            reactions: &state.reactions,
        }
    }
}

impl<'a> From<&'a protocol::Message> for State<'a> {
    fn from(message: &'a protocol::Message) -> Self {
        Self {
            edited_at: message.edited_at_ms.map(rfc3339),
            deleted_at: message.deleted_at_ms.map(rfc3339),
            pinned: message.pinned,
            reactions: &message.reactions,
        }
    }
}

/// Messages with the names of their authors and the members who have read them.
pub(super) fn chat_messages<'a>(messages: &'a [Message], members: &'a [Member]) -> Vec<MessageData<'a>> {
    let names: HashMap<&UserId, &str> =
        members.iter().map(|member| (&member.id, member.name.as_str())).collect();
    messages.iter().map(|message| chat_message(message, members, &names)).collect()
}

fn chat_message<'a>(
    message: &'a Message,
    members: &'a [Member],
    names: &HashMap<&UserId, &'a str>,
) -> MessageData<'a> {
    let has_read = |member: &&Member| member.read_seq >= message.cursor.seq && member.id != message.author;
    MessageData {
        id: message.id,
        sender_id: &message.author,
        content: &message.body,
        room_id: &message.room,
        sender_name: names.get(&message.author).copied().unwrap_or(&message.name),
        kind: &message.kind,
        timestamp: rfc3339(message.at_ms),
        read_by: members.iter().filter(has_read).map(|member| &member.id).collect(),
        state: (message.rev > 0).then(|| State::from(message)),
    }
}
