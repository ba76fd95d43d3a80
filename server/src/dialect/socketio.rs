//! The vocabularies that share the door of Socket.IO. A connection does not say which one it speaks, and their words do
//! not collide, so each is tried in turn.

use bytes::Bytes;
use hub::store::InboxKind;
use hub::{Broadcast, Command, Encoder, Event, HubError};
use protocol::{RawJson, RoomId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::common::{misread_value, misshapen};
use super::packet::socket_event;
use super::{Decoded, Request, mockverse, size, talim};
use crate::json;

/// Two pure functions.
struct Vocabulary {
    /// Reads an event by its name and first argument; `None` where there is no such word.
    decode: fn(&str, &Value) -> Option<Decoded>,
    /// Writes an event; `None` where there is no word for it.
    encode: fn(&Event) -> Option<Bytes>,
}

/// Every vocabulary of Socket.IO there is.
static VOCABULARIES: [Vocabulary; 2] = [
    Vocabulary { decode: talim::decode, encode: talim::encode },
    Vocabulary { decode: |_, _| None, encode: mockverse::encode },
];

/// The events that carry a text or values of the application.
const CARRIERS: [&str; 2] = ["broadcast", "send-chat-message"];

/// How events are written: as Socket.IO packets of the main namespace, in full. `expiring` and `broadcast` belong to the
/// door, as `authenticate` does: no vocabulary has them for itself.
pub const SPELLING: Encoder =
    Encoder { settles: &[InboxKind::Job, InboxKind::Notification], ..Encoder::new(5, encode) };

fn encode(event: &Event) -> Option<Bytes> {
    match event {
        Event::Expiring(expiry) => socket_event("expiring", expiry),
        Event::Broadcast(said) => broadcast(said),
        event => VOCABULARIES.iter().find_map(|vocabulary| (vocabulary.encode)(event)),
    }
}

fn broadcast(Broadcast { room, user, event, data }: &Broadcast) -> Option<Bytes> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Said<'a> {
        room_id: &'a RoomId,
        user_id: &'a UserId,
        event: &'a str,
        data: &'a RawJson,
    }
    socket_event("broadcast", &Said { room_id: room, user_id: user, event, data })
}

/// Reads an event by its name and the JSON of its first argument. `authenticate {token}` renews the sign-in, as on raw
/// sockets.
///
/// # Errors
/// A refusal in words.
pub fn decode(name: &str, data: &str) -> Decoded {
    if name == "broadcast" {
        return read_broadcast(data);
    }
    // What cannot be read, such as lists in lists in lists, is as good as nothing.
    let data = &json::parse(data).unwrap_or_default();
    if name == "authenticate" {
        let token = data.as_str().or_else(|| data.get("token").and_then(Value::as_str));
        let token = token.ok_or_else(|| misshapen("token", "is missing"))?;
        return Ok(Request::Authenticate { token: token.to_owned(), inbox: None });
    }
    let known = VOCABULARIES.iter().find_map(|vocabulary| (vocabulary.decode)(name, data));
    known.unwrap_or_else(|| Err(Box::new(HubError::UnknownType(name.chars().take(64).collect()).into())))
}

/// How many bytes the arguments of an event may have, by its name. `message_bytes`: how long a text may be.
pub fn most_bytes(name: &str, message_bytes: usize) -> usize {
    size::most_bytes(Some(name), &CARRIERS, message_bytes)
}

fn read_broadcast(data: &str) -> Decoded {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Said {
        room_id: RoomId,
        event: String,
        data: RawJson,
    }
    let said = json::read::<Said>(data).map_err(|misread| misread_value(&misread))?;
    let Said { room_id: room, event, data } = said;
    Ok(Request::Hub(Command::Broadcast { room, event, data }))
}
