//! Socket.IO: the vocabularies that share its gateway, and what they have in common: acknowledgements, errors, refused
//! connections.
//!
//! A connection does not say which vocabulary it speaks, so each is tried in order: the first that decodes or encodes an event
//! does so for all connections. The names of their events do not collide.

mod ack;
mod connect_error;
mod error;
pub(super) mod packet;

pub use ack::{Acknowledged, acknowledgement};
pub use connect_error::{
    handshake_queue_full, invalid_namespace, invalid_resume, not_attached, not_authenticated,
    too_many_handshakes,
};
pub use packet::with_offset;

use bytes::Bytes;
use hub::store::InboxKind;
use hub::{Broadcast, ChangeFrames, Command, Encoder, Event, HubError, Stamp};
use protocol::{RawJson, RoomId, UserId, Welcome};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::error::EventError;
use self::packet::socket_event;
use super::common::{field_error, misread_value, unknown_type};
use super::{Decoded, Request, mockverse, size, talim};
use crate::json;

/// The decoder and the encoder of an application's events.
struct Vocabulary {
    /// Decodes an event by its name and first argument; `None` where it has no such event.
    decode: fn(&str, &Value) -> Option<Decoded>,
    /// Encodes an event; `None` where it has no name for it.
    encode: fn(&Event) -> Option<Bytes>,
}

/// All vocabularies.
static VOCABULARIES: [Vocabulary; 2] = [
    Vocabulary { decode: talim::decode, encode: talim::encode },
    Vocabulary { decode: |_, _| None, encode: mockverse::encode },
];

/// The events that carry a text or values of the application.
const CARRIERS: [&str; 3] = ["broadcast", "send-chat-message", "edit-chat-message"];

/// Encodes events as complete Socket.IO packets of the main namespace. `expiring`, `broadcast` and `error` are common to all
/// vocabularies, as `authenticate` is.
pub const ENCODER: Encoder = Encoder {
    settles: &[InboxKind::Job, InboxKind::Notification],
    changes: ChangeFrames::Changes,
    ..Encoder::new(5, encode)
};

fn encode(event: &Event) -> Option<Bytes> {
    match event {
        Event::Expiring(expiry) => socket_event("expiring", expiry),
        Event::Broadcast(sent) => broadcast(sent),
        Event::Failed(failure) => socket_event("error", &EventError::from(failure)),
        event => VOCABULARIES.iter().find_map(|vocabulary| (vocabulary.encode)(event)),
    }
}

/// The first event of a connection. It names the socket, which the hub does not know.
pub fn welcome(welcome: &Welcome, socket_id: &str, stamp: &Stamp) -> Option<Bytes> {
    mockverse::welcome(welcome, socket_id, stamp)
}

fn broadcast(Broadcast { room, user, event, data }: &Broadcast) -> Option<Bytes> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Outgoing<'a> {
        room_id: &'a RoomId,
        user_id: &'a UserId,
        event: &'a str,
        data: &'a RawJson,
    }
    socket_event("broadcast", &Outgoing { room_id: room, user_id: user, event, data })
}

/// Decodes an event by its name and the JSON of its first argument. `authenticate {token}` renews the sign-in, as on raw
/// sockets.
///
/// # Errors
/// What is wrong with it, with the field where it can be named.
pub fn decode(name: &str, data: &str) -> Decoded {
    if name == "broadcast" {
        return read_broadcast(data);
    }
    // Undecodable JSON (e.g. too deeply nested) is treated as null.
    let data = &json::parse(data).unwrap_or_default();
    if name == "authenticate" {
        let token = data.as_str().or_else(|| data.get("token").and_then(Value::as_str));
        let token = token.ok_or_else(|| field_error("token", "is missing"))?;
        return Ok(Request::Authenticate { token: token.to_owned(), inbox: None });
    }
    let decoded = VOCABULARIES.iter().find_map(|vocabulary| (vocabulary.decode)(name, data));
    decoded.unwrap_or_else(|| Err(Box::new(unknown_type(name).into())))
}

/// How many bytes the arguments of an event may have, by its name. `message_bytes`: how long a text may be.
pub fn most_bytes(name: &str, message_bytes: usize) -> usize {
    size::most_bytes(Some(name), &CARRIERS, message_bytes)
}

/// The error of an event with bytes in it: no other dialect has frames for them.
pub fn binary_event() -> HubError {
    HubError::Invalid { field: "data", message: "must be JSON without bytes".to_owned() }
}

fn read_broadcast(data: &str) -> Decoded {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Incoming {
        room_id: RoomId,
        event: String,
        data: RawJson,
    }
    let read = json::read::<Incoming>(data).map_err(|misread| misread_value(&misread))?;
    let Incoming { room_id: room, event, data } = read;
    Ok(Request::Hub(Command::Broadcast { room, event, data }))
}
