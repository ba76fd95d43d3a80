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
}

/// A bucket for each key. All that is allowed in a minute may come at once.
///
/// The table is bounded and never refuses a newcomer: when it is full, the emptiest quarter is evicted. So whoever brings many
/// keys into it evicts keys like these, and a bucket that is full stays.
pub(crate) struct Buckets<K> {
    /// How many in a window; all of them may come at once.
    count: Option<u32>,
    window_us: u32,
    capacity: usize,
    /// When the bucket will be empty, in microseconds of the clock that is handed in.
    empty_at_us: Mutex<HashMap<K, i64>>,
}

impl<K: Hash + Eq> Buckets<K> {
    /// All are empty. Without a number everything is allowed. At most `capacity` of them are in use at a time.
    pub(crate) fn new(per_minute: Option<u32>, capacity: usize) -> Self {
        Self { count: per_minute, window_us: MINUTE_US, capacity, empty_at_us: Mutex::default() }
    }

    /// The same with another window than a minute: so many a second, and those of `seconds` at once.
    pub(crate) fn by_second(per_second: Option<u32>, seconds: u32, capacity: usize) -> Self {
        let count = per_second.map(|count| count.saturating_mul(seconds));
        Self { window_us: seconds.saturating_mul(1_000_000), ..Self::new(count, capacity) }
    }

    /// Counts one. Takes constant time on average over the newcomers.
    pub(crate) fn count(&self, key: K, now_ms: i64) -> Counted {
        let Some(count) = self.count else {
            return Counted::Yes;
        };
        let now = now_ms.saturating_mul(1_000);
        let mut buckets = self.empty_at_us.lock().unwrap_or_else(PoisonError::into_inner);
        let known = buckets.get_mut(&key);
        let (after, wait_ms) = after_one_more(known.as_deref().copied(), count, self.window_us, now);
        if let Some(wait_ms) = wait_ms {
            return Counted::Wait(wait_ms);
        }
        if let Some(bucket) = known {
            *bucket = after;
            return Counted::Yes;
        }
        if buckets.len() >= self.capacity {
            evict_emptiest(&mut buckets, self.capacity, now);
        }
        buckets.insert(key, after);
        Counted::Yes
    }

    /// How many milliseconds one more has to wait; `None` if it need not. Counts nothing.
    pub(crate) fn wait_ms(&self, key: &K, now_ms: i64) -> Option<u64> {
        let count = self.count?;
        let bucket = self.empty_at_us.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied();
        after_one_more(bucket, count, self.window_us, now_ms.saturating_mul(1_000)).1
    }
}

/// When a bucket will be empty after one more, and for how many milliseconds that one has to wait, if at all.
fn after_one_more(bucket: Option<i64>, count: u32, window_us: u32, now: i64) -> (i64, Option<u64>) {
    let count = count.max(1);
    // Rather too long than too short, and a full bucket holds exactly a window's worth.
    let step = i64::from(window_us.div_ceil(count));
    let full = step * i64::from(count);
    let after = bucket.unwrap_or(now).max(now).saturating_add(step);
    let over_us = after.saturating_sub(now).saturating_sub(full);
    (after, (over_us > 0).then(|| over_us.unsigned_abs().div_ceil(1_000)))
}

/// Makes room for a quarter of the table, so that it is looked through once for so many newcomers.
fn evict_emptiest<K: Hash + Eq>(buckets: &mut HashMap<K, i64>, capacity: usize, now: i64) {
    buckets.retain(|_, empty_at_us| *empty_at_us > now);
    let kept = capacity - capacity.div_ceil(4);
    let Some(surplus) = buckets.len().checked_sub(kept).filter(|surplus| *surplus > 0) else { return };
    let mut ends: Vec<i64> = buckets.values().copied().collect();
    let (emptier, &mut last, _) = ends.select_nth_unstable(surplus - 1);
    // Of those that are as full as the last one that goes, no more than have to.
    let mut as_full = emptier.iter().filter(|end| **end == last).count() + 1;
    buckets.retain(|_, empty_at_us| {
        let is_last = *empty_at_us == last && as_full > 0;
        as_full -= usize::from(is_last);
        *empty_at_us >= last && !is_last
    });
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
    fn five_seconds_worth_at_once_and_then_the_rate() {
        let buckets = Buckets::by_second(Some(10), 5, 100);
        assert!((0..50).all(|_| buckets.count("a", 0) == Counted::Yes));
        assert_eq!(buckets.count("a", 0), Counted::Wait(100));
        assert_eq!(buckets.count("b", 0), Counted::Yes);
        assert_eq!(buckets.count("a", 100), Counted::Yes);
        assert_eq!(buckets.count("a", 100), Counted::Wait(100));
    }

    #[test]
    fn switched_off_it_counts_nothing() {
        let buckets = Buckets::new(None, 1);
        assert!((0..10_000).all(|_| buckets.count("a", 0) == Counted::Yes));
    }

    #[test]
    fn a_full_table_evicts_the_emptiest_and_refuses_no_newcomer() {
        let buckets = Buckets::new(Some(10), 100);
        for _ in 0..10 {
            assert_eq!(buckets.count(0, 0), Counted::Yes);
        }
        for key in 1..100_000 {
            assert_eq!(buckets.count(key, 0), Counted::Yes);
            assert!(buckets.empty_at_us.lock().unwrap().len() <= 100);
        }
        assert_eq!(
            buckets.count(0, 0),
            Counted::Wait(6_000),
            "whoever brings many keys is not forgiven the one"
        );
        assert!(buckets.empty_at_us.lock().unwrap().len() >= 75, "no more are evicted than have to be");
        assert_eq!(buckets.count(0, 6_000), Counted::Yes);
    }

    #[test]
    fn buckets_that_are_empty_go_first() {
        let buckets = Buckets::new(Some(10), 4);
        for key in [1, 2, 2, 3, 3, 3, 4] {
            buckets.count(key, 0);
        }
        assert_eq!(buckets.count(5, 6_000), Counted::Yes);
        let mut left: Vec<_> = buckets.empty_at_us.lock().unwrap().keys().copied().collect();
        left.sort_unstable();
        assert_eq!(left, [2, 3, 5]);
        let one = Buckets::new(Some(10), 1);
        assert!((0..10).all(|key| one.count(key, 0) == Counted::Yes));
        assert_eq!(one.empty_at_us.lock().unwrap().len(), 1);
    }

    #[test]
    fn whoever_asks_how_long_to_wait_is_not_counted() {
        let buckets = Buckets::new(Some(1), 10);
        assert!((0..100).all(|_| buckets.wait_ms(&"a", 0).is_none()));
        assert_eq!(buckets.count("a", 0), Counted::Yes);
        assert_eq!(buckets.wait_ms(&"a", 0), Some(60_000));
        assert_eq!(buckets.wait_ms(&"a", 60_000), None);
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
