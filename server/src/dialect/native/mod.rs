//! The native dialect: the enums of the `protocol` crate as JSON.

mod frames;

use bytes::Bytes;
use hub::store::Change;
use hub::{ChangeFrames, Command, CommandError, Encoder, Event, JoinMode};
use protocol::{ClientFrame, DraftId, ErrorData, InboxData, MessageId, RoomId, ServerFrame};

use super::common::MisreadFrame;
use super::{Dialect, Request, Scope, common};
use crate::json::Rules;

/// The native dialect, spoken by our own pages.
pub(super) static NATIVE: Dialect = dialect(encode);

/// The same for a server whose members do not see each other's e-mail addresses. It has the same slot in an envelope: a
/// server has one of the two.
pub(super) static NATIVE_WITHOUT_EMAILS: Dialect = dialect(encode_without_emails);

const fn dialect(encode: fn(&Event) -> Option<Bytes>) -> Dialect {
    Dialect {
        name: "native",
        encoder: Encoder {
            wants_live_status: true,
            changes: ChangeFrames::Commits,
            ..Encoder::new(0, encode)
        },
        decode,
        carriers: &CARRIERS,
        takes_first_frame: true,
        has_inbox_cursor: true,
    }
}

fn decode(frame: &str, _: &Scope) -> Result<Request, Box<CommandError>> {
    common::read_frame(frame, &CLIENT_TYPES).map(request).map_err(|misread| Box::new(command_error(*misread)))
}

fn request(frame: ClientFrame) -> Request {
    match frame {
        ClientFrame::Authenticate { token, inbox } => Request::Authenticate { token, inbox },
        ClientFrame::Join { room, since, changes } => {
            let mode = match changes {
                Some(rev) => JoinMode::RecoverWithChanges { since, rev },
                None => JoinMode::Recover(since),
            };
            Request::Hub(Command::Join { room, mode })
        }
        ClientFrame::Leave { room } => Request::Hub(Command::Leave { room }),
        ClientFrame::Post { room, draft, body, parent, kind } => {
            Request::Hub(Command::Post { room, draft: Some(draft), body, parent, kind })
        }
        ClientFrame::Edit { room, draft, message, body, base_rev } => {
            change(room, draft, message, Change::Edit { body: body.into(), base_rev })
        }
        ClientFrame::Delete { room, draft, message } => change(room, draft, message, Change::Delete),
        ClientFrame::React { room, draft, message, emoji, on } => {
            change(room, draft, message, Change::React { emoji: emoji.into(), on })
        }
        ClientFrame::Pin { room, draft, message, on } => change(room, draft, message, Change::Pin { on }),
        ClientFrame::Direct { room, to, body, kind } => {
            Request::Hub(Command::Direct { room, to, body, kind })
        }
        ClientFrame::Live { room, status, details } => Request::Hub(Command::Live { room, status, details }),
        ClientFrame::Broadcast { room, event, data } => {
            Request::Hub(Command::Broadcast { room, event, data })
        }
        ClientFrame::Typing { room, on } => Request::Hub(Command::Typing { room, on }),
        ClientFrame::Read { room, seq } => Request::Hub(Command::Read { room, seq }),
        ClientFrame::Ping { nonce } => Request::Hub(Command::Ping { nonce }),
        ClientFrame::Simulate(plan) => Request::Simulate(plan),
        ClientFrame::Cancel { run } => Request::Cancel(run),
    }
}

fn change(room: RoomId, draft: DraftId, message: MessageId, change: Change) -> Request {
    Request::Hub(Command::Change { room, draft: Some(draft), message, change })
}

const CARRIERS: [&str; 5] = ["post", "edit", "direct", "live", "broadcast"];

const CLIENT_TYPES: [&str; 16] = [
    "authenticate",
    "join",
    "leave",
    "post",
    "edit",
    "delete",
    "react",
    "pin",
    "direct",
    "live",
    "broadcast",
    "typing",
    "read",
    "ping",
    "simulate",
    "cancel",
];

/// The error of a frame with the room and the draft that it names, where they can be read.
fn command_error(MisreadFrame { error, tree }: MisreadFrame) -> CommandError {
    let data = tree.as_ref().and_then(|tree| tree.get("data"));
    let named = |key: &str| data.and_then(|data| data.get(key));
    CommandError {
        room: named("room").and_then(|room| room.read(Rules::Lenient).ok()),
        draft: named("draft").and_then(|draft| draft.read(Rules::Lenient).ok()),
        error,
    }
}

fn encode(event: &Event) -> Option<Bytes> {
    match event {
        Event::Broadcast(broadcast) => frames::broadcast(broadcast),
        Event::Message(message) => frames::message(message),
        Event::Joined(joined) => frames::joined(joined),
        event => common::frame(&to_frame(event)?),
    }
}

fn encode_without_emails(event: &Event) -> Option<Bytes> {
    let (direct, inbox) = match event {
        Event::Direct(direct, inbox) => (direct, *inbox),
        Event::DirectSent(direct) => (direct, None),
        event => return encode(event),
    };
    let mut data = InboxData::new((**direct).clone(), inbox);
    data.item.email.clear();
    common::frame(&ServerFrame::Direct { data })
}

fn to_frame(event: &Event) -> Option<ServerFrame> {
    Some(match event {
        Event::Welcome(data, _) => ServerFrame::Welcome { data: data.clone() },
        Event::Authenticated(data) => ServerFrame::Authenticated { data: data.clone() },
        Event::Expiring(data) => ServerFrame::Expiring { data: data.clone() },
        Event::Left(data) => ServerFrame::Left { data: data.clone() },
        Event::Changed(data) => ServerFrame::Changed { data: data.clone() },
        Event::Done(data) => ServerFrame::Done { data: data.clone() },
        Event::Posted(data) => ServerFrame::Posted { data: data.clone() },
        Event::Typing(data) => ServerFrame::Typing { data: data.clone() },
        Event::Read(data) => ServerFrame::Read { data: data.clone() },
        Event::Presence(data) => ServerFrame::Presence { data: data.clone() },
        Event::Participant(data) => ServerFrame::Participant { data: data.clone() },
        Event::Live(data) => ServerFrame::Live { data: data.clone() },
        Event::Notification(data, inbox) => ServerFrame::Notification { data: InboxData::new(data.clone(), *inbox) },
        Event::Direct(data, inbox) => ServerFrame::Direct { data: InboxData::new((**data).clone(), *inbox) },
        Event::DirectSent(data) => ServerFrame::Direct { data: InboxData::new((**data).clone(), None) },
        Event::Job(data, _, inbox) => ServerFrame::Job { data: InboxData::new((**data).clone(), *inbox) },
        Event::InboxPosition(data) => ServerFrame::Inbox { data: data.clone() },
        Event::Signal(data, _, inbox) => ServerFrame::Signal { data: InboxData::new(data.clone(), *inbox) },
        Event::Maintenance(data, _) => ServerFrame::Maintenance { data: data.clone() },
        // `frames` encodes these.
        Event::Broadcast(_) | Event::Message(_) | Event::Joined(_)
        // One `read` covers all messages before it; a client that starts a run knows its plan.
        | Event::Receipt(_) | Event::RunStarted(_)
        // Its clients list rooms and read older messages over REST; `joined` has the members.
        | Event::RoomEntered(_) | Event::RoomList(_) | Event::Messages(_)
        // One `changed` has the messages of all changes of a commit.
        | Event::Change(_) | Event::MessageChanged(_) => return None,
        Event::MemberAdded(data) => ServerFrame::MemberAdded { data: data.clone() },
        Event::MemberRemoved(data) => ServerFrame::MemberRemoved { data: data.clone() },
        Event::RoomRenamed(data) => ServerFrame::RoomRenamed { data: data.clone() },
        Event::RoomAdded(data) => ServerFrame::RoomAdded { data: (**data).clone() },
        Event::RoomRemoved(data) => ServerFrame::RoomRemoved { data: data.clone() },
        Event::Pong(data) => ServerFrame::Pong { data: data.clone() },
        Event::Progress(data) => ServerFrame::Progress { data: data.clone() },
        Event::Finished(data) => ServerFrame::Finished { data: data.clone() },
        Event::Closing(data, _) => ServerFrame::Closing { data: data.clone() },
        Event::Failed(failure) => {
            let CommandError { error, room, draft } = failure;
            let data = ErrorData {
                code: error.code(),
                field: error.field().map(str::to_owned),
                room: room.clone(),
                draft: *draft,
                retry_after_ms: error.retry_after_ms(),
            };
            ServerFrame::Error { message: error.to_string(), data }
        }
    })
}

#[cfg(test)]
mod tests {
    use protocol::ErrorCode;

    use super::*;

    fn refused(frame: &str) -> (ErrorCode, Option<String>, CommandError) {
        let failure = *decode(frame, &Scope::Anything).unwrap_err();
        (failure.error.code(), failure.error.field().map(str::to_owned), failure)
    }

    #[test]
    fn frames_become_commands_in_any_order_of_keys() {
        let room = RoomId::parse("kitchen").unwrap();
        for frame in [
            r#"{"type":"join","data":{"room":"kitchen"}}"#,
            r#"{"data":{"room":"kitchen"},"type":"join"}"#,
            r#"{"type":"join","data":{"room":"kitchen","since":null}}"#,
        ] {
            let command = Request::Hub(Command::Join { room: room.clone(), mode: JoinMode::Recover(None) });
            assert_eq!(decode(frame, &Scope::Anything).unwrap(), command, "{frame}");
        }
    }

    #[test]
    fn an_error_has_a_code_and_names_the_field() {
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
            (
                r#"{"data":{"room":"a","since":{"epoch":1}},"type":"join"}"#,
                ErrorCode::BadFrame,
                Some("since.seq"),
            ),
            (r#"["join",{"room":"a"}]"#, ErrorCode::BadFrame, Some("type")),
            (r#"{"type":"join","data":["a"]}"#, ErrorCode::BadFrame, Some("data")),
            (r#"{"type":"join","data":{"room":"a","since":[1,2]}}"#, ErrorCode::BadFrame, Some("since")),
            (r#"{"type":"simulate","data":[]}"#, ErrorCode::BadFrame, Some("data")),
            (r#"["broadcast",{"room":"a","event":"e","data":1}]"#, ErrorCode::BadFrame, Some("type")),
            (r#"{"type":"ping","data":{"nonce":1,"more":2}}"#, ErrorCode::BadFrame, Some("more")),
        ] {
            let (found, named, _) = refused(frame);
            assert_eq!((found, named.as_deref()), (code, field), "{frame}");
        }
        let (_, _, failure) =
            refused(&format!(r#"{{"type":"post","data":{{"room":"a","draft":"{draft}","body":3}}}}"#));
        assert_eq!(failure.room, RoomId::parse("a").ok());
        assert_eq!(failure.draft.map(|it| it.to_string()).as_deref(), Some(draft));
        assert_eq!(failure.error.to_string(), "body: must be a text");
    }

    #[test]
    fn every_client_frame_is_listed() {
        // `common::read` distinguishes unknown types by this list; serde's own list is the reference.
        assert_eq!(super::super::golden::known::<ClientFrame>(), CLIENT_TYPES);
    }
}
