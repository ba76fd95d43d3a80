//! The vocabularies that share the door of Socket.IO. A connection does not say which one it speaks, and their words do
//! not collide, so each is tried in turn.

use bytes::Bytes;
use hub::{Event, Refusal, Spelling};
use serde_json::Value;

use super::packet::socket_event;
use super::{Request, Wish, mockverse, talim};

/// Two pure functions.
struct Vocabulary {
    /// Reads an event by its name and first argument; `None` where there is no such word.
    decode: fn(&str, &Value) -> Option<Wish>,
    /// Writes an event; `None` where there is no word for it.
    encode: fn(&Event) -> Option<Bytes>,
}

/// Every vocabulary of Socket.IO there is.
static VOCABULARIES: [Vocabulary; 2] = [
    Vocabulary { decode: talim::decode, encode: talim::encode },
    Vocabulary { decode: |_, _| None, encode: mockverse::encode },
];

/// How events are written: as Socket.IO packets of the main namespace, in full. `expiring` belongs to the door, as
/// `authenticate` does.
pub const SPELLING: Spelling = Spelling::new(5, encode);

fn encode(event: &Event) -> Option<Bytes> {
    if let Event::Expiring(expiry) = event {
        return socket_event("expiring", expiry);
    }
    VOCABULARIES.iter().find_map(|vocabulary| (vocabulary.encode)(event))
}

/// Reads an event by its name and first argument. `authenticate {token}` renews the sign-in, as on raw sockets.
///
/// # Errors
/// A refusal in words.
pub fn decode(name: &str, data: &Value) -> Wish {
    if name == "authenticate" {
        let token = data.as_str().or_else(|| data.get("token").and_then(Value::as_str));
        let token = token.ok_or_else(|| super::words::misshapen("token", "is missing"))?;
        return Ok(Request::Authenticate(token.to_owned()));
    }
    let known = VOCABULARIES.iter().find_map(|vocabulary| (vocabulary.decode)(name, data));
    known.unwrap_or_else(|| Err(Box::new(Refusal::UnknownType(name.chars().take(64).collect()).into())))
}
