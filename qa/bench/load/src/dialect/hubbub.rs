//! Native dialect, `docs/PROTOCOL.md`.

use memchr::memmem;

use super::interface::{Dialect, Heard, between};
use crate::clock::now;
use crate::payload_stamp::hex;

pub(super) struct Native {
    /// The first part of all draft ids, so that two runs against one server do not meet.
    run: u64,
}

impl Native {
    pub(super) fn new() -> Self {
        Self { run: (now() ^ u64::from(std::process::id())) & 0xFFFF_FFFF }
    }
}

impl Dialect for Native {
    fn path(&self, token: &str) -> String {
        format!("/api/v1/ws?token={token}")
    }

    fn opens_at_once(&self) -> bool {
        true
    }

    fn join(&self, room: &str, since: Option<&str>) -> String {
        let since = since.map(|cursor| format!(r#","since":{cursor}"#)).unwrap_or_default();
        format!(r#"{{"type":"join","data":{{"room":"{room}"{since}}}}}"#)
    }

    fn leave(&self, room: &str) -> Option<String> {
        Some(format!(r#"{{"type":"leave","data":{{"room":"{room}"}}}}"#))
    }

    fn broadcast(&self, room: &str, body: &str) -> String {
        format!(r#"{{"type":"broadcast","data":{{"room":"{room}","event":"bench","data":"{body}"}}}}"#)
    }

    fn post(&self, room: &str, number: u64, body: &str) -> Option<String> {
        let draft = format_args!("{:08x}-0000-4000-8000-{number:012x}", self.run);
        Some(format!(r#"{{"type":"post","data":{{"room":"{room}","draft":"{draft}","body":"{body}"}}}}"#))
    }

    fn hear(&self, text: &[u8], _token: &str) -> Heard {
        if text.starts_with(br#"{"type":"posted""#) {
            let draft = between(text, r#""draft":""#, "\"");
            let number = draft.and_then(|id| id.last_chunk::<12>()).and_then(|digits| hex(digits));
            number.map_or(Heard::Other, Heard::Stored)
        } else if text.starts_with(br#"{"type":"joined""#) {
            Heard::Joined
        } else if text.starts_with(br#"{"type":"error""#) {
            Heard::Refused
        } else {
            Heard::Other
        }
    }

    fn position(&self, joined: &[u8]) -> Option<String> {
        let head = between(joined, r#""head":{"#, "}")?;
        Some(format!("{{{}}}", std::str::from_utf8(head).ok()?))
    }

    fn is_recovered(&self, joined: &[u8]) -> bool {
        memmem::find(joined, br#""recovered":true"#).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_the_message_that_was_posted() {
        let native = Native::new();
        let said = native.post("kitchen", 0xBEEF, "hello").unwrap();
        let draft = between(said.as_bytes(), r#""draft":""#, "\"").unwrap();
        let draft = std::str::from_utf8(draft).unwrap();
        let answer =
            format!(r#"{{"type":"posted","data":{{"room":"kitchen","draft":"{draft}","at_ms":1}}}}"#);
        assert_eq!(native.hear(answer.as_bytes(), ""), Heard::Stored(0xBEEF));
    }

    #[test]
    fn who_comes_back_says_how_far_it_was() {
        let native = Native::new();
        let joined = br#"{"type":"joined","data":{"room":"a","head":{"epoch":7,"seq":42},"recovered":true}}"#;
        let position = native.position(joined).unwrap();
        assert_eq!(
            native.join("a", Some(&position)),
            r#"{"type":"join","data":{"room":"a","since":{"epoch":7,"seq":42}}}"#
        );
        assert!(native.is_recovered(joined));
        assert_eq!(native.hear(joined, ""), Heard::Joined);
    }
}
