//! What can be said about a connection after the fact: frames, close codes, refusals, when the token ends.

use protocol::{ErrorCode, ServerFrame};

use super::wire_log::{Direction, WireFrame};

/// Ends of the connection that are remembered.
const CLOSES: usize = 5;

/// See the module's description.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WireFacts {
    /// Frames that came in and were understood.
    pub frames_in: u32,
    /// Frames that went out.
    pub frames_out: u32,
    /// Frames that came in and were not understood.
    pub unreadable: u32,
    /// Frames that the server did not understand.
    pub misunderstood: u32,
    /// The close codes of the last connections, the newest last.
    pub closes: Vec<u16>,
    /// The last refusal, in the server's words.
    pub last_error: Option<String>,
    /// When the token ends, in milliseconds since 1970-01-01 UTC.
    pub token_ends_at: Option<i64>,
    /// What the server calls itself.
    pub server: Option<String>,
}

impl WireFacts {
    /// Folds in a frame as it crossed the wire.
    pub fn crossed(&mut self, frame: &WireFrame) {
        match (frame.direction, frame.kind.as_str()) {
            (Direction::Out, _) => self.frames_out += 1,
            (Direction::In, "closed") => {
                self.closes.extend(close_code(&frame.text));
                if self.closes.len() > CLOSES {
                    self.closes.remove(0);
                }
            }
            (Direction::In, "unreadable") => self.unreadable += 1,
            (Direction::In, _) => self.frames_in += 1,
        }
    }

    /// Folds in what the server said at `now`.
    pub fn heard(&mut self, frame: &ServerFrame, now: i64) {
        match frame {
            ServerFrame::Welcome { data } => {
                self.token_ends_at = Some(now.saturating_add_unsigned(data.expires_in_ms));
                self.server = Some(data.server.clone());
            }
            ServerFrame::Authenticated { data } | ServerFrame::Expiring { data } => {
                self.token_ends_at = Some(now.saturating_add_unsigned(data.expires_in_ms));
            }
            ServerFrame::Error { message, data } => {
                let is_shape = matches!(
                    data.code,
                    ErrorCode::BadJson
                        | ErrorCode::BadFrame
                        | ErrorCode::UnknownType
                        | ErrorCode::BinaryFrame
                );
                self.misunderstood += u32::from(is_shape);
                self.last_error = Some(message.clone());
            }
            _ => {}
        }
    }
}

/// The number in the connection's own words about the end of a connection.
fn close_code(text: &str) -> Option<u16> {
    text.split(|c: char| !c.is_ascii_digit()).find_map(|digits| digits.parse().ok())
}

#[cfg(test)]
mod tests {
    use protocol::{ErrorData, UserId, Welcome};

    use super::*;

    fn crossed(facts: &mut WireFacts, direction: Direction, kind: &str, text: &str) {
        facts.crossed(&WireFrame::new(0, direction, kind, text.to_owned()));
    }

    #[test]
    fn frames_are_counted_and_the_last_closes_remembered() {
        let mut facts = WireFacts::default();
        crossed(&mut facts, Direction::Out, "", r#"{"type":"ping"}"#);
        crossed(&mut facts, Direction::In, "", r#"{"type":"pong"}"#);
        crossed(&mut facts, Direction::In, "unreadable", "?");
        for code in [1006, 1006, 1012, 4008, 1006, 4401] {
            crossed(&mut facts, Direction::In, "closed", &format!("the connection was closed ({code})"));
        }
        assert_eq!((facts.frames_out, facts.frames_in, facts.unreadable), (1, 1, 1));
        assert_eq!(facts.closes, [1006, 1012, 4008, 1006, 4401]);
    }

    #[test]
    fn the_end_of_the_token_is_counted_from_when_it_was_told() {
        let mut facts = WireFacts::default();
        let data = Welcome {
            user: UserId::parse("alice").unwrap(),
            name: "alice".to_owned(),
            server: "production".to_owned(),
            heartbeat_ms: 20_000,
            expires_in_ms: 900_000,
        };
        facts.heard(&ServerFrame::Welcome { data }, 100);
        assert_eq!((facts.token_ends_at, facts.server.as_deref()), (Some(900_100), Some("production")));
    }

    #[test]
    fn only_a_wrong_shape_counts_as_misunderstood() {
        let mut facts = WireFacts::default();
        for code in [ErrorCode::BadFrame, ErrorCode::Forbidden] {
            let data = ErrorData { code, field: None, room: None, draft: None, retry_after_ms: None };
            facts.heard(&ServerFrame::Error { message: format!("{code:?}"), data }, 0);
        }
        assert_eq!((facts.misunderstood, facts.last_error.as_deref()), (1, Some("Forbidden")));
    }
}
