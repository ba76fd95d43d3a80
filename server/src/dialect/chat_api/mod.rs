//! The dialect of the Chat API: `{"type", "data"}` both ways. A socket of `/api/v1/ws/chat/{id}` is for that chat, a socket
//! of `/api/v1/ws/{id}` is for what reaches that person.

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

/// The same for a server whose members do not see each other's e-mail addresses: the key is there and empty. It shares the
/// place of the other in an envelope: a server has one of the two.
pub(super) static CHAT_API_WITHOUT_EMAILS: Dialect = dialect(encode_without_emails);

const fn dialect(encode: fn(&Event) -> Option<Bytes>) -> Dialect {
    Dialect {
        name: "chat api",
        encoder: Encoder {
            wants_receipts: true,
            // Its clients say at the first key that somebody types, and never again.
            typing_timeout: Some(Duration::from_mins(1)),
            ..Encoder::new(3, encode)
        },
        decode,
        carriers: &["send_message", "direct_message"],
        takes_first_frame: false,
        has_inbox_cursor: false,
    }
}

/// What a client says. Whatever it says of its own identity is not even read.
#[derive(Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
enum Frame {
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
    Ping(#[expect(dead_code, reason = "whatever comes along is let be")] Option<IgnoredAny>),
    Authenticate {
        token: String,
    },
}

const CLIENT_TYPES: [&str; 6] =
    ["send_message", "direct_message", "typing_indicator", "read_receipt", "ping", "authenticate"];

fn decode(frame: &str, scope: &Scope) -> Result<Request, Box<CommandError>> {
    let command = match common::read(frame, &CLIENT_TYPES)? {
        Frame::SendMessage { content, message_type, parent_message_id } => Command::Post {
            room: chat(scope)?,
            draft: None,
            body: content,
            parent: parent_message_id,
            kind: message_type,
        },
        Frame::DirectMessage { content, message_type, recipient_id, chat_id } => {
            Command::Direct { room: chat_id, to: recipient_id, body: content, kind: message_type }
        }
        Frame::TypingIndicator { is_typing } => Command::Typing { room: chat(scope)?, on: is_typing },
        Frame::ReadReceipt { message_id } => {
            Command::ReadMessage { room: chat(scope).ok(), message: message_id }
        }
        Frame::Ping(_) => Command::Ping { nonce: 0 },
        Frame::Authenticate { token } => return Ok(Request::Authenticate { token, inbox: None }),
    };
    Ok(Request::Hub(command))
}

/// The chat that the socket is for.
fn chat(scope: &Scope) -> Result<RoomId, Box<CommandError>> {
    match scope {
        Scope::Room(room) => Ok(room.clone()),
        Scope::Anything | Scope::Inbox => {
            Err(common::misshapen("type", "this frame belongs on the socket of a chat").into())
        }
    }
}

/// What the server says.
#[derive(Serialize)]
struct Said<'a, D: Serialize> {
    #[serde(rename = "type")]
    kind: &'a str,
    data: D,
}

fn say<D: Serialize>(kind: &str, data: D) -> Option<Bytes> {
    common::frame(&Said { kind, data })
}

/// A message as the document prints it: every key is there.
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
    say("new_message", data)
}

fn new_direct_message<'a>(letter: &'a DirectMessage, email: &'a str) -> Option<Bytes> {
    let at = rfc3339(letter.at_ms);
    let data = ChatMessage {
        id: letter.id,
        chat_id: &letter.room,
        sender_id: &letter.author,
        content: &letter.body,
        message_type: &letter.kind,
        parent_message_id: None,
        created_at: &at,
        updated_at: &at,
        sender: Sender {
            id: &letter.author,
            username: &letter.name,
            email,
            is_active: letter.is_active,
            created_at: rfc3339(letter.author_created_at_ms),
        },
    };
    say("new_direct_message", data)
}

fn encode_without_emails(event: &Event) -> Option<Bytes> {
    match event {
        Event::Message(message) => new_message(message, ""),
        Event::Direct(letter, _) => new_direct_message(letter, ""),
        event => encode(event),
    }
}

fn encode(event: &Event) -> Option<Bytes> {
    match event {
        Event::Message(message) => new_message(message, &message.author.email),
        Event::Direct(letter, _) => new_direct_message(letter, &letter.email),
        Event::Typing(it) => say("typing_indicator", json!({ "is_typing": it.on, "user_id": it.user })),
        Event::Receipt(it) => say("read_receipt", json!({ "message_id": it.message, "user_id": it.user })),
        Event::Notification(it, _) => say("notification", Notice::from(it)),
        Event::Pong(_) => say("pong", json!({})),
        Event::Failed(failure) => {
            let names = [("body", "content"), ("user", "recipient_id"), ("room", "chat_id")];
            let (message, data) = common::complaint(failure, &names);
            common::frame(&json!({ "type": "error", "message": message, "data": data }))
        }
        other => common::of_connection(other).and_then(|(kind, _, data)| say(kind, data)),
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
            assert_eq!(CHAT_API.understand(&frame, &in_chat()), Request::Hub(post), "{frame}");
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
            assert_eq!(CHAT_API.understand(frame, &scope), Request::Hub(direct.clone()));
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
        assert_eq!(CHAT_API.spell(&Event::Message(message("hi"))).unwrap(), expected);
    }

    #[test]
    fn ca_06_a_direct_message_has_the_same_shape_and_is_not_echoed() {
        let letter = Box::new(DirectMessage {
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
        let public = CHAT_API.spell(&Event::Message(message("hi"))).unwrap();
        let told = CHAT_API.spell(&Event::Direct(letter.clone(), Some(1))).unwrap();
        assert_eq!(told, public.replace("new_message", "new_direct_message"));
        assert_eq!(CHAT_API.spell(&Event::DirectSent(letter)), None);
    }

    #[test]
    fn ca_07_and_08_typing_and_receipts_name_the_person_of_the_token() {
        let typing = r#"{"type":"typing_indicator","data":{"is_typing":true,"user_id":"eve"}}"#;
        let wish = Request::Hub(Command::Typing { room: room(), on: true });
        assert_eq!(CHAT_API.understand(typing, &in_chat()), wish);
        let change = TypingChange { room: room(), user: ann(), on: true };
        let said = r#"{"type":"typing_indicator","data":{"is_typing":true,"user_id":"ann-id"}}"#;
        assert_eq!(CHAT_API.spell(&Event::Typing(change)).unwrap(), said);

        let message = MessageId(uuid(4));
        let read = format!(r#"{{"type":"read_receipt","data":{{"message_id":"{message}"}}}}"#);
        let wish = Request::Hub(Command::ReadMessage { room: Some(room()), message });
        assert_eq!(CHAT_API.understand(&read, &in_chat()), wish);
        let receipt = Receipt { room: room(), user: ann(), message };
        let said =
            format!(r#"{{"type":"read_receipt","data":{{"message_id":"{message}","user_id":"ann-id"}}}}"#);
        assert_eq!(CHAT_API.spell(&Event::Receipt(receipt)).unwrap(), said);
    }

    #[test]
    fn ca_10_typing_lasts_a_minute() {
        assert_eq!(CHAT_API.encoder.typing_timeout, Some(Duration::from_mins(1)));
    }

    #[test]
    fn ca_16_a_refusal_has_a_code_and_this_dialects_names() {
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
            let (told, named) = CHAT_API.refuse(frame, &in_chat());
            assert_eq!((told, named.as_deref()), (code, field), "{frame}");
        }
        let said = CHAT_API.spell(&Event::Failed(HubError::Blank { field: "body" }.into())).unwrap();
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        let data = json!({ "code": "blank", "field": "content" });
        assert_eq!(said, json!({ "type": "error", "message": "content must not be blank", "data": data }));
        let misplaced = r#"{"type":"send_message","data":{"content":"x"}}"#;
        assert_eq!(CHAT_API.refuse(misplaced, &Scope::Inbox), (ErrorCode::BadFrame, Some("type".to_owned())));
    }

    #[test]
    fn ca_17_a_ping_may_carry_anything() {
        for frame in [r#"{"type":"ping"}"#, r#"{"type":"ping","data":{}}"#, r#"{"type":"ping","data":[1]}"#] {
            assert_eq!(CHAT_API.understand(frame, &Scope::Inbox), Request::Hub(Command::Ping { nonce: 0 }));
        }
        assert_eq!(CHAT_API.spell(&welcome()), None);
    }

    #[test]
    fn every_client_frame_is_listed() {
        assert_eq!(golden::known::<Frame>(), CLIENT_TYPES);
    }
}
