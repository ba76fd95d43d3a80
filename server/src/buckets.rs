//! How often somebody may do something a minute, by whatever tells them apart (the generic cell rate algorithm: one number
//! for each bucket).

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// What a bucket holds is measured in time.
const MINUTE_US: i64 = 60_000_000;

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// It was counted, or nothing is.
    Yes,
    /// Too many; so many milliseconds until the next one. Nothing was counted.
    Wait(u64),
    /// There are more buckets in use than are kept. Nothing was counted.
    NoRoom,
}

/// A bucket for each key. All that is allowed in a minute may come at once.
pub(crate) struct Buckets<K> {
    per_minute: Option<u32>,
    capacity: usize,
    /// When the bucket will be empty, in microseconds since 1970-01-01 UTC.
    empty_at_us: Mutex<HashMap<K, i64>>,
}

impl<K: Hash + Eq> Buckets<K> {
    /// All are empty. Without a number everything is allowed. Each of the `capacity` is free again a minute after its last
    /// use at the latest.
    pub(crate) fn new(per_minute: Option<u32>, capacity: usize) -> Self {
        Self { per_minute, capacity, empty_at_us: Mutex::default() }
    }

    /// Counts one.
    pub(crate) fn count(&self, key: K, now_ms: i64) -> Counted {
        let Some(per_minute) = self.per_minute else {
            return Counted::Yes;
        };
        let (now, step) = (now_ms.saturating_mul(1_000), MINUTE_US / i64::from(per_minute.max(1)));
        let mut buckets = self.empty_at_us.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.capacity && !buckets.contains_key(&key) {
            buckets.retain(|_, empty_at_us| *empty_at_us > now);
            if buckets.len() >= self.capacity {
                return Counted::NoRoom;
            }
        }
        let bucket = buckets.entry(key).or_insert(now);
        let after = (*bucket).max(now).saturating_add(step);
        let over_us = after.saturating_sub(now).saturating_sub(MINUTE_US);
        if over_us > 0 {
            return Counted::Wait(over_us.unsigned_abs().div_ceil(1_000));
        }
        *bucket = after;
        Counted::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_at_once_then_one_every_six_seconds() {
        let buckets = Buckets::new(Some(10), 100);
        for _ in 0..10 {
            assert_eq!(buckets.count("a", 0), Counted::Yes);
        }
        assert_eq!(buckets.count("a", 0), Counted::Wait(6_000));
        assert_eq!(buckets.count("b", 0), Counted::Yes);
        assert_eq!(buckets.count("a", 6_000), Counted::Yes);
        assert_eq!(buckets.count("a", 6_000), Counted::Wait(6_000));
    }

    #[test]
    fn switched_off_it_counts_nothing() {
        let buckets = Buckets::new(None, 1);
        assert!((0..10_000).all(|_| buckets.count("a", 0) == Counted::Yes));
    }

    #[test]
    fn memory_is_bounded_and_comes_back() {
        let buckets = Buckets::new(Some(10), 100);
        for key in 0..100 {
            assert_eq!(buckets.count(key, 0), Counted::Yes);
        }
        assert_eq!(buckets.count(100, 0), Counted::NoRoom);
        assert_eq!(buckets.count(100, 60_000), Counted::Yes);
    }
}
