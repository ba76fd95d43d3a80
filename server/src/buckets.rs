//! How often somebody may do something a minute, by whatever tells them apart (the generic cell rate algorithm: one number
//! for each bucket). Time is handed in: milliseconds of a clock that never goes back
//! ([`Clock::monotonic_ms`](hub::port::Clock::monotonic_ms)).

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// What a bucket holds is measured in time.
const MINUTE_US: u32 = 60_000_000;

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
    /// When the bucket will be empty, in microseconds of the clock that is handed in.
    empty_at_us: Mutex<HashMap<K, i64>>,
}

impl<K: Hash + Eq> Buckets<K> {
    /// All are empty. Without a number everything is allowed. Each of the `capacity` is free again a minute after its last
    /// use at the latest, give or take what is lost in rounding.
    pub(crate) fn new(per_minute: Option<u32>, capacity: usize) -> Self {
        Self { per_minute, capacity, empty_at_us: Mutex::default() }
    }

    /// Counts one.
    pub(crate) fn count(&self, key: K, now_ms: i64) -> Counted {
        let Some(per_minute) = self.per_minute else {
            return Counted::Yes;
        };
        let (now, per_minute) = (now_ms.saturating_mul(1_000), per_minute.max(1));
        // Rather too long than too short, and a full bucket holds exactly a minute's worth.
        let step = i64::from(MINUTE_US.div_ceil(per_minute));
        let full = step * i64::from(per_minute);
        let mut buckets = self.empty_at_us.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.capacity && !buckets.contains_key(&key) {
            buckets.retain(|_, empty_at_us| *empty_at_us > now);
            if buckets.len() >= self.capacity {
                return Counted::NoRoom;
            }
        }
        let bucket = buckets.entry(key).or_insert(now);
        let after = (*bucket).max(now).saturating_add(step);
        let over_us = after.saturating_sub(now).saturating_sub(full);
        if over_us > 0 {
            return Counted::Wait(over_us.unsigned_abs().div_ceil(1_000));
        }
        *bucket = after;
        Counted::Yes
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn no_window_has_more_than_a_minutes_worth_and_what_the_rate_allows(
            per_minute in prop_oneof![1..100_u32, 1..2_000_u32],
            pauses_ms in vec((0..130_usize, 0..90_000_i64), 1..8),
        ) {
            let (buckets, mut now_ms, mut taken) = (Buckets::new(Some(per_minute), 1), 0, Vec::new());
            for (tries, pause_ms) in pauses_ms {
                let tries = tries * per_minute as usize / 100 + 1;
                let counted = (0..tries).filter(|_| buckets.count("a", now_ms) == Counted::Yes).count();
                taken.push((now_ms, counted));
                now_ms += pause_ms;
            }
            for first in 0..taken.len() {
                let mut sum = 0;
                for (end_ms, counted) in taken.iter().skip(first) {
                    sum += counted;
                    let beyond = i128::try_from(sum).unwrap() - i128::from(per_minute);
                    let allowed = i128::from(per_minute) * i128::from(end_ms - taken[first].0);
                    prop_assert!(beyond * 60_000 <= allowed, "{sum} from {} to {end_ms}", taken[first].0);
                }
            }
        }

        #[test]
        fn whoever_waits_as_long_as_told_is_taken_and_nobody_sooner(
            per_minute in prop_oneof![1..100_u32, 1..2_000_u32, Just(60_000)],
            pauses_ms in vec(0..2_000_i64, 0..50),
        ) {
            let (buckets, mut now_ms) = (Buckets::new(Some(per_minute), 1), 0);
            for pause_ms in pauses_ms {
                now_ms += pause_ms;
                buckets.count("a", now_ms);
            }
            // Whoever is taken comes again at once.
            let wait_ms = loop {
                if let Counted::Wait(ms) = buckets.count("a", now_ms) { break ms.cast_signed() }
            };
            prop_assert!(wait_ms > 0);
            prop_assert_eq!(buckets.count("a", now_ms + wait_ms - 1), Counted::Wait(1));
            prop_assert_eq!(buckets.count("a", now_ms + wait_ms), Counted::Yes);
            prop_assert!(buckets.count("a", now_ms + wait_ms) != Counted::Yes, "one, and not two");
        }
    }
}
