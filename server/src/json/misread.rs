//! `Misread`: what is wrong with JSON from outside, as a sentence that names the field and the JSON that it must be.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};
use serde_json::error::Category;

/// Characters of a client's own text that an answer repeats, at most.
const MAX_SHOWN_CHARS: usize = 64;

/// The kinds of mistakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MisreadKind {
    /// Not JSON, or beyond what is read: too deep, a number too large.
    NotJson,
    /// A value has another shape, or is missing.
    Shape,
    /// A key that means nothing.
    UnknownKey,
    /// One key, or two names of one, with two values.
    TwoValues,
}

/// Why a text was not read. Its `Display` is for clients' developers: nothing in it names a type of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misread {
    kind: MisreadKind,
    /// Where: keys with dots between them, `[2]` for the third of a list. Empty for the whole.
    path: String,
    /// What is wrong there.
    what: String,
}

impl Misread {
    /// A value that is something else.
    pub(super) fn must_be(expected: &str) -> Self {
        Self { kind: MisreadKind::Shape, path: String::new(), what: format!("must be {expected}") }
    }

    /// A value that is none of a few words.
    pub(super) fn must_be_one_of(words: &[&str]) -> Self {
        Self::must_be(&format!("one of {}", listed(words)))
    }

    pub(super) fn unknown_key(key: &str, known: &[&str]) -> Self {
        let what = format!("is not known here; known are {}", listed(known));
        Self { kind: MisreadKind::UnknownKey, path: shown(key), what }
    }

    pub(super) fn twice(key: &str) -> Self {
        Self { kind: MisreadKind::TwoValues, path: shown(key), what: "is there twice".to_owned() }
    }

    pub(super) fn two_names(key: &str, other: &str) -> Self {
        let what = format!("is the same as `{other}`, and has another value");
        Self { kind: MisreadKind::TwoValues, path: shown(key), what }
    }

    /// A text that is no JSON, or none that is read.
    pub(super) fn not_json(error: &serde_json::Error) -> Self {
        // The parser has no codes for these; a sentence of another version becomes the last one here.
        const KNOWN: [(&str, &str); 6] = [
            ("recursion limit", "lists and objects are nested too deeply"),
            ("number out of range", "a number is too large"),
            ("surrogate", "an escape such as \\ud800 stands for no character"),
            ("hex escape", "an escape such as \\ud800 stands for no character"),
            ("control character", "a text has a control character that is not escaped"),
            ("trailing characters", "more follows after its end"),
        ];
        let sentence = error.to_string();
        let what = match error.classify() {
            Category::Eof => "it ends too early",
            _ => {
                KNOWN.iter().find(|(sign, _)| sentence.contains(sign)).map_or("something is wrong", |it| it.1)
            }
        };
        let (line, column) = (error.line(), error.column());
        let what = format!("{what} (line {line}, column {column})");
        Self { kind: MisreadKind::NotJson, path: String::new(), what }
    }

    /// A long text that is not read again to find out what is wrong with it.
    pub(super) fn of_long(error: &serde_json::Error) -> Self {
        match error.classify() {
            Category::Data => {
                Self::must_be("of another shape; a text as long as this is not examined further")
            }
            _ => Self::not_json(error),
        }
    }

    /// The same, of a value under a key.
    pub(super) fn under(self, key: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Self { path: format!("{}{dot}{}", shown(key), self.path), ..self }
    }

    /// The same, of a value in a list.
    pub(super) fn at(self, index: usize) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Self { path: format!("[{index}]{dot}{}", self.path), ..self }
    }

    /// The kind of the mistake.
    pub fn kind(&self) -> MisreadKind {
        self.kind
    }

    /// What is wrong, without where.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Where; empty for the whole.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The outermost key on the way there; `None` for the whole.
    pub fn first_key(&self) -> Option<&str> {
        self.path.split(['.', '[']).next().filter(|key| !key.is_empty())
    }
}

impl fmt::Display for Misread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            MisreadKind::NotJson => write!(out, "this JSON cannot be read: {}", self.what),
            _ if self.path.is_empty() => out.write_str(&self.what),
            _ => write!(out, "{}: {}", self.path, self.what),
        }
    }
}

impl std::error::Error for Misread {}

/// The errors of derived code. `typed` has compared most values before that code sees them.
impl Error for Misread {
    /// The errors of our own types, about a text.
    fn custom<T: fmt::Display>(sentence: T) -> Self {
        Self { kind: MisreadKind::Shape, path: String::new(), what: sentence.to_string() }
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::must_be(in_json(&expected.to_string()))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::must_be(in_json(&expected.to_string()))
    }

    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self::must_be("a list of another length")
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::must_be_one_of(expected)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::unknown_key(field, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self { kind: MisreadKind::Shape, path: field.to_owned(), what: "is missing".to_owned() }
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::twice(field)
    }
}

/// What derived code calls a struct or an enum with a tag is an object. Its words for what it wants are fixed
/// (`serde_derive`, "expecting").
pub(super) fn is_object(expected: &str) -> bool {
    ["struct", "adjacently tagged enum", "internally tagged enum"].iter().any(|it| expected.starts_with(it))
}

/// What serde's own types call what they want, in the words of JSON.
fn in_json(expected: &str) -> &'static str {
    match expected {
        "a map" => "an object",
        "a string" | "a borrowed string" | "a character" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "unit" => "null",
        "f32" | "f64" => "a number",
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" => "a whole number",
        it if is_object(it) => "an object",
        it if it.starts_with("text: ") => "a text",
        _ => "a value of another shape",
    }
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// A client's own text, shortened.
fn shown(text: &str) -> String {
    text.chars().take(MAX_SHOWN_CHARS).collect()
}
