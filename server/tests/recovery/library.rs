//! Socket.IO library: what it keeps in order to recover, and how it reads packets.

use serde_json::{Value, json};

/// Where it connects.
pub(crate) const PATH: &str = "/socket.io/?EIO=4&transport=websocket";

#[derive(Default)]
pub(crate) struct Library {
    /// The identifiers that the server gave.
    sid: String,
    pid: String,
    /// The last text behind an event.
    offset: String,
    /// Whether it connected under the identifier that it had before.
    is_back: bool,
}

/// A packet: its types in Engine.IO and Socket.IO, the number of its acknowledgement, its data.
pub(crate) struct Packet {
    pub(crate) kind: String,
    pub(crate) number: Option<usize>,
    pub(crate) data: Value,
}

impl Library {
    /// The CONNECT, with the offset of the client if it was connected before.
    pub(crate) fn connect(&self, token: &str) -> String {
        let mut auth = json!({ "token": token });
        if !self.sid.is_empty() {
            auth = json!({ "token": token, "pid": self.pid, "offset": self.offset });
        }
        format!("40{auth}")
    }

    /// Whether its latest connect was a recovery.
    pub(crate) fn is_back(&self) -> bool {
        self.is_back
    }

    pub(crate) fn take(&mut self, text: &str) -> Packet {
        let (kind, rest) = text.split_at(text.len().min(2));
        let body = rest.trim_start_matches(|it: char| it.is_ascii_digit());
        let number = rest.strip_suffix(body).and_then(|number| number.parse().ok());
        let data: Value = serde_json::from_str(body).unwrap_or_default();
        let said = |key: &str| data[key].as_str().unwrap().to_owned();
        if kind == "40" {
            let before = std::mem::replace(&mut self.sid, said("sid"));
            self.pid = said("pid");
            self.is_back = self.sid == before;
            assert!(self.is_back || before.is_empty(), "not recovered: {text}");
        }
        if let Some(offset) = data.as_array().filter(|_| kind == "42").and_then(|it| it.last()?.as_str()) {
            offset.clone_into(&mut self.offset);
        }
        Packet { kind: kind.to_owned(), number, data }
    }
}
