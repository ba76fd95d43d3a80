//! When people were last connected, for as long as this process remembers.

use std::sync::{Mutex, PoisonError};

use protocol::UserId;

use crate::recent::Recent;

/// People who are remembered at least.
const PEOPLE: usize = 50_000;

/// The latest of those who left.
pub(crate) struct LastSeen {
    /// A std mutex: held for one look-up.
    at_ms: Mutex<Recent<UserId, i64>>,
}

impl Default for LastSeen {
    fn default() -> Self {
        Self { at_ms: Mutex::new(Recent::new(PEOPLE)) }
    }
}

impl LastSeen {
    /// Somebody's connection ended, in milliseconds since 1970-01-01 UTC.
    pub(crate) fn note(&self, person: &UserId, at_ms: i64) {
        self.at_ms.lock().unwrap_or_else(PoisonError::into_inner).put(person.clone(), at_ms);
    }

    /// When somebody's last connection ended; `None` if that is not remembered.
    pub(crate) fn of(&self, person: &UserId) -> Option<i64> {
        self.at_ms.lock().unwrap_or_else(PoisonError::into_inner).peek(person).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_remembered() {
        let (seen, ann) = (LastSeen::default(), UserId::parse("ann").unwrap());
        seen.note(&ann, 1);
        seen.note(&ann, 2);
        assert_eq!(seen.of(&ann), Some(2));
        for number in 0..PEOPLE {
            seen.note(&UserId::parse(&number.to_string()).unwrap(), 3);
        }
        assert_eq!(seen.of(&ann), Some(2));
        for number in 0..PEOPLE * 2 {
            seen.note(&UserId::parse(&format!("x{number}")).unwrap(), 4);
        }
        assert_eq!(seen.of(&ann), None);
    }
}
