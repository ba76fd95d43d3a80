//! Last seen: when users were connected last, for as long as this process remembers.

use std::sync::{Mutex, PoisonError};

use protocol::UserId;

use crate::generational_cache::TwoGenerationCache;

/// Users that are remembered at least; at most twice as many.
const USERS: usize = 50_000;

pub(super) struct LastSeen {
    /// A std mutex: held for one look-up.
    at_ms: Mutex<TwoGenerationCache<UserId, i64>>,
}

impl Default for LastSeen {
    fn default() -> Self {
        Self { at_ms: Mutex::new(TwoGenerationCache::new(USERS)) }
    }
}

impl LastSeen {
    /// A connection of a user has ended, in milliseconds since 1970-01-01 UTC.
    pub(super) fn set(&self, user: &UserId, at_ms: i64) {
        self.at_ms.lock().unwrap_or_else(PoisonError::into_inner).put(user.clone(), at_ms);
    }

    /// When the last connection of a user ended; `None` if that is not remembered.
    pub(super) fn get(&self, user: &UserId) -> Option<i64> {
        self.at_ms.lock().unwrap_or_else(PoisonError::into_inner).peek(user).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latest_users_are_remembered() {
        let (seen, ann) = (LastSeen::default(), UserId::parse("ann").unwrap());
        seen.set(&ann, 1);
        seen.set(&ann, 2);
        assert_eq!(seen.get(&ann), Some(2));
        for number in 0..USERS {
            seen.set(&UserId::parse(&number.to_string()).unwrap(), 3);
        }
        assert_eq!(seen.get(&ann), Some(2));
        for number in 0..USERS * 2 {
            seen.set(&UserId::parse(&format!("x{number}")).unwrap(), 4);
        }
        assert_eq!(seen.get(&ann), None);
    }
}
