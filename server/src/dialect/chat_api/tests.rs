//! Golden tests of the Chat API.

use hub::{HubError, Receipt};
use protocol::{DirectMessage, ErrorCode, TypingChange};

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
    let sent = format!(r#"{{"type":"read_receipt","data":{{"message_id":"{message}","user_id":"ann-id"}}}}"#);
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
