//! Golden: the values and helpers of the dialects' golden tests.

use std::sync::Arc;

use hub::model::{Message, User};
use hub::{Event, Stamp};
use protocol::{Cursor, DraftId, ErrorCode, MessageId, MessageKind, RoomId, UserId, Welcome};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{Dialect, Request, Scope};

/// 2026-09-21T14:13:20.120Z
pub(super) const AT_MS: i64 = 1_790_000_000_120;

pub(super) fn stamp() -> Stamp {
    Stamp { at_ms: AT_MS, server: "test".into() }
}

pub(super) fn room() -> RoomId {
    RoomId::parse("kitchen").unwrap()
}

pub(super) fn ann() -> UserId {
    UserId::parse("ann-id").unwrap()
}

pub(super) fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub(super) fn welcome() -> Event {
    let (user, name, server) = (ann(), "ann".to_owned(), "test".to_owned());
    Event::Welcome(Welcome { user, name, server, heartbeat_ms: 25_000, expires_in_ms: 1 }, stamp())
}

pub(super) fn message(body: &str) -> Message {
    let author = User {
        id: ann(),
        username: "ann".to_owned(),
        email: "ann@example.org".to_owned(),
        is_active: true,
        created_at_ms: 0,
    };
    Message {
        room: room(),
        cursor: Cursor { epoch: 7, seq: 3 },
        id: MessageId(uuid(1)),
        author: Arc::new(author),
        draft: DraftId(uuid(2)),
        body: body.into(),
        at_ms: AT_MS,
        parent: None,
        kind: MessageKind::Text,
        state: None,
    }
}

impl Dialect {
    /// The event as text; `None` where the dialect has no frame for it.
    pub(super) fn encode_text(&self, event: &Event) -> Option<String> {
        (self.encoder.encode)(event).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    pub(super) fn decode_text(&self, frame: &str, scope: &Scope) -> Request {
        (self.decode)(frame, scope).unwrap_or_else(|failure| panic!("{failure:?}: {frame}"))
    }

    /// The code and the field of the error of a frame.
    pub(super) fn decode_error(&self, frame: &str, scope: &Scope) -> (ErrorCode, Option<String>) {
        let failure = (self.decode)(frame, scope).unwrap_err();
        (failure.error.code(), failure.error.field().map(str::to_owned))
    }
}

/// The names of the frames that a client may send, as serde lists them when it meets another.
pub(super) fn known<F: DeserializeOwned>() -> Vec<String> {
    let error = serde_json::from_str::<F>(r#"{"type":"?","data":{}}"#).err().unwrap().to_string();
    error.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}
