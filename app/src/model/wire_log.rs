//! The frames of the wire, for the devtools page.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::json::from_text;
use serde_json::Value;
use serde_lite::Deserialize;

/// Frames that the log keeps; the oldest go first.
pub const MAX_FRAMES: usize = 1_000;

/// Bytes of text that the log keeps, so that a thousand long frames do not fill the tab's memory.
const MAX_TEXT_BYTES: usize = 8 * 1024 * 1024;

/// Which way a frame went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the server.
    In,
    /// To the server.
    Out,
}

impl Direction {
    /// The word beside the arrow.
    pub fn word(self) -> &'static str {
        match self {
            Self::In => "received",
            Self::Out => "sent",
        }
    }
}

/// One frame as it crossed the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireFrame {
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Which way.
    pub direction: Direction,
    /// Its `type`; `unreadable` for something that is no frame.
    pub kind: String,
    /// Bytes of UTF-8.
    pub size: usize,
    /// The text. Tokens are masked.
    pub text: String,
}

impl WireFrame {
    /// Characters of a frame that a row of the table shows; a shortened UUID counts as one.
    pub const EXCERPT_CHARS: usize = 80;

    /// A frame with this text. Without a `kind` it is read from the text.
    pub fn new(at_ms: i64, direction: Direction, kind: &str, text: String) -> Self {
        let kind = if kind.is_empty() {
            kind_in(&text).unwrap_or_else(|| "unreadable".to_owned())
        } else {
            kind.to_owned()
        };
        Self { at_ms, direction, kind, size: text.len(), text }
    }

    /// The beginning of what the frame says: without its type, which has a column of its own, and with UUIDs cut to
    /// their first eight digits, so that something is left of 80 characters.
    pub fn excerpt(&self) -> String {
        let head = format!("{{\"type\":\"{}\",", self.kind);
        let said = self.text.strip_prefix(&head).map_or(self.text.as_str(), |rest| {
            let rest = rest.strip_suffix('}').unwrap_or(rest);
            rest.strip_prefix("\"data\":").unwrap_or(rest)
        });
        let mut excerpt = String::new();
        let mut rest = said;
        for _ in 0..Self::EXCERPT_CHARS {
            if let Some((id, after)) = rest.split_at_checked(UUID_CHARS)
                && is_uuid(id)
            {
                excerpt.extend(id.chars().take(8));
                excerpt.push('…');
                rest = after;
            }
            let mut chars = rest.chars();
            let Some(next) = chars.next() else { return excerpt };
            excerpt.push(next);
            rest = chars.as_str();
        }
        if !rest.is_empty() {
            excerpt.push('…');
        }
        excerpt
    }

    /// The text with one fact a line, if it is JSON; else as it is.
    pub fn pretty(&self) -> String {
        serde_json::from_str::<Value>(&self.text)
            .and_then(|value| serde_json::to_string_pretty(&value))
            .unwrap_or_else(|_| self.text.clone())
    }

    /// The time of day to the millisecond, where clocks are `offset_ms` ahead of UTC.
    pub fn time(&self, offset_ms: i64) -> String {
        let ms = (self.at_ms + offset_ms).rem_euclid(86_400_000);
        let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
        format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}", ms % 1_000)
    }

    fn fits(&self, filter: &Filter) -> bool {
        let needle = filter.text.trim().to_lowercase();
        filter.direction.is_none_or(|only| only == self.direction)
            && (needle.is_empty()
                || self.kind.to_lowercase().contains(&needle)
                || self.text.to_lowercase().contains(&needle))
    }
}

/// Characters of a UUID in its usual spelling.
const UUID_CHARS: usize = 36;

fn is_uuid(text: &str) -> bool {
    let dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    text.bytes().enumerate().all(|(at, byte)| if dash(at) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

/// Which frames to show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// A part of the type or the text, in any case; empty for all.
    pub text: String,
    /// One direction only.
    pub direction: Option<Direction>,
}

/// A frame with its number, which never changes while the log lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Counts up from 1.
    pub number: u64,
    /// The frame. Counted, because a page lists a thousand of them again and again.
    pub frame: Arc<WireFrame>,
}

/// The newest frames.
#[derive(Debug, Clone, Default)]
pub struct WireLog {
    entries: VecDeque<Entry>,
    bytes: usize,
    taken: u64,
    paused: bool,
    missed: u64,
}

impl WireLog {
    /// Takes a frame, unless paused.
    pub fn push(&mut self, frame: WireFrame) {
        if self.paused {
            self.missed += 1;
            return;
        }
        self.taken += 1;
        self.bytes += frame.text.len();
        self.entries.push_back(Entry { number: self.taken, frame: Arc::new(frame) });
        while self.entries.len() > MAX_FRAMES || (self.bytes > MAX_TEXT_BYTES && self.entries.len() > 1) {
            if let Some(oldest) = self.entries.pop_front() {
                self.bytes -= oldest.frame.text.len();
            }
        }
    }

    /// Whether frames pass by unrecorded.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// How many passed by in this pause.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Stops or resumes recording.
    pub fn pause(&mut self, paused: bool) {
        self.paused = paused;
        self.missed = 0;
    }

    /// Forgets all frames.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Those that the filter lets through, oldest first.
    pub fn shown(&self, filter: &Filter) -> Vec<Entry> {
        self.entries.iter().filter(|entry| entry.frame.fits(filter)).cloned().collect()
    }

    /// The frame with this number, if it is still kept.
    pub fn get(&self, number: u64) -> Option<&Entry> {
        let at = self.entries.binary_search_by_key(&number, |entry| entry.number).ok()?;
        self.entries.get(at)
    }

    /// The frames that the filter lets through as JSON, one a line.
    pub fn json_lines(&self, filter: &Filter) -> String {
        let mut lines = String::new();
        for Entry { frame, .. } in self.entries.iter().filter(|entry| entry.frame.fits(filter)) {
            // A frame that is no JSON is copied as a JSON text.
            let text = serde_json::from_str::<Value>(&frame.text)
                .unwrap_or_else(|_| Value::String(frame.text.clone()));
            let line = serde_json::json!({
                "at_ms": frame.at_ms,
                "direction": frame.direction.word(),
                "type": frame.kind,
                "size": frame.size,
                "frame": text,
            });
            lines.push_str(&line.to_string());
            lines.push('\n');
        }
        lines
    }
}

fn kind_in(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Frame {
        #[serde(rename = "type")]
        kind: String,
    }
    from_text::<Frame>(text).ok().map(|frame| frame.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(direction: Direction, text: &str) -> WireFrame {
        WireFrame::new(0, direction, "", text.to_owned())
    }

    #[test]
    fn a_frame_knows_its_type_or_that_it_has_none() {
        assert_eq!(frame(Direction::In, r#"{"type":"pong","data":{"nonce":1}}"#).kind, "pong");
        assert_eq!(frame(Direction::In, "hello").kind, "unreadable");
        assert_eq!(WireFrame::new(0, Direction::In, "closed", "bye".into()).kind, "closed");
    }

    #[test]
    fn a_frame_tells_the_time_of_day() {
        let frame = WireFrame::new(1_795_261_384_056, Direction::In, "", String::new());
        assert_eq!(frame.time(0), "11:43:04.056");
        assert_eq!(frame.time(-12 * 3_600_000), "23:43:04.056");
    }

    #[test]
    fn an_excerpt_is_eighty_characters_of_any_script() {
        let long = frame(Direction::In, &"ä".repeat(90));
        assert_eq!(long.excerpt().chars().count(), 81);
        assert_eq!(long.size, 180);
        assert_eq!(frame(Direction::In, "short").excerpt(), "short");
    }

    #[test]
    fn an_excerpt_spends_no_characters_on_what_is_known() {
        let text = r#"{"type":"progress","data":{"run":"01a1fe1c-96e8-715c-bb1f-3ebfbc049a29","step":1}}"#;
        assert_eq!(frame(Direction::In, text).excerpt(), r#"{"run":"01a1fe1c…","step":1}"#);
        let error = r#"{"type":"error","message":"No","data":{"code":"invalid"}}"#;
        assert_eq!(frame(Direction::In, error).excerpt(), r#""message":"No","data":{"code":"invalid"}"#);
    }

    #[test]
    fn the_log_keeps_the_newest_thousand() {
        let mut log = WireLog::default();
        for number in 0..1_500 {
            log.push(frame(Direction::In, &format!("{{\"type\":\"t\",\"data\":{number}}}")));
        }
        assert_eq!(log.len(), 1_000);
        assert!(log.get(500).is_none());
        assert_eq!(log.get(501).unwrap().frame.text, r#"{"type":"t","data":500}"#);
        assert_eq!(log.shown(&Filter::default()).len(), 1_000);
    }

    #[test]
    fn long_frames_push_out_more() {
        let mut log = WireLog::default();
        for _ in 0..20 {
            log.push(frame(Direction::In, &"x".repeat(1024 * 1024)));
        }
        assert_eq!(log.len(), 8);
    }

    #[test]
    fn a_filter_looks_at_direction_type_and_text() {
        let mut log = WireLog::default();
        log.push(frame(Direction::Out, r#"{"type":"ping","data":{"nonce":1}}"#));
        log.push(frame(Direction::In, r#"{"type":"pong","data":{"nonce":1}}"#));
        log.push(frame(Direction::In, r#"{"type":"message","data":{"body":"Ping pong?"}}"#));
        let count = |text: &str, direction| log.shown(&Filter { text: text.into(), direction }).len();
        assert_eq!(count("", None), 3);
        assert_eq!(count(" PING ", None), 2);
        assert_eq!(count("ping", Some(Direction::In)), 1);
        assert_eq!(count("nothing", None), 0);
    }

    #[test]
    fn a_pause_lets_frames_pass_and_counts_them() {
        let mut log = WireLog::default();
        log.pause(true);
        log.push(frame(Direction::In, "{}"));
        assert_eq!((log.len(), log.missed()), (0, 1));
        log.pause(false);
        log.push(frame(Direction::In, "{}"));
        assert_eq!((log.len(), log.missed()), (1, 0));
    }

    #[test]
    fn copying_gives_one_json_object_a_line() {
        let mut log = WireLog::default();
        log.push(frame(Direction::Out, r#"{"type":"ping","data":{"nonce":1}}"#));
        log.push(frame(Direction::In, "not json"));
        let text = log.json_lines(&Filter::default());
        let lines: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        assert_eq!(lines[0]["frame"]["type"], "ping");
        assert_eq!(lines[1]["frame"], "not json");
        assert_eq!(lines[1]["direction"], "received");
    }
}
