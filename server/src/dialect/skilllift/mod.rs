//! The dialect of SkillLift, at `/`: `{"type", "data"}` in, `{"type", "payload"}` out, camelCase.

mod changes;
mod frames;

use bytes::Bytes;
use hub::store::{Change, InboxKind};
use hub::{ChangeFrames, Command, CommandError, Encoder, Event, HubError, JoinMode};
use protocol::{LiveChange, MessageId, MessageKind, RoomId};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use self::frames::{ChatMessage, server_frame};
use super::common::{self, Notice};
use super::{Dialect, Request, Scope};
use crate::clock::rfc3339;
use crate::json;

/// SkillLift's dialect.
pub(super) static SKILLLIFT: Dialect = Dialect {
    name: "skilllift",
    encoder: Encoder {
        wants_participants: true,
        changes: ChangeFrames::Changes,
        settles: &[InboxKind::Job, InboxKind::Notification],
        ..Encoder::new(4, encode)
    },
    decode,
    carriers: &["chat_message", "edit_message", "live_session_update"],
    takes_first_frame: true,
    has_inbox_cursor: false,
};

/// The published document does not name the field of a room: all of these are read, the first one is written.
const ROOM_KEYS: [&str; 3] = ["roomId", "room_id", "room"];

/// Keys of a live session that only the server sets.
const SERVER_KEYS: [&str; 3] = ["userId", "userName", "timestamp"];

/// The values of a frame.
struct Fields {
    values: Map<String, Value>,
    room: Option<RoomId>,
}

fn decode(frame: &str, _: &Scope) -> Result<Request, Box<CommandError>> {
    let value = json::parse(frame).map_err(|misread| common::misread_frame(&misread))?;
    let Value::Object(mut values) = value else { return Err(no_type().into()) };
    let Some(Value::String(kind)) = values.remove("type") else { return Err(no_type().into()) };
    // Values are in `data`. They are also read from `payload`, as the server writes it, and from beside the type.
    for key in ["payload", "data"] {
        match values.remove(key) {
            Some(Value::Object(inner)) => values.extend(inner),
            Some(Value::Null) | None => {}
            Some(_) => return Err(common::field_error(key, "must be an object").into()),
        }
    }
    let mut fields = Fields { values, room: None };
    request(&kind, &mut fields).map_err(|failure| Box::new(CommandError { room: fields.room, ..*failure }))
}

fn request(kind: &str, fields: &mut Fields) -> Result<Request, Box<CommandError>> {
    let command = match kind {
        "join_room" => Command::Join { room: fields.room()?, mode: JoinMode::WithParticipants },
        "leave_room" => Command::Leave { room: fields.room()? },
        "chat_message" => Command::Post {
            room: fields.room()?,
            draft: None,
            body: fields.text("message")?,
            parent: None,
            kind: fields.message_kind()?,
        },
        "edit_message" => {
            let (room, message) = (fields.room()?, fields.message()?);
            let body = fields.text("message")?.into();
            change(room, message, Change::Edit { body, base_rev: None })
        }
        "delete_message" => change(fields.room()?, fields.message()?, Change::Delete),
        "react_to_message" => {
            let (room, message) = (fields.room()?, fields.message()?);
            let (emoji, on) = (fields.text("emoji")?.into(), fields.is_on()?);
            change(room, message, Change::React { emoji, on })
        }
        "live_session_update" => {
            let (room, status) = (fields.room()?, fields.text("status")?);
            let mut details = std::mem::take(&mut fields.values);
            details.retain(|key, _| !SERVER_KEYS.contains(&key.as_str()));
            Command::Live { room, status, details }
        }
        "ping" => Command::Ping { nonce: 0 },
        "authenticate" => return Ok(Request::Authenticate { token: fields.text("token")?, inbox: None }),
        other => return Err(common::unknown_type(other).into()),
    };
    Ok(Request::Hub(command))
}

fn change(room: RoomId, message: MessageId, change: Change) -> Command {
    Command::Change { room, draft: None, message, change }
}

fn no_type() -> HubError {
    common::field_error("type", "must be the text that names the frame")
}

impl Fields {
    /// Takes out the room; from then on every error names it.
    fn room(&mut self) -> Result<RoomId, Box<CommandError>> {
        let [key, ..] = ROOM_KEYS;
        let named = ROOM_KEYS.map(|key| self.values.remove(key)).into_iter().flatten().next();
        let raw = match named {
            Some(Value::String(raw)) => raw,
            Some(_) => return Err(common::field_error(key, "must be a text").into()),
            None => return Err(common::field_error(key, "is missing").into()),
        };
        let room = RoomId::parse(&raw).map_err(|error| common::field_error(key, &error.to_string()))?;
        self.room = Some(room.clone());
        Ok(room)
    }

    fn text(&mut self, key: &str) -> Result<String, Box<CommandError>> {
        match self.values.remove(key) {
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(common::field_error(key, "must be a text").into()),
            None => Err(common::field_error(key, "is missing").into()),
        }
    }

    fn message(&mut self) -> Result<MessageId, Box<CommandError>> {
        let key = "messageId";
        let id = Uuid::try_parse(&self.text(key)?).map(MessageId);
        Ok(id.map_err(|_| common::field_error(key, "must be a UUID"))?)
    }

    /// Whether something is set or removed; what is not said is to be set.
    fn is_on(&mut self) -> Result<bool, Box<CommandError>> {
        match self.values.remove("on") {
            Some(Value::Bool(on)) => Ok(on),
            Some(Value::Null) | None => Ok(true),
            Some(_) => Err(common::field_error("on", "must be true or false").into()),
        }
    }

    fn message_kind(&mut self) -> Result<MessageKind, Box<CommandError>> {
        let key = "messageType";
        match self.values.get(key) {
            Some(Value::Null) | None => Ok(MessageKind::Text),
            Some(_) => Ok(MessageKind::parse(&self.text(key)?)
                .map_err(|error| common::field_error(key, &error.to_string()))?),
        }
    }
}

fn encode(event: &Event) -> Option<Bytes> {
    match event {
        Event::Welcome(it, stamp) => {
            let timestamp = rfc3339(stamp.at_ms);
            server_frame(
                "connected",
                json!({ "userId": it.user, "userName": it.name, "timestamp": timestamp }),
            )
        }
        Event::Message(message) => server_frame("chat_message", ChatMessage::from(message)),
        Event::Change(change) => changes::encode_change(change),
        Event::Participant(it) => {
            let payload = json!({
                "roomId": it.room,
                "userId": it.user,
                "userName": it.name,
                "timestamp": rfc3339(it.at_ms),
            });
            server_frame(if it.here { "user_joined" } else { "user_left" }, payload)
        }
        Event::Live(change) => server_frame("live_session_update", live(change)),
        Event::Notification(it, _) => server_frame("notification", Notice::from(it)),
        Event::Pong(_) => server_frame("pong", json!({})),
        Event::Failed(failure) => encode_error(failure),
        Event::Authenticated(it) => server_frame("authenticated", json!({ "expiresInMs": it.expires_in_ms })),
        Event::Expiring(it) => server_frame("expiring", json!({ "expiresInMs": it.expires_in_ms })),
        Event::Closing(it, _) => server_frame("closing", json!({ "reconnectInMs": it.reconnect_in_ms })),
        _ => None,
    }
}

/// What an owner set of a session, with the owner and the time.
fn live(change: &LiveChange) -> Map<String, Value> {
    let mut payload = change.details.0.clone();
    payload.insert("roomId".to_owned(), json!(change.room));
    payload.insert("status".to_owned(), json!(change.status));
    payload.insert("userId".to_owned(), json!(change.user));
    payload.insert("timestamp".to_owned(), json!(rfc3339(change.at_ms)));
    payload
}

/// The code is where this dialect has its values, and where all raw sockets have it.
fn encode_error(failure: &CommandError) -> Option<Bytes> {
    let names = [("message", "messageId"), ("body", "message"), ("room", "roomId")];
    let (message, detail) = common::error_body(failure, &names);
    let mut payload = json!({ "code": detail.code, "message": message });
    if let Some(fields) = payload.as_object_mut() {
        let room = failure.room.as_ref().map(|room| json!(room));
        let field = detail.field.as_ref().map(|field| json!(field));
        let retry = detail.retry_after_ms.map(|wait_ms| json!(wait_ms));
        for (key, value) in [("roomId", room), ("field", field), ("retryAfterMs", retry)] {
            fields.extend(value.map(|value| (key.to_owned(), value)));
        }
    }
    common::frame(&json!({ "type": "error", "message": message, "payload": payload, "data": detail }))
}

#[cfg(test)]
mod tests {
    use protocol::{ErrorCode, Opaque, ParticipantChange, Pong};

    use super::super::golden::{AT_MS, ann, message, room, welcome};
    use super::*;

    fn encoded(event: &Event) -> Value {
        serde_json::from_str(&SKILLLIFT.encode_text(event).unwrap()).unwrap()
    }

    fn understood(frame: &str) -> Request {
        SKILLLIFT.decode_text(frame, &Scope::Anything)
    }

    #[test]
    fn sl_01_the_first_frame_may_bring_the_token() {
        let frame = r#"{"type":"authenticate","data":{"token":"x.y.z"}}"#;
        assert!(matches!(understood(frame), Request::Authenticate { token, .. } if token == "x.y.z"));
        assert!(SKILLLIFT.takes_first_frame);
    }

    #[test]
    fn sl_03_a_room_is_found_under_three_names_in_three_places() {
        let join = Request::Hub(Command::Join { room: room(), mode: JoinMode::WithParticipants });
        for frame in [
            r#"{"type":"join_room","data":{"roomId":"kitchen"}}"#,
            r#"{"data":{"room_id":"kitchen"},"type":"join_room"}"#,
            r#"{"type":"join_room","payload":{"room":"kitchen"},"data":null}"#,
            r#"{"type":"join_room","roomId":"kitchen","more":true}"#,
        ] {
            assert_eq!(understood(frame), join, "{frame}");
        }
        let leave = Request::Hub(Command::Leave { room: room() });
        assert_eq!(understood(r#"{"type":"leave_room","data":{"roomId":"kitchen"}}"#), leave);
    }

    #[test]
    fn sl_03_a_chat_message_both_ways() {
        let frame = r#"{"type":"chat_message","data":{"roomId":"kitchen","message":"hi","messageType":"question","userId":"eve"}}"#;
        let kind = MessageKind::parse("question").unwrap();
        let post = Command::Post { room: room(), draft: None, body: "hi".to_owned(), parent: None, kind };
        assert_eq!(understood(frame), Request::Hub(post));
        let expected = concat!(
            r#"{"type":"chat_message","payload":{"messageId":"00000000-0000-0000-0000-000000000001","roomId":"kitchen","#,
            r#""userId":"ann-id","userName":"ann","message":"hi","#,
            r#""messageType":"text","timestamp":"2026-09-21T14:13:20.120Z"}}"#
        );
        assert_eq!(SKILLLIFT.encode_text(&Event::Message(message("hi"))).unwrap(), expected);
    }

    #[test]
    fn sl_03_a_live_session_update_keeps_extra_fields_and_no_forged_ones() {
        let frame = r#"{"type":"live_session_update","data":{"room":"kitchen","status":"live","slide":3,"userId":"eve","timestamp":0}}"#;
        let Request::Hub(Command::Live { room, status, details }) = understood(frame) else { panic!() };
        assert_eq!(details, json!({ "slide": 3 }).as_object().unwrap().clone());
        let change =
            LiveChange { room, chat: None, status, user: ann(), at_ms: AT_MS, details: Opaque(details) };
        assert_eq!(
            encoded(&Event::Live(change)),
            json!({ "type": "live_session_update",
                    "payload": { "roomId": "kitchen", "status": "live", "slide": 3, "userId": "ann-id",
                                 "timestamp": "2026-09-21T14:13:20.120Z" } })
        );
    }

    #[test]
    fn sl_06_ping_and_pong_need_no_room() {
        for frame in [r#"{"type":"ping"}"#, r#"{"type":"ping","data":{"timestamp":1}}"#] {
            assert_eq!(understood(frame), Request::Hub(Command::Ping { nonce: 0 }));
        }
        assert_eq!(encoded(&Event::Pong(Pong { nonce: 0 })), json!({ "type": "pong", "payload": {} }));
    }

    #[test]
    fn sl_07_participants_who_join_and_leave_are_named() {
        for (here, kind) in [(true, "user_joined"), (false, "user_left")] {
            let name = "ann".to_owned();
            let change = ParticipantChange { room: room(), user: ann(), name, here, at_ms: AT_MS };
            assert_eq!(
                encoded(&Event::Participant(change)),
                json!({ "type": kind, "payload": { "roomId": "kitchen", "userId": "ann-id", "userName": "ann",
                                                   "timestamp": "2026-09-21T14:13:20.120Z" } })
            );
        }
        assert_eq!(encoded(&welcome())["payload"]["userName"], "ann");
        assert_eq!(encoded(&welcome())["type"], "connected");
    }

    #[test]
    fn sl_14_an_error_names_the_field_and_the_room() {
        for (frame, code, field) in [
            ("{", ErrorCode::BadJson, None),
            ("[]", ErrorCode::BadFrame, Some("type")),
            ("{}", ErrorCode::BadFrame, Some("type")),
            (r#"{"type":"user_joined","data":{"roomId":"kitchen"}}"#, ErrorCode::UnknownType, None),
            (r#"{"type":"join_room"}"#, ErrorCode::BadFrame, Some("roomId")),
            (r#"{"type":"join_room","data":7}"#, ErrorCode::BadFrame, Some("data")),
            (r#"{"type":"join_room","data":{"roomId":7}}"#, ErrorCode::BadFrame, Some("roomId")),
            (r#"{"type":"join_room","data":{"roomId":"no spaces"}}"#, ErrorCode::BadFrame, Some("roomId")),
            (r#"{"type":"chat_message","data":{"roomId":"kitchen"}}"#, ErrorCode::BadFrame, Some("message")),
            (
                r#"{"type":"chat_message","data":{"roomId":"kitchen","message":"x","messageType":"a b"}}"#,
                ErrorCode::BadFrame,
                Some("messageType"),
            ),
            (
                r#"{"type":"live_session_update","data":{"roomId":"kitchen"}}"#,
                ErrorCode::BadFrame,
                Some("status"),
            ),
        ] {
            let (found, named) = SKILLLIFT.decode_error(frame, &Scope::Anything);
            assert_eq!((found, named.as_deref()), (code, field), "{frame}");
        }
        let frame = r#"{"type":"chat_message","data":{"roomId":"kitchen","message":3}}"#;
        let failure = *(SKILLLIFT.decode)(frame, &Scope::Anything).unwrap_err();
        let sent = encoded(&Event::Failed(failure));
        assert_eq!(sent["payload"]["roomId"], "kitchen");
        assert_eq!(
            (&sent["payload"]["code"], &sent["data"]["code"]),
            (&json!("bad_frame"), &json!("bad_frame"))
        );
        assert_eq!(sent["message"], sent["payload"]["message"]);
    }
}
