//! A session's identifier, which is also the only proof that a request belongs to it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng;
use rand::rngs::{SysError, SysRng};

/// Beyond guessing.
const RANDOM_BYTES: usize = 16;

/// Sixteen random bytes in base64 of the URL-safe alphabet.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Sid(Box<str>);

impl Sid {
    /// A new one.
    ///
    /// # Errors
    /// [`SysError`] when the operating system has no randomness to give.
    pub(super) fn random() -> Result<Self, SysError> {
        let mut bytes = [0; RANDOM_BYTES];
        SysRng.try_fill_bytes(&mut bytes)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes).into()))
    }

    /// As the client says it.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// An identifier for something else that nobody may guess.
///
/// # Errors
/// [`SysError`] when the operating system has no randomness to give.
pub(crate) fn random_id() -> Result<Box<str>, SysError> {
    Sid::random().map(|sid| sid.0)
}

impl std::borrow::Borrow<str> for Sid {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sid {
    /// Whoever reads a log must not be able to speak for a client: enough to tell sessions apart.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.0.get(..6).unwrap_or_default())
    }
}
