//! Message kind: what a message is beside its text.

use std::fmt;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of a kind's name, at most.
const MAX_BYTES: usize = 32;

/// What a message is: `text`, or a word that the clients of a room have agreed upon. Opaque to the server.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Plain text.
    #[default]
    Text,
    /// Anything else, by its name.
    Named(Arc<str>),
}

/// A kind's name is empty, longer than 32 bytes or has other characters than letters, digits, `_`, `-`, `.` and `:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a kind of message has 1 to 32 letters, digits, '_', '-', '.' or ':'")]
pub struct BadKind;

impl MessageKind {
    /// Checks length and characters.
    ///
    /// # Errors
    /// [`BadKind`].
    pub fn parse(raw: &str) -> Result<Self, BadKind> {
        if raw == "text" {
            return Ok(Self::Text);
        }
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
        let fits = (1..=MAX_BYTES).contains(&raw.len()) && raw.bytes().all(legal);
        if fits { Ok(Self::Named(raw.into())) } else { Err(BadKind) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text => "text",
            Self::Named(name) => name,
        }
    }

    /// Whether it is plain text; then frames leave it out.
    pub fn is_text(&self) -> bool {
        *self == Self::Text
    }
}

impl fmt::Debug for MessageKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MessageKind({})", self.as_str())
    }
}

impl Serialize for MessageKind {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for MessageKind {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let raw = String::deserialize(input)?;
        Self::parse(&raw).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_one_short_word() {
        assert_eq!(MessageKind::parse("text"), Ok(MessageKind::Text));
        assert_eq!(MessageKind::parse("question").unwrap().as_str(), "question");
        for bad in ["", "two words", "ä", "<b>", &"x".repeat(33)] {
            assert_eq!(MessageKind::parse(bad), Err(BadKind), "{bad}");
        }
    }
}
