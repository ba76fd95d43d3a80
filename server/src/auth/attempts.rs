//! How often passwords may be tried, from one address and for one login.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::AuthError;
use crate::config::RateLimits;

/// Attempts that may come in one burst, and per minute in the long run: a person who mistypes has room, a guesser has not.
const STRICT_PER_MINUTE: i64 = 10;

/// As above, in development: a browser test suite signs in from one address all the time.
const GENEROUS_PER_MINUTE: i64 = 6_000;

/// Addresses and logins that are remembered at a time. Each is forgotten a minute after its last attempt.
const MAX_KEYS: usize = 20_000;

const MINUTE_MS: i64 = 60_000;

/// A bucket for each address and each login (the generic cell rate algorithm: one number per bucket).
pub struct Attempts {
    per_minute: Option<i64>,
    /// When the bucket will be empty, in milliseconds since 1970-01-01 UTC.
    empty_at_ms: Mutex<HashMap<String, i64>>,
}

impl Attempts {
    /// Nobody has tried anything yet.
    pub fn new(limits: RateLimits) -> Self {
        let per_minute = match limits {
            RateLimits::Strict => Some(STRICT_PER_MINUTE),
            RateLimits::Generous => Some(GENEROUS_PER_MINUTE),
            RateLimits::Off => None,
        };
        Self { per_minute, empty_at_ms: Mutex::default() }
    }

    /// Counts an attempt.
    ///
    /// # Errors
    /// [`AuthError::TooFast`], with when to try again.
    pub fn count(&self, key: &str, now_ms: i64) -> Result<(), AuthError> {
        let Some(per_minute) = self.per_minute else {
            return Ok(());
        };
        let step_ms = MINUTE_MS / per_minute;
        let mut buckets = self.empty_at_ms.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_KEYS && !buckets.contains_key(key) {
            buckets.retain(|_, empty_at_ms| *empty_at_ms > now_ms);
            if buckets.len() >= MAX_KEYS {
                return Err(AuthError::TooFast { retry_after_ms: MINUTE_MS.unsigned_abs() });
            }
        }
        let bucket = buckets.entry(key.to_owned()).or_insert(now_ms);
        let after = (*bucket).max(now_ms) + step_ms;
        let over_ms = after - now_ms - MINUTE_MS;
        if over_ms > 0 {
            return Err(AuthError::TooFast { retry_after_ms: over_ms.unsigned_abs() });
        }
        *bucket = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_tries_then_one_every_six_seconds() {
        let attempts = Attempts::new(RateLimits::Strict);
        for _ in 0..10 {
            attempts.count("a", 0).unwrap();
        }
        let refused = attempts.count("a", 0).unwrap_err();
        assert_eq!(refused.retry_after_ms(), Some(6_000));
        attempts.count("b", 0).unwrap();
        attempts.count("a", 6_000).unwrap();
        assert!(attempts.count("a", 6_000).is_err());
    }

    #[test]
    fn switched_off_it_counts_nothing() {
        let attempts = Attempts::new(RateLimits::Off);
        assert!((0..10_000).all(|_| attempts.count("a", 0).is_ok()));
    }

    #[test]
    fn memory_is_bounded_and_comes_back() {
        let attempts = Attempts::new(RateLimits::Strict);
        for key in 0..MAX_KEYS {
            attempts.count(&key.to_string(), 0).unwrap();
        }
        assert!(attempts.count("one more", 0).is_err());
        attempts.count("one more", MINUTE_MS).unwrap();
    }
}
