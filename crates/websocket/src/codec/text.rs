//! Text: a message that arrives in pieces and is known to be UTF-8 up to its last whole character.

use std::fmt;

use bytes::Bytes;

use super::Violation;

/// A whole text message.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Utf8Text(String);

impl Utf8Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its bytes, not copied.
    pub fn into_bytes(self) -> Bytes {
        Bytes::from(self.0)
    }
}

impl From<String> for Utf8Text {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<Utf8Text> for String {
    fn from(text: Utf8Text) -> Self {
        text.0
    }
}

impl fmt::Debug for Utf8Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Text in the making. Bytes that cannot become UTF-8 are refused when they arrive, not when the message ends.
#[derive(Debug, Default)]
pub(super) struct Text {
    text: String,
    begun: Begun,
}

/// The first bytes of a character whose last have not arrived.
#[derive(Debug, Default)]
struct Begun {
    bytes: [u8; 4],
    length: usize,
}

impl Text {
    pub(super) fn len(&self) -> usize {
        self.text.len() + self.begun.length
    }

    pub(super) fn reserve(&mut self, bytes: usize) {
        self.text.reserve_exact(bytes);
    }

    pub(super) fn push(&mut self, mut piece: &[u8]) -> Result<(), Violation> {
        while self.begun.length > 0 {
            let Some((byte, rest)) = piece.split_first() else { return Ok(()) };
            piece = rest;
            self.continue_character(*byte)?;
        }
        match std::str::from_utf8(piece) {
            Ok(text) => self.text.push_str(text),
            Err(error) if error.error_len().is_some() => return Err(Violation::NotUtf8),
            Err(error) => {
                let (whole, begun) = piece.split_at_checked(error.valid_up_to()).unwrap_or_default();
                self.text.push_str(std::str::from_utf8(whole).map_err(|_| Violation::NotUtf8)?);
                for byte in begun {
                    self.continue_character(*byte)?;
                }
            }
        }
        Ok(())
    }

    fn continue_character(&mut self, byte: u8) -> Result<(), Violation> {
        let Begun { bytes, length } = &mut self.begun;
        *bytes.get_mut(*length).ok_or(Violation::NotUtf8)? = byte;
        *length += 1;
        match std::str::from_utf8(bytes.get(..*length).unwrap_or_default()) {
            Ok(character) => {
                self.text.push_str(character);
                *length = 0;
            }
            Err(error) if error.error_len().is_some() => return Err(Violation::NotUtf8),
            Err(_) => {}
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Utf8Text, Violation> {
        if self.begun.length > 0 { Err(Violation::NotUtf8) } else { Ok(Utf8Text(self.text)) }
    }
}
