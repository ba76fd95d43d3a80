//! When people were last connected, for as long as this process remembers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use protocol::UserId;

/// People of one generation. Two are kept, so at most twice as many are remembered.
const GENERATION: usize = 50_000;

/// In two generations: when the younger is full, the older goes, which costs nothing while nobody asks.
#[derive(Default)]
pub(crate) struct LastSeen {
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<UserId, i64>,
    old: HashMap<UserId, i64>,
}

impl LastSeen {
    /// Somebody's connection ended, in milliseconds since 1970-01-01 UTC.
    pub(crate) fn note(&self, person: &UserId, at_ms: i64) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if generations.young.len() >= GENERATION && !generations.young.contains_key(person) {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(person.clone(), at_ms);
    }

    /// When somebody's last connection ended; `None` if that is not remembered.
    pub(crate) fn of(&self, person: &UserId) -> Option<i64> {
        let generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.young.get(person).or_else(|| generations.old.get(person)).copied()
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
        for number in 0..GENERATION {
            seen.note(&UserId::parse(&number.to_string()).unwrap(), 3);
        }
        assert_eq!(seen.of(&ann), Some(2));
        for number in 0..GENERATION * 2 {
            seen.note(&UserId::parse(&format!("x{number}")).unwrap(), 4);
        }
        assert_eq!(seen.of(&ann), None);
    }
}
