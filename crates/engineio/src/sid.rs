//! Session identifier: sixteen random bytes, the only proof that a request belongs to a session.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng;
use rand::rngs::{SysError, SysRng};

/// Too many to guess.
const RANDOM_BYTES: usize = 16;

/// Sixteen random bytes, which clients know in base64 of the URL-safe alphabet.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sid([u8; RANDOM_BYTES]);

impl Sid {
    /// A new one.
    ///
    /// # Errors
    /// [`SysError`] when the operating system has no randomness to give.
    pub(crate) fn random() -> Result<Self, SysError> {
        let mut bytes = [0; RANDOM_BYTES];
        SysRng.try_fill_bytes(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Parses the identifier of a client; `None` for a text that is no identifier.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().map(Self).ok()
    }

    /// As the client knows it.
    pub(crate) fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

/// An identifier for something else that must not be guessed.
///
/// # Errors
/// [`SysError`] when the operating system has no randomness to give.
pub fn random_id() -> Result<Box<str>, SysError> {
    Sid::random().map(|sid| sid.to_text().into())
}

impl fmt::Debug for Sid {
    /// Shortened: enough to tell sessions apart, and too little to take over a session with a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.to_text().get(..6).unwrap_or_default())
    }
}
