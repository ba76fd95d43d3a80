//! Errors of events: why an event was not executed, as an acknowledgement or an `error` event.

use hub::CommandError;
use protocol::{ErrorCode, ErrorData, RoomId};
use serde::Serialize;

use crate::dialect::common::error_body;

/// What clients call some of the hub's fields. All vocabularies agree on it: only Talim's clients post.
const NAMES: [(&str, &str); 3] = [("body", "content"), ("room", "roomId"), ("message", "messageId")];

/// An error, as clients of all vocabularies receive it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventError {
    code: ErrorCode,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<RoomId>,
    #[serde(rename = "retry_after_ms", skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

impl From<&CommandError> for EventError {
    fn from(failure: &CommandError) -> Self {
        let (message, ErrorData { code, field, retry_after_ms, .. }) = error_body(failure, &NAMES);
        Self { code, message, field, room_id: failure.room.clone(), retry_after_ms }
    }
}
