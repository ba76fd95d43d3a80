//! Dialect interface: what every dialect can do, and what the texts of a server mean.

use memchr::memmem;

/// What a text without a stamp means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The connection is open; now it may join.
    Open,
    /// It has joined.
    Joined,
    /// The server wants this answer.
    Answer(String),
    /// The message of this number is stored.
    Stored(u64),
    /// The server refused it.
    Refused,
    /// Nothing that matters here.
    Other,
}

pub(crate) trait Dialect {
    /// The path of the WebSocket, with the token where the dialect has it there.
    fn path(&self, token: &str) -> String;

    /// Whether joining may begin with the answer to the handshake.
    fn opens_at_once(&self) -> bool;

    /// Joins, from `since` on if the dialect knows that and the client comes back.
    fn join(&self, room: &str, since: Option<&str>) -> String;

    /// Leaves; `None` where there is no such word.
    fn leave(&self, room: &str) -> Option<String>;

    /// Something fleeting to everybody in the room.
    fn broadcast(&self, room: &str, body: &str) -> String;

    /// Something that is stored and acknowledged; `None` where there is no such word.
    fn post(&self, room: &str, number: u64, body: &str) -> Option<String>;

    fn hear(&self, text: &[u8], token: &str) -> Heard;

    /// The position to recover from after a loss, out of the answer to a join.
    fn position(&self, _joined: &[u8]) -> Option<String> {
        None
    }

    /// Whether the answer to a join reports a complete recovery.
    fn is_recovered(&self, _joined: &[u8]) -> bool {
        false
    }
}

/// What is in `text` between these two.
pub(super) fn between<'a>(text: &'a [u8], before: &str, after: &str) -> Option<&'a [u8]> {
    let start = memmem::find(text, before.as_bytes())? + before.len();
    let rest = text.get(start..)?;
    rest.get(..memmem::find(rest, after.as_bytes())?)
}
