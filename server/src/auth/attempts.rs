//! How often passwords may be tried, from one address and for one login.

use super::AuthError;
use crate::buckets::{Buckets, Counted};

/// Addresses and logins that are remembered at a time. Each is forgotten a minute after its last attempt.
const MAX_KEYS: usize = 20_000;

const MINUTE_MS: u64 = 60_000;

/// A bucket for each address and each login.
pub struct Attempts {
    buckets: Buckets<String>,
}

impl Attempts {
    /// Nobody has tried anything yet. Without a number everybody may try as often as they like.
    pub fn new(per_minute: Option<u32>) -> Self {
        Self { buckets: Buckets::new(per_minute, MAX_KEYS) }
    }

    /// Counts an attempt. When more tries are under way than can be told apart, it is better to be strict.
    ///
    /// # Errors
    /// [`AuthError::TooFast`], with when to try again.
    pub fn count(&self, key: &str, now_ms: i64) -> Result<(), AuthError> {
        match self.buckets.count(key.to_owned(), now_ms) {
            Counted::Yes => Ok(()),
            Counted::Wait(retry_after_ms) => Err(AuthError::TooFast { retry_after_ms }),
            Counted::NoRoom => Err(AuthError::TooFast { retry_after_ms: MINUTE_MS }),
        }
    }
}
