//! Plain dialect: JSON over a bare WebSocket, as the peers in `qa/bench/peers/` use it.

use super::interface::{Dialect, Heard};

pub(super) struct Plain;

impl Dialect for Plain {
    fn path(&self, _token: &str) -> String {
        "/ws".to_owned()
    }

    fn opens_at_once(&self) -> bool {
        true
    }

    fn join(&self, room: &str, _since: Option<&str>) -> String {
        format!(r#"{{"type":"join","room":"{room}"}}"#)
    }

    fn leave(&self, _room: &str) -> Option<String> {
        None
    }

    fn broadcast(&self, room: &str, body: &str) -> String {
        format!(r#"{{"type":"msg","room":"{room}","data":"{body}"}}"#)
    }

    fn post(&self, _room: &str, _number: u64, _body: &str) -> Option<String> {
        None
    }

    fn hear(&self, text: &[u8], _token: &str) -> Heard {
        if text.starts_with(br#"{"type":"joined""#) { Heard::Joined } else { Heard::Other }
    }
}
