//! Transcript: what a test sent and received, with every value masked that differs between runs.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// Values of these keys differ from run to run.
const MASKED: [&str; 20] = [
    "access_token",
    "epoch",
    "expires_in_ms",
    "jti",
    "last_seen",
    "offset",
    "pid",
    "refresh_token",
    "retry_after_ms",
    "retryAfterMs",
    "rooms",
    "seen_at_ms",
    "sid",
    "socketId",
    "ticket",
    "token",
    "elapsed_ms",
    "remaining_ms",
    "messages_per_second",
    "expiresInMs",
];

/// These differ, too, in jobs of an application. Those of simulated jobs do not.
const TIMES_OF_JOBS: [&str; 2] = ["duration_seconds", "elapsed_seconds"];

#[derive(Default)]
pub(crate) struct Transcript {
    lines: Vec<String>,
    ids: HashMap<String, String>,
    is_exact: bool,
}

impl Transcript {
    /// One of data that does not differ from run to run: nothing is replaced but sentences.
    pub(crate) fn exact() -> Self {
        Self { is_exact: true, ..Self::default() }
    }

    /// A heading, for the reader of a difference.
    pub(crate) fn heading(&mut self, text: &str) {
        self.lines.push(format!("\n# {text}"));
    }

    pub(crate) fn note(&mut self, mark: &str, text: &str) {
        let text = self.normal(text);
        self.lines.push(format!("{mark} {text}"));
    }

    fn normal(&mut self, text: &str) -> String {
        let text = without_sentences(text);
        if self.is_exact {
            return text;
        }
        let text = MASKED.iter().fold(text, |text, key| masked(&text, key));
        let text = if text.contains("\"job_id\"") {
            TIMES_OF_JOBS.iter().fold(text, |text, key| masked(&text, key))
        } else {
            text
        };
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(character) = rest.chars().next() {
            let taken = if is_boundary(&out) { self.replaced(rest) } else { None };
            if let Some((name, length)) = taken {
                out.push_str(&name);
                rest = &rest[length..];
            } else {
                out.push(character);
                rest = &rest[character.len_utf8()..];
            }
        }
        out
    }

    /// The replacement for the beginning of this text, and the length that it replaces.
    fn replaced(&mut self, text: &str) -> Option<(String, usize)> {
        let has_form = |form: &str| {
            text.len() >= form.len()
                && form.bytes().zip(text.bytes()).all(|(form, byte)| match form {
                    b'x' => byte.is_ascii_hexdigit(),
                    b'0' => byte.is_ascii_digit(),
                    other => other == byte,
                })
        };
        if has_form("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") {
            // Those that a test has made up stay as they are.
            if text.starts_with("00000000-0000") {
                return Some((text[..36].to_owned(), 36));
            }
            let next = self.ids.len() + 1;
            let name = self.ids.entry(text[..36].to_owned()).or_insert_with(|| format!("<id {next}>"));
            return Some((name.clone(), 36));
        }
        if has_form("0000-00-00T00:00:00.000Z") {
            return Some(("<time>".to_owned(), 24));
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        (digits == 13).then(|| ("<ms>".to_owned(), digits))
    }

    /// Compares with the frozen file, or writes it.
    #[track_caller]
    pub(crate) fn compare(&self, name: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/frozen").join(name);
        let text = self.lines.join("\n") + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let frozen = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (number, (was, is)) in frozen.lines().zip(text.lines()).enumerate() {
            assert_eq!(is, was, "line {} of {name} has changed: left is now, right is frozen", number + 1);
        }
        assert_eq!(text.lines().count(), frozen.lines().count(), "{name} has another number of lines");
        frozen
    }
}

fn is_boundary(before: &str) -> bool {
    !before.ends_with(|character: char| character.is_ascii_alphanumeric() || character == '.')
}

/// The text with another value of this key, wherever it stands.
fn masked(text: &str, key: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let wanted = format!("\"{key}\":");
    while let Some(start) = rest.find(&wanted) {
        let (before, value) = rest.split_at(start + wanted.len());
        out.push_str(before);
        let length = length_of_scalar(value);
        out.push_str(if length == 0 || value.starts_with("null") { &value[..length] } else { "<*>" });
        rest = &value[length..];
    }
    out + rest
}

/// Bytes of the number, word or text at the beginning; none of an object or a list.
fn length_of_scalar(value: &str) -> usize {
    if let Some(text) = value.strip_prefix('"') {
        let mut is_escaped = false;
        for (place, character) in text.char_indices() {
            match character {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '"' => return place + 2,
                _ => {}
            }
        }
    }
    value
        .find(|character: char| !(character.is_ascii_alphanumeric() || "+-.".contains(character)))
        .unwrap_or(value.len())
}

/// The text without the sentences of errors, which may become better English.
fn without_sentences(text: &str) -> String {
    if text.contains("\"code\":\"") { masked(text, "message") } else { text.to_owned() }
}

#[test]
fn values_that_differ_between_runs_are_masked() {
    let mut transcript = Transcript::default();
    let mut normal = |text: &str| transcript.normal(text);
    assert_eq!(
        normal(r#"{"sid":"a\"b","epoch":17,"x":{"token":null}}"#),
        r#"{"sid":<*>,"epoch":<*>,"x":{"token":null}}"#
    );
    let id = "0192d3a0-0000-7000-8000-00000000000c";
    assert_eq!(normal(&format!("{id} {id}")), "<id 1> <id 1>");
    assert_eq!(normal("00000000-0000-0000-0000-00000000000c"), "00000000-0000-0000-0000-00000000000c");
    assert_eq!(normal("2026-09-21T14:13:20.120Z 1790000000120 17900000001201"), "<time> <ms> 17900000001201");
    assert_eq!(normal(r#"{"code":"blank","message":"no \" end"}"#), r#"{"code":"blank","message":<*>}"#);
    assert_eq!(normal(r#"{"message":"hello"}"#), r#"{"message":"hello"}"#);
}
