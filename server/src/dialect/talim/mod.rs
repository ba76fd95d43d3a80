//! Talim: chat rooms, read marks and notifications as events of Socket.IO. `docs/DIALECTS.md` has the table.

use std::collections::HashMap;

use bytes::Bytes;
use hub::{Command, CommandError, Event, JoinMode, JoinSnapshot};
use protocol::{Member, Message, MessageId, MessageKind, Notification, RoomId, UserId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::common::{field_error, misread_value};
use super::socketio::packet::socket_event;
use super::{Decoded, Request};
use crate::clock::rfc3339;
use crate::json;

/// Events that only a server sends: from a client they are refused.
pub const SERVER_EVENTS: [&str; 5] =
    ["chat-message", "chat-room-history", "chat-room-left", "notification", "error"];

/// Decodes an event; `None` where this vocabulary has no such event.
pub fn decode(name: &str, data: &Value) -> Option<Decoded> {
    Some(
        match name {
            "join-chat-room" => {
                room_of(data).map(|room| Command::Join { room, mode: JoinMode::Recover(None) })
            }
            "leave-chat-room" => room_of(data).map(|room| Command::Leave { room }),
            "send-chat-message" => read::<SendMessage>(data).map(|message| Command::Post {
                room: message.room_id,
                draft: None,
                body: message.content,
                parent: None,
                kind: message.kind,
            }),
            "mark-message-read" => mark_of(data),
            _ => return None,
        }
        .map(Request::Hub),
    )
}

/// `senderName` may be there and is not read: the account's name is sent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendMessage {
    content: String,
    room_id: RoomId,
    #[serde(rename = "type", default)]
    kind: MessageKind,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MarkRead {
    message_id: MessageId,
    #[serde(default)]
    room_id: Option<RoomId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoomParam {
    room_id: RoomId,
}

/// A room's id alone, or an object with `roomId`.
fn room_of(data: &Value) -> Result<RoomId, Box<CommandError>> {
    match data {
        Value::String(id) => {
            RoomId::parse(id).map_err(|error| field_error("roomId", &error.to_string()).into())
        }
        _ => read::<RoomParam>(data).map(|it| it.room_id),
    }
}

/// A message's id alone, or an object with `messageId`.
fn mark_of(data: &Value) -> Result<Command, Box<CommandError>> {
    let marked = match data {
        Value::String(_) => MarkRead { message_id: read(data)?, room_id: None },
        _ => read(data)?,
    };
    Ok(Command::ReadMessage { room: marked.room_id, message: marked.message_id })
}

fn read<T: DeserializeOwned>(data: &Value) -> Result<T, Box<CommandError>> {
    Ok(json::read_value(data).map_err(|misread| misread_value(&misread))?)
}

/// Encodes an event; `None` where this vocabulary has no name for it.
pub fn encode(event: &Event) -> Option<Bytes> {
    match event {
        Event::Message(message) => {
            let data = ChatMessage {
                id: message.id,
                sender_id: &message.author.id,
                content: &message.body,
                room_id: &message.room,
                sender_name: &message.author.username,
                kind: &message.kind,
                timestamp: rfc3339(message.at_ms),
                read_by: Vec::new(),
            };
            socket_event("chat-message", &data)
        }
        Event::Joined(joined) => socket_event("chat-room-history", &history(joined)),
        Event::Left(left) => {
            #[derive(Serialize)]
            #[serde(rename_all = "camelCase")]
            struct Data<'a> {
                room_id: &'a RoomId,
            }
            socket_event("chat-room-left", &Data { room_id: &left.room })
        }
        Event::Notification(Notification { id, title, message, kind, at_ms, .. }, _) => {
            #[derive(Serialize)]
            struct Data<'a> {
                id: String,
                title: &'a str,
                message: &'a str,
                r#type: &'a str,
                timestamp: String,
            }
            let timestamp = rfc3339(*at_ms);
            socket_event(
                "notification",
                &Data { id: id.to_string(), title, message, r#type: kind, timestamp },
            )
        }
        _ => None,
    }
}

/// A message, with the users who have read it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChatMessage<'a> {
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
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct History<'a> {
    room_id: &'a RoomId,
    messages: Vec<ChatMessage<'a>>,
}

fn history(joined: &JoinSnapshot) -> History<'_> {
    let names: HashMap<&UserId, &str> =
        joined.roster.members().iter().map(|member| (&member.id, member.name.as_str())).collect();
    let encode = |message| chat_message(message, joined.roster.members(), &names);
    History { room_id: &joined.room, messages: joined.messages.iter().map(encode).collect() }
}

fn chat_message<'a>(
    message: &'a Message,
    members: &'a [Member],
    names: &HashMap<&UserId, &'a str>,
) -> ChatMessage<'a> {
    let has_read = |member: &&Member| member.read_seq >= message.cursor.seq && member.id != message.author;
    ChatMessage {
        id: message.id,
        sender_id: &message.author,
        content: &message.body,
        room_id: &message.room,
        sender_name: names.get(&message.author).copied().unwrap_or(&message.name),
        kind: &message.kind,
        timestamp: rfc3339(message.at_ms),
        read_by: members.iter().filter(has_read).map(|member| &member.id).collect(),
    }
}

#[cfg(test)]
mod tests {
    use protocol::ErrorCode;
    use serde_json::json;

    use super::*;

    fn command(name: &str, data: &Value) -> Command {
        match decode(name, data).unwrap().unwrap() {
            Request::Hub(command) => command,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ta_03_a_room_is_named_alone_or_in_an_object() {
        let room = RoomId::parse("room-123").unwrap();
        let join = Command::Join { room: room.clone(), mode: JoinMode::Recover(None) };
        assert_eq!(command("join-chat-room", &json!("room-123")), join);
        assert_eq!(command("join-chat-room", &json!({ "roomId": "room-123" })), join);
        assert_eq!(command("leave-chat-room", &json!("room-123")), Command::Leave { room });
    }

    #[test]
    fn ta_04_a_message_has_a_room_a_text_and_a_type_and_no_sender_name() {
        let data =
            json!({ "content": "Hello!", "roomId": "room-123", "senderName": "Mallory", "type": "text" });
        let Command::Post { body, kind, draft, .. } = command("send-chat-message", &data) else { panic!() };
        assert_eq!((body.as_str(), kind, draft), ("Hello!", MessageKind::Text, None));
    }

    #[test]
    fn ta_05_a_mark_names_a_message_and_perhaps_a_room() {
        let id = "0192d3a0-0000-7000-8000-00000000000c";
        for data in [json!(id), json!({ "messageId": id }), json!({ "messageId": id, "roomId": null })] {
            let Command::ReadMessage { room, message } = command("mark-message-read", &data) else {
                panic!()
            };
            assert_eq!((room, message.to_string().as_str()), (None, id));
        }
    }

    #[test]
    fn ta_06_an_error_names_the_field() {
        for (name, data, field) in [
            ("join-chat-room", json!(7), "data"),
            ("join-chat-room", json!({}), "roomId"),
            ("join-chat-room", json!("no spaces"), "roomId"),
            ("send-chat-message", json!({ "roomId": "a" }), "content"),
            ("send-chat-message", json!({ "roomId": "a", "content": 7 }), "content"),
            ("mark-message-read", json!({ "messageId": "seven" }), "messageId"),
        ] {
            let failure = decode(name, &data).unwrap().unwrap_err();
            let found = (failure.error.code(), failure.error.field());
            assert_eq!(found, (ErrorCode::BadFrame, Some(field)), "{name} {data}");
        }
        assert!(decode("chat-message", &json!({})).is_none());
    }
}
