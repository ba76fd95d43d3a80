//! Socket.IO dialect: protocol 5 over Engine.IO protocol 4, by WebSocket from the start. The peers' events, or those of our
//! gateway (`docs/DIALECTS.md`).

use super::interface::{Dialect, Heard};

/// Engine.IO: `0` opens, `2` pings, `3` pongs, `4` is a message. Socket.IO in it: `0` connects, `2` is an event, `4` is a
/// connection refused.
pub(super) struct SocketIo {
    join: &'static str,
    joined: &'static str,
    broadcast: &'static str,
    room: &'static str,
    /// A key before the body, where the event has a name of its own.
    event: &'static str,
    shows_token: bool,
}

impl SocketIo {
    pub(super) const fn of_peers() -> Self {
        Self { join: "join", joined: "joined", broadcast: "msg", room: "room", event: "", shows_token: false }
    }

    pub(super) const fn of_hubbub() -> Self {
        Self {
            join: "join-chat-room",
            joined: "chat-room-history",
            broadcast: "broadcast",
            room: "roomId",
            event: r#""event":"bench","#,
            shows_token: true,
        }
    }
}

impl Dialect for SocketIo {
    fn path(&self, _token: &str) -> String {
        "/socket.io/?EIO=4&transport=websocket".to_owned()
    }

    fn opens_at_once(&self) -> bool {
        false
    }

    fn join(&self, room: &str, _since: Option<&str>) -> String {
        format!(r#"42["{}","{room}"]"#, self.join)
    }

    fn leave(&self, _room: &str) -> Option<String> {
        None
    }

    fn broadcast(&self, room: &str, body: &str) -> String {
        let Self { broadcast, room: key, event, .. } = self;
        format!(r#"42["{broadcast}",{{"{key}":"{room}",{event}"data":"{body}"}}]"#)
    }

    fn post(&self, _room: &str, _number: u64, _body: &str) -> Option<String> {
        None
    }

    fn hear(&self, text: &[u8], token: &str) -> Heard {
        match text {
            [b'0', ..] if self.shows_token => Heard::Answer(format!(r#"40{{"token":"{token}"}}"#)),
            [b'0', ..] => Heard::Answer("40".to_owned()),
            [b'2'] => Heard::Answer("3".to_owned()),
            [b'4', b'0', ..] => Heard::Open,
            [b'4', b'4', ..] => Heard::Refused,
            [b'4', b'2', b'[', b'"', name @ ..] if name.starts_with(self.joined.as_bytes()) => Heard::Joined,
            [b'4', b'2', b'[', b'"', name @ ..] if name.starts_with(b"error\"") => Heard::Refused,
            _ => Heard::Other,
        }
    }
}
