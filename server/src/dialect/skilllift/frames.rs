//! Frames of SkillLift's server, and the shape of a message in them.

use bytes::Bytes;
use hub::model::Message;
use protocol::{MessageId, MessageKind, RoomId, UserId};
use serde::Serialize;

use crate::clock::rfc3339;
use crate::dialect::common;

/// A frame of the server.
#[derive(Serialize)]
struct ServerFrame<'a, P: Serialize> {
    #[serde(rename = "type")]
    kind: &'a str,
    payload: P,
}

pub(super) fn server_frame(kind: &str, payload: impl Serialize) -> Option<Bytes> {
    common::frame(&ServerFrame { kind, payload })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChatMessage<'a> {
    message_id: MessageId,
    room_id: &'a RoomId,
    user_id: &'a UserId,
    user_name: &'a str,
    message: &'a str,
    message_type: &'a MessageKind,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
}

impl<'a> From<&'a Message> for ChatMessage<'a> {
    fn from(it: &'a Message) -> Self {
        let state = it.state.as_deref();
        Self {
            message_id: it.id,
            room_id: &it.room,
            user_id: &it.author.id,
            user_name: &it.author.username,
            message: &it.body,
            message_type: &it.kind,
            timestamp: rfc3339(it.at_ms),
            edited_at: state.and_then(|state| state.edited_at_ms).map(rfc3339),
            deleted_at: state.and_then(|state| state.deleted_at_ms).map(rfc3339),
        }
    }
}
