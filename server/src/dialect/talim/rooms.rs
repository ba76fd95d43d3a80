//! Rooms in Talim: who is in a room that was joined, the rooms of a user, and older messages.

use bytes::Bytes;
use hub::{Command, CommandError, FetchedMessages, RoomEntry, RoomList};
use protocol::{MessageId, Preview, RoomId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::messages::{MessageData, chat_messages};
use crate::clock::rfc3339;
use crate::dialect::common::read_value as read;
use crate::dialect::socketio::packet::socket_event;

#[derive(Default, Deserialize)]
struct ListParams {
    #[serde(default)]
    after: Option<RoomId>,
    #[serde(default)]
    limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageParams {
    room_id: RoomId,
    #[serde(default)]
    before: Option<MessageId>,
    #[serde(default)]
    limit: Option<u32>,
}

/// Nothing, or an object.
pub(super) fn list_of(data: &Value) -> Result<Command, Box<CommandError>> {
    let ListParams { after, limit } = if data.is_null() { ListParams::default() } else { read(data)? };
    Ok(Command::ListRooms { after, limit })
}

pub(super) fn page_of(data: &Value) -> Result<Command, Box<CommandError>> {
    let PageParams { room_id, before, limit } = read(data)?;
    Ok(Command::FetchMessages { room: room_id, before, limit })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Participant<'a> {
    user_id: &'a UserId,
    name: &'a str,
}

pub(super) fn joined(entry: &RoomEntry) -> Option<Bytes> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Data<'a> {
        room_id: &'a RoomId,
        room_name: &'a str,
        participants: Vec<Participant<'a>>,
    }
    let members = entry.roster.members().iter();
    let participants = members.map(|member| Participant { user_id: &member.id, name: &member.name });
    let participants = participants.collect();
    socket_event("chat-room-joined", &Data { room_id: &entry.room, room_name: &entry.name, participants })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LastMessage<'a> {
    content: &'a str,
    sender_id: &'a UserId,
    sender_name: &'a str,
    timestamp: String,
}

impl<'a> From<&'a Preview> for LastMessage<'a> {
    fn from(it: &'a Preview) -> Self {
        let timestamp = rfc3339(it.at_ms);
        Self { content: &it.text, sender_id: &it.author, sender_name: &it.name, timestamp }
    }
}

pub(super) fn list(list: &RoomList) -> Option<Bytes> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Listed<'a> {
        room_id: &'a RoomId,
        room_name: &'a str,
        last_message: Option<LastMessage<'a>>,
        unread_count: u32,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Data<'a> {
        rooms: Vec<Listed<'a>>,
        has_more: bool,
    }
    let rooms = list.rooms.iter().map(|room| Listed {
        room_id: &room.id,
        room_name: &room.name,
        last_message: room.last.as_ref().map(LastMessage::from),
        unread_count: room.unread,
    });
    socket_event("chat-rooms-update", &Data { rooms: rooms.collect(), has_more: list.has_more })
}

pub(super) fn page(page: &FetchedMessages) -> Option<Bytes> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Data<'a> {
        room_id: &'a RoomId,
        messages: Vec<MessageData<'a>>,
        has_more: bool,
    }
    let messages = chat_messages(&page.messages, &page.members);
    socket_event("messages-fetched", &Data { room_id: &page.room, messages, has_more: page.has_more })
}
