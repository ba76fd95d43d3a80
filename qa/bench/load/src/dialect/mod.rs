//! Dialects: how to connect to each kind of server, join and send, and what the texts mean that carry no stamp.

mod hubbub;
mod plain;
mod socketio;

use memchr::memmem;

use crate::failed::Failed;

/// What a text without a stamp means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The connection is open; now it may join.
    Open,
    /// It has joined.
    Joined,
    /// It wants to hear this.
    Answer(String),
    /// The message of this number is stored.
    Stored(u64),
    /// It said no.
    Refused,
    /// Nothing that matters here.
    Other,
}

pub(crate) trait Dialect {
    /// Where the WebSocket is, with what proves who comes.
    fn path(&self, token: &str) -> String;

    /// Whether joining may begin with the answer to the handshake.
    fn opens_at_once(&self) -> bool;

    /// Joins, from `since` on if the dialect knows that and somebody comes back.
    fn join(&self, room: &str, since: Option<&str>) -> String;

    /// Leaves; `None` where there is no such word.
    fn leave(&self, room: &str) -> Option<String>;

    /// Something fleeting to everybody in the room.
    fn broadcast(&self, room: &str, body: &str) -> String;

    /// Something that is stored and acknowledged; `None` where there is no such word.
    fn post(&self, room: &str, number: u64, body: &str) -> Option<String>;

    fn hear(&self, text: &[u8], token: &str) -> Heard;

    /// From where to go on after a loss, out of the answer to a join.
    fn position(&self, _joined: &[u8]) -> Option<String> {
        None
    }

    /// Whether the answer to a join says that nothing was missed.
    fn is_recovered(&self, _joined: &[u8]) -> bool {
        false
    }
}

/// The dialect of this name.
pub(crate) fn of(name: &str) -> Result<Box<dyn Dialect>, Failed> {
    match name {
        "hubbub" => Ok(Box::new(hubbub::Native::new())),
        "hubbub-socketio" => Ok(Box::new(socketio::SocketIo::of_hubbub())),
        "plain" => Ok(Box::new(plain::Plain)),
        "socketio" => Ok(Box::new(socketio::SocketIo::of_peers())),
        other => Err(Failed::Usage(format!(
            "there is no target `{other}`: hubbub, hubbub-socketio, plain and socketio are known"
        ))),
    }
}

/// What is in `text` between these two.
fn between<'a>(text: &'a [u8], before: &str, after: &str) -> Option<&'a [u8]> {
    let start = memmem::find(text, before.as_bytes())? + before.len();
    let rest = text.get(start..)?;
    rest.get(..memmem::find(rest, after.as_bytes())?)
}
