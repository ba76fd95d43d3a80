//! The dialect of the Chat API: `{"type", "data"}` both ways. A socket of `/api/v1/ws/chat/{id}` is for that chat, a socket
//! of `/api/v1/ws/{id}` is for the inbox of that user.

use std::time::Duration;

use bytes::Bytes;
use hub::model::Message;
use hub::{Command, CommandError, Encoder, Event};
use protocol::{DirectMessage, MessageId, MessageKind, RoomId, UserId};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::common::{self, Notice};
use super::{Dialect, Request, Scope};
use crate::clock::rfc3339;

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
            // Its clients send it at the first key press and never again.
            typing_timeout: Some(Duration::from_mins(1)),
            ..Encoder::new(3, encode)
        },
        decode,
        carriers: &["send_message", "direct_message"],
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

const CLIENT_TYPES: [&str; 6] =
    ["send_message", "direct_message", "typing_indicator", "read_receipt", "ping", "authenticate"];

fn decode(frame: &str, scope: &Scope) -> Result<Request, Box<CommandError>> {
    let command = match common::read(frame, &CLIENT_TYPES)? {
        ClientFrame::SendMessage { content, message_type, parent_message_id } => Command::Post {
            room: chat(scope)?,
            draft: None,
            body: content,
            parent: parent_message_id,
            kind: message_type,
        },
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

/// The chat that the socket is for.
fn chat(scope: &Scope) -> Result<RoomId, Box<CommandError>> {
    match scope {
        Scope::Room(room) => Ok(room.clone()),
        Scope::Anything | Scope::Inbox => {
            Err(common::field_error("type", "this frame belongs on the socket of a chat").into())
        }
    }
}

/// A frame of the server.
#[derive(Serialize)]
struct ServerFrame<'a, D: Serialize> {
    #[serde(rename = "type")]
    kind: &'a str,
    data: D,
}

fn server_frame<D: Serialize>(kind: &str, data: D) -> Option<Bytes> {
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

fn new_message<'a>(message: &'a Message, email: &'a str) -> Option<Bytes> {
    let (author, at) = (&message.author, rfc3339(message.at_ms));
    let data = ChatMessage {
        id: message.id,
        chat_id: &message.room,
        sender_id: &author.id,
        content: &message.body,
        message_type: &message.kind,
        parent_message_id: message.parent,
        created_at: &at,
        updated_at: &at,
        sender: Sender {
            id: &author.id,
            username: &author.username,
            email,
            is_active: author.is_active,
            created_at: rfc3339(author.created_at_ms),
        },
    };
    server_frame("new_message", data)
}

fn new_direct_message<'a>(direct: &'a DirectMessage, email: &'a str) -> Option<Bytes> {
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

fn encode_without_emails(event: &Event) -> Option<Bytes> {
    match event {
        Event::Message(message) => new_message(message, ""),
        Event::Direct(direct, _) => new_direct_message(direct, ""),
        event => encode(event),
    }
}

fn encode(event: &Event) -> Option<Bytes> {
    match event {
        Event::Message(message) => new_message(message, &message.author.email),
        Event::Direct(direct, _) => new_direct_message(direct, &direct.email),
        Event::Typing(it) => {
            server_frame("typing_indicator", json!({ "is_typing": it.on, "user_id": it.user }))
        }
        Event::Receipt(it) => {
            server_frame("read_receipt", json!({ "message_id": it.message, "user_id": it.user }))
        }
        Event::Notification(it, _) => server_frame("notification", Notice::from(it)),
        Event::Pong(_) => server_frame("pong", json!({})),
        Event::Failed(failure) => {
            let names = [("body", "content"), ("user", "recipient_id"), ("room", "chat_id")];
            let (message, data) = common::error_body(failure, &names);
            common::frame(&json!({ "type": "error", "message": message, "data": data }))
        }
        other => common::connection_event(other).and_then(|(kind, _, data)| server_frame(kind, data)),
    }
}

#[cfg(test)]
mod tests {
    use hub::{HubError, Receipt};
    use protocol::{ErrorCode, TypingChange};

    use super::super::golden::{self, AT_MS, ann, message, room, uuid, welcome};
    use super::*;

    fn in_chat() -> Scope {
        Scope::Room(room())
    }

    #[test]
    fn ca_03_a_message_with_and_without_the_one_it_answers() {
        let parent = MessageId(uuid(5));
        for (frame, parent, kind) in [
            (r#"{"type":"send_message","data":{"content":"hi","message_type":"text","parent_message_id":null}}"#.to_owned(), None, "text"),
            (r#"{"data":{"content":"hi","user_id":"eve"},"type":"send_message"}"#.to_owned(), None, "text"),
            (format!(r#"{{"type":"send_message","data":{{"content":"hi","message_type":"note","parent_message_id":"{parent}"}}}}"#), Some(parent), "note"),
        ] {
            let kind = MessageKind::parse(kind).unwrap();
            let post = Command::Post { room: room(), draft: None, body: "hi".to_owned(), parent, kind };
            assert_eq!(CHAT_API.decode_text(&frame, &in_chat()), Request::Hub(post), "{frame}");
        }
    }

    #[test]
    fn ca_04_a_direct_message_on_both_sockets() {
        let frame = r#"{"type":"direct_message","data":{"content":"psst","message_type":"text","recipient_id":"bob-id","chat_id":"kitchen"}}"#;
        let direct = Command::Direct {
            room: room(),
            to: UserId::parse("bob-id").unwrap(),
            body: "psst".to_owned(),
            kind: MessageKind::Text,
        };
        for scope in [in_chat(), Scope::Inbox] {
            assert_eq!(CHAT_API.decode_text(frame, &scope), Request::Hub(direct.clone()));
        }
    }

    #[test]
    fn ca_05_a_new_message_has_every_key_as_printed() {
        let expected = concat!(
            r#"{"type":"new_message","data":{"id":"00000000-0000-0000-0000-000000000001","chat_id":"kitchen","sender_id":"ann-id","#,
            r#""content":"hi","message_type":"text","parent_message_id":null,"created_at":"2026-09-21T14:13:20.120Z","#,
            r#""updated_at":"2026-09-21T14:13:20.120Z","sender":{"id":"ann-id","username":"ann","email":"ann@example.org","#,
            r#""is_active":true,"created_at":"1970-01-01T00:00:00.000Z"}}}"#
        );
        assert_eq!(CHAT_API.encode_text(&Event::Message(message("hi"))).unwrap(), expected);
    }

    #[test]
    fn ca_06_a_direct_message_has_the_same_shape_and_is_not_echoed() {
        let direct = Box::new(DirectMessage {
            id: MessageId(uuid(1)),
            room: room(),
            author: ann(),
            name: "ann".to_owned(),
            email: "ann@example.org".to_owned(),
            is_active: true,
            author_created_at_ms: 0,
            to: UserId::parse("bob-id").unwrap(),
            body: "hi".to_owned(),
            kind: MessageKind::Text,
            at_ms: AT_MS,
        });
        let public = CHAT_API.encode_text(&Event::Message(message("hi"))).unwrap();
        let sent = CHAT_API.encode_text(&Event::Direct(direct.clone(), Some(1))).unwrap();
        assert_eq!(sent, public.replace("new_message", "new_direct_message"));
        assert_eq!(CHAT_API.encode_text(&Event::DirectSent(direct)), None);
    }

    #[test]
    fn ca_07_and_08_typing_and_receipts_name_the_user_of_the_token() {
        let typing = r#"{"type":"typing_indicator","data":{"is_typing":true,"user_id":"eve"}}"#;
        let request = Request::Hub(Command::Typing { room: room(), on: true });
        assert_eq!(CHAT_API.decode_text(typing, &in_chat()), request);
        let change = TypingChange { room: room(), user: ann(), on: true };
        let sent = r#"{"type":"typing_indicator","data":{"is_typing":true,"user_id":"ann-id"}}"#;
        assert_eq!(CHAT_API.encode_text(&Event::Typing(change)).unwrap(), sent);

        let message = MessageId(uuid(4));
        let read = format!(r#"{{"type":"read_receipt","data":{{"message_id":"{message}"}}}}"#);
        let request = Request::Hub(Command::ReadMessage { room: Some(room()), message });
        assert_eq!(CHAT_API.decode_text(&read, &in_chat()), request);
        let receipt = Receipt { room: room(), user: ann(), message };
        let sent =
            format!(r#"{{"type":"read_receipt","data":{{"message_id":"{message}","user_id":"ann-id"}}}}"#);
        assert_eq!(CHAT_API.encode_text(&Event::Receipt(receipt)).unwrap(), sent);
    }

    #[test]
    fn ca_10_typing_lasts_a_minute() {
        assert_eq!(CHAT_API.encoder.typing_timeout, Some(Duration::from_mins(1)));
    }

    #[test]
    fn ca_16_an_error_has_a_code_and_this_dialects_names() {
        for (frame, code, field) in [
            ("{", ErrorCode::BadJson, None),
            (r#"{"data":{}}"#, ErrorCode::BadFrame, Some("type")),
            (r#"{"type":"new_message","data":{}}"#, ErrorCode::UnknownType, None),
            (r#"{"type":"send_message","data":{"content":7}}"#, ErrorCode::BadFrame, Some("content")),
            (r#"{"type":"send_message","data":{}}"#, ErrorCode::BadFrame, Some("content")),
            (
                r#"{"type":"send_message","data":{"content":"x","parent_message_id":"soon"}}"#,
                ErrorCode::BadFrame,
                Some("parent_message_id"),
            ),
            (
                r#"{"type":"direct_message","data":{"content":"x","recipient_id":"b"}}"#,
                ErrorCode::BadFrame,
                Some("chat_id"),
            ),
            (r#"{"type":"read_receipt","data":{}}"#, ErrorCode::BadFrame, Some("message_id")),
        ] {
            let (found, named) = CHAT_API.decode_error(frame, &in_chat());
            assert_eq!((found, named.as_deref()), (code, field), "{frame}");
        }
        let sent = CHAT_API.encode_text(&Event::Failed(HubError::Blank { field: "body" }.into())).unwrap();
        let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
        let data = json!({ "code": "blank", "field": "content" });
        assert_eq!(sent, json!({ "type": "error", "message": "content must not be blank", "data": data }));
        let wrong_socket = r#"{"type":"send_message","data":{"content":"x"}}"#;
        assert_eq!(
            CHAT_API.decode_error(wrong_socket, &Scope::Inbox),
            (ErrorCode::BadFrame, Some("type".to_owned()))
        );
    }

    #[test]
    fn ca_17_a_ping_may_carry_anything() {
        for frame in [r#"{"type":"ping"}"#, r#"{"type":"ping","data":{}}"#, r#"{"type":"ping","data":[1]}"#] {
            assert_eq!(CHAT_API.decode_text(frame, &Scope::Inbox), Request::Hub(Command::Ping { nonce: 0 }));
        }
        assert_eq!(CHAT_API.encode_text(&welcome()), None);
    }

    #[test]
    fn every_client_frame_is_listed() {
        assert_eq!(golden::known::<ClientFrame>(), CLIENT_TYPES);
    }
}
