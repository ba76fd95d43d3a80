//! Talim: chat rooms, read marks and notifications as events of Socket.IO. `docs/DIALECTS.md` has the table.

mod changes;
mod messages;
mod rooms;

use bytes::Bytes;
use hub::store::Change;
use hub::{Command, CommandError, Event, JoinMode, JoinSnapshot};
use protocol::{MessageId, MessageKind, Notification, RoomId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::messages::{MessageData, chat_messages, new_message};
use super::common::{field_error, read_value as read};
use super::socketio::packet::socket_event;
use super::{Decoded, Request};
use crate::clock::rfc3339;

/// Events that only a server sends: from a client they are refused.
pub const SERVER_EVENTS: [&str; 11] = [
    "chat-message",
    "chat-message-updated",
    "chat-message-deleted",
    "chat-message-reaction",
    "chat-room-history",
    "chat-room-joined",
    "chat-rooms-update",
    "messages-fetched",
    "chat-room-left",
    "notification",
    "error",
];

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
            "edit-chat-message" => read::<EditMessage>(data).map(|it| {
                change(it.room_id, it.message_id, Change::Edit { body: it.content.into(), base_rev: None })
            }),
            "delete-chat-message" => {
                read::<MessageParam>(data).map(|it| change(it.room_id, it.message_id, Change::Delete))
            }
            "react-to-chat-message" => read::<React>(data).map(|it| {
                change(it.room_id, it.message_id, Change::React { emoji: it.emoji.into(), on: it.on })
            }),
            "fetch-chat-rooms" => rooms::list_of(data),
            "fetch-messages" => rooms::page_of(data),
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
struct EditMessage {
    message_id: MessageId,
    room_id: RoomId,
    content: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageParam {
    message_id: MessageId,
    room_id: RoomId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct React {
    message_id: MessageId,
    room_id: RoomId,
    emoji: String,
    #[serde(default = "on")]
    on: bool,
}

/// What is not said is to be set.
const fn on() -> bool {
    true
}

fn change(room: RoomId, message: MessageId, change: Change) -> Command {
    Command::Change { room, draft: None, message, change }
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

/// Encodes an event; `None` where this vocabulary has no name for it.
pub fn encode(event: &Event) -> Option<Bytes> {
    match event {
        Event::Message(message) => socket_event("chat-message", &new_message(message)),
        Event::RoomEntered(entry) => rooms::joined(entry),
        Event::RoomList(list) => rooms::list(list),
        Event::Messages(page) => rooms::page(page),
        Event::Change(change) => changes::encode_change(change),
        Event::MessageChanged(message) => changes::encode_message(message),
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct History<'a> {
    room_id: &'a RoomId,
    messages: Vec<MessageData<'a>>,
}

fn history(joined: &JoinSnapshot) -> History<'_> {
    History { room_id: &joined.room, messages: chat_messages(&joined.messages, joined.roster.members()) }
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
