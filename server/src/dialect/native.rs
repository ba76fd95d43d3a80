//! Our own spelling: the enums of the `protocol` crate as JSON.

use bytes::Bytes;
use hub::{Command, Event, Failure, Refusal, Spelling};
use protocol::{ClientFrame, ErrorData, ServerFrame};
use serde_json::Value;
use serde_json::error::Category;

use super::{Dialect, Request};

/// The native dialect, spoken by our own pages.
pub struct Native;

impl Dialect for Native {
    const SPELLING: Spelling = Spelling { slot: 0, encode };

    fn decode(frame: &str) -> Result<Request, Box<Failure>> {
        match serde_json::from_str::<ClientFrame>(frame) {
            Ok(frame) => Ok(request(frame)),
            Err(error) => Err(Box::new(explain(frame, &error))),
        }
    }
}

fn request(frame: ClientFrame) -> Request {
    match frame {
        ClientFrame::Authenticate { token } => Request::Authenticate(token),
        ClientFrame::Join { room, since } => Request::Hub(Command::Join { room, since }),
        ClientFrame::Leave { room } => Request::Hub(Command::Leave { room }),
        ClientFrame::Post { room, draft, body } => Request::Hub(Command::Post { room, draft, body }),
        ClientFrame::Typing { room, on } => Request::Hub(Command::Typing { room, on }),
        ClientFrame::Read { room, seq } => Request::Hub(Command::Read { room, seq }),
        ClientFrame::Ping { nonce } => Request::Hub(Command::Ping { nonce }),
        ClientFrame::Simulate(plan) => Request::Simulate(plan),
        ClientFrame::Cancel { run } => Request::Cancel(run),
    }
}

const CLIENT_TYPES: [&str; 9] =
    ["authenticate", "join", "leave", "post", "typing", "read", "ping", "simulate", "cancel"];

/// Finds out what is wrong with a frame, more slowly than it was refused.
fn explain(frame: &str, error: &serde_json::Error) -> Failure {
    let Ok(value) = serde_json::from_str::<Value>(frame) else {
        return Refusal::BadJson(error.to_string()).into();
    };
    let data = value.get("data").cloned().unwrap_or(Value::Null);
    let refusal = match value.get("type").and_then(Value::as_str) {
        None => bad("type", "must be the text that names the frame".to_owned()),
        Some(kind) if !CLIENT_TYPES.contains(&kind) => Refusal::UnknownType(kind.chars().take(64).collect()),
        Some(kind) => misshapen(kind, &data, error),
    };
    let named = |key: &str| data.get(key).cloned().unwrap_or(Value::Null);
    Failure {
        refusal,
        room: serde_json::from_value(named("room")).ok(),
        draft: serde_json::from_value(named("draft")).ok(),
    }
}

/// Names the field of `data` that does not fit its type.
fn misshapen(kind: &str, data: &Value, error: &serde_json::Error) -> Refusal {
    // With the type in front, `data` is read in place, so the path to the trouble is known.
    let reordered = format!(r#"{{"type":"{kind}","data":{data}}}"#);
    let mut input = serde_json::Deserializer::from_str(&reordered);
    match serde_path_to_error::deserialize::<_, ClientFrame>(&mut input) {
        Err(wrong) => {
            let message = plain(wrong.inner());
            match (wrong.path().to_string().strip_prefix("data."), missing(&message)) {
                (_, Some(field)) => bad(field, "is missing".to_owned()),
                (Some(field), None) => bad(field, message),
                (None, None) => bad("data", message),
            }
        }
        // Only what is around `type` and `data` can be wrong then.
        Ok(_) => bad("", plain(error)),
    }
}

fn bad(field: &str, message: String) -> Refusal {
    if field.is_empty() {
        Refusal::BadFrame { field: None, message }
    } else {
        Refusal::BadFrame { message: format!("{field}: {message}"), field: Some(field.to_owned()) }
    }
}

/// The complaint without its place in a text that the client never sent.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match (error.classify(), text.rfind(" at line ")) {
        (Category::Data, Some(end)) => {
            text.chars().take(text.get(..end).map_or(0, |it| it.chars().count())).collect()
        }
        _ => text,
    }
}

fn missing(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

fn encode(event: &Event) -> Option<Bytes> {
    match serde_json::to_vec(&spell(event)) {
        Ok(text) => Some(text.into()),
        Err(error) => {
            // Our own types have text keys only, so this does not happen; if it does, it must be seen.
            tracing::error!(%error, "Could not spell an event");
            None
        }
    }
}

fn spell(event: &Event) -> ServerFrame {
    match event {
        Event::Welcome(data) => ServerFrame::Welcome { data: data.clone() },
        Event::Authenticated(data) => ServerFrame::Authenticated { data: data.clone() },
        Event::Expiring(data) => ServerFrame::Expiring { data: data.clone() },
        Event::Joined(data) => ServerFrame::Joined { data: (**data).clone() },
        Event::Left(data) => ServerFrame::Left { data: data.clone() },
        Event::Message(message) => ServerFrame::Message { data: message.to_wire() },
        Event::Posted(data) => ServerFrame::Posted { data: data.clone() },
        Event::Typing(data) => ServerFrame::Typing { data: data.clone() },
        Event::Read(data) => ServerFrame::Read { data: data.clone() },
        Event::Presence(data) => ServerFrame::Presence { data: data.clone() },
        Event::MemberAdded(data) => ServerFrame::MemberAdded { data: data.clone() },
        Event::MemberRemoved(data) => ServerFrame::MemberRemoved { data: data.clone() },
        Event::RoomRenamed(data) => ServerFrame::RoomRenamed { data: data.clone() },
        Event::RoomAdded(data) => ServerFrame::RoomAdded { data: (**data).clone() },
        Event::RoomRemoved(data) => ServerFrame::RoomRemoved { data: data.clone() },
        Event::Pong(data) => ServerFrame::Pong { data: data.clone() },
        Event::Progress(data) => ServerFrame::Progress { data: data.clone() },
        Event::Finished(data) => ServerFrame::Finished { data: data.clone() },
        Event::Closing(data) => ServerFrame::Closing { data: data.clone() },
        Event::Failed(failure) => {
            let Failure { refusal, room, draft } = failure;
            let data = ErrorData {
                code: refusal.code(),
                field: refusal.field().map(str::to_owned),
                room: room.clone(),
                draft: *draft,
                retry_after_ms: refusal.retry_after_ms(),
            };
            ServerFrame::Error { message: refusal.to_string(), data }
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{ErrorCode, RoomId};

    use super::*;

    fn refused(frame: &str) -> (ErrorCode, Option<String>, Failure) {
        let failure = *Native::decode(frame).unwrap_err();
        (failure.refusal.code(), failure.refusal.field().map(str::to_owned), failure)
    }

    #[test]
    fn frames_become_wishes_in_any_order_of_keys() {
        let room = RoomId::parse("kitchen").unwrap();
        for frame in [
            r#"{"type":"join","data":{"room":"kitchen"}}"#,
            r#"{"data":{"room":"kitchen"},"type":"join"}"#,
            r#"{"type":"join","data":{"room":"kitchen","since":null}}"#,
        ] {
            let wish = Request::Hub(Command::Join { room: room.clone(), since: None });
            assert_eq!(Native::decode(frame).unwrap(), wish, "{frame}");
        }
    }

    #[test]
    fn a_refusal_names_the_code_and_the_field() {
        let draft = "018f0000-0000-7000-8000-000000000001";
        for (frame, code, field) in [
            ("{", ErrorCode::BadJson, None),
            ("", ErrorCode::BadJson, None),
            ("[]", ErrorCode::BadFrame, Some("type")),
            (r#"{"data":{}}"#, ErrorCode::BadFrame, Some("type")),
            (r#"{"type":"shout","data":{}}"#, ErrorCode::UnknownType, None),
            (r#"{"type":"message","data":{}}"#, ErrorCode::UnknownType, None),
            (r#"{"type":"join"}"#, ErrorCode::BadFrame, Some("data")),
            (r#"{"type":"join","data":{}}"#, ErrorCode::BadFrame, Some("room")),
            (r#"{"type":"join","data":{"room":7}}"#, ErrorCode::BadFrame, Some("room")),
            (r#"{"type":"join","data":{"room":"no spaces"}}"#, ErrorCode::BadFrame, Some("room")),
            (r#"{"type":"typing","data":{"room":"a","on":"yes"}}"#, ErrorCode::BadFrame, Some("on")),
            (r#"{"type":"read","data":{"room":"a","seq":-1}}"#, ErrorCode::BadFrame, Some("seq")),
            (r#"{"data":{"room":"a","since":{"epoch":1}},"type":"join"}"#, ErrorCode::BadFrame, Some("seq")),
        ] {
            let (told, named, _) = refused(frame);
            assert_eq!((told, named.as_deref()), (code, field), "{frame}");
        }
        let (_, _, failure) =
            refused(&format!(r#"{{"type":"post","data":{{"room":"a","draft":"{draft}","body":3}}}}"#));
        assert_eq!(failure.room, RoomId::parse("a").ok());
        assert_eq!(failure.draft.map(|it| it.to_string()).as_deref(), Some(draft));
        assert_eq!(failure.refusal.to_string(), "body: invalid type: integer `3`, expected a string");
    }

    #[test]
    fn every_client_frame_is_listed() {
        // `explain` tells unknown types from misshapen ones by this list; serde's own list is the judge.
        let error = serde_json::from_str::<ClientFrame>(r#"{"type":"?","data":{}}"#).unwrap_err().to_string();
        let listed: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
        assert_eq!(listed, CLIENT_TYPES);
    }
}
