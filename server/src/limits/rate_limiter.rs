//! Rate limiter: counts how often something is done, by a key such as an address, because strangers are many and must use up
//! neither what others need nor memory.
//!
//! The table is ours and not one of `governor`'s keyed stores: those keep every key that is not as good as new, so an attacker
//! with many addresses makes them as large as he likes. This one is bounded, and never rejects a new key: when it is full, it
//! evicts the quarter of the keys that have used the least. So an attacker with many keys evicts keys like these, and one
//! that has used up its limit stays. The arithmetic is the hub's ([`Gcra`], which says what else `governor` lacks).

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hub::Gcra;

const SECOND_NS: u64 = 1_000_000_000;

/// The limit is used up. The attempt was not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateLimited {
    /// Milliseconds until the next one would be counted.
    pub(crate) retry_after_ms: u64,
}

/// One limit for each key. Time is handed in: milliseconds of a clock that never goes back
/// ([`Clock::monotonic_ms`](hub::port::Clock::monotonic_ms)).
pub(crate) struct RateLimiter<K> {
    /// Without one everything is allowed.
    limit: Option<Gcra>,
    capacity: usize,
    /// When what a key was counted is used up, in nanoseconds of the clock that is handed in.
    used_until: Mutex<HashMap<K, u64>>,
}

impl<K: Hash + Eq> RateLimiter<K> {
    /// So many a minute, all of which may come at once. At most `capacity` keys are known at a time.
    pub(crate) fn per_minute(limit: Option<u32>, capacity: usize) -> Self {
        Self::new(limit, 60, capacity)
    }

    /// So many a second; those of `burst_seconds` may come at once.
    pub(crate) fn per_second(limit: Option<u32>, burst_seconds: u32, capacity: usize) -> Self {
        Self::new(limit.map(|limit| limit.saturating_mul(burst_seconds)), burst_seconds, capacity)
    }

    fn new(limit: Option<u32>, window_seconds: u32, capacity: usize) -> Self {
        let window_ns = SECOND_NS * u64::from(window_seconds);
        // Rather too long than too short.
        let limit = limit.map(|limit| Gcra::new(window_ns.div_ceil(u64::from(limit.max(1))), limit));
        Self { limit, capacity, used_until: Mutex::default() }
    }

    /// Counts one. Takes constant time on average over the new keys.
    pub(crate) fn check(&self, key: K, now_ms: i64) -> Result<(), RateLimited> {
        let Some(limit) = self.limit else { return Ok(()) };
        let now = nanos(now_ms);
        let mut used_until = self.used_until();
        let known = used_until.get_mut(&key);
        let after = limit.check(known.as_deref().copied().unwrap_or_default(), now).map_err(limited)?;
        if let Some(known) = known {
            *known = after;
            return Ok(());
        }
        if used_until.len() >= self.capacity {
            evict_least_used(&mut used_until, self.capacity, now);
        }
        used_until.insert(key, after);
        Ok(())
    }

    /// Whether one more would be counted. Counts nothing.
    pub(crate) fn peek(&self, key: &K, now_ms: i64) -> Result<(), RateLimited> {
        let Some(limit) = self.limit else { return Ok(()) };
        let known = self.used_until().get(key).copied();
        limit.check(known.unwrap_or_default(), nanos(now_ms)).map(drop).map_err(limited)
    }

    fn used_until(&self) -> MutexGuard<'_, HashMap<K, u64>> {
        self.used_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn nanos(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or_default().saturating_mul(1_000_000)
}

fn limited(wait_ns: u64) -> RateLimited {
    RateLimited { retry_after_ms: wait_ns.div_ceil(1_000_000) }
}

/// Makes room for a quarter of the table, so that it is searched once for so many new keys.
fn evict_least_used<K: Hash + Eq>(used_until: &mut HashMap<K, u64>, capacity: usize, now: u64) {
    used_until.retain(|_, until| *until > now);
    let kept = capacity - capacity.div_ceil(4);
    let Some(surplus) = used_until.len().checked_sub(kept).filter(|surplus| *surplus > 0) else { return };
    let mut moments: Vec<u64> = used_until.values().copied().collect();
    let (less_used, &mut last, _) = moments.select_nth_unstable(surplus - 1);
    // Of those that have used as much as the last one that goes, no more than have to.
    let mut equal = less_used.iter().filter(|until| **until == last).count() + 1;
    used_until.retain(|_, until| {
        let is_evicted = *until == last && equal > 0;
        equal -= usize::from(is_evicted);
        *until >= last && !is_evicted
    });
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn wait(retry_after_ms: u64) -> Result<(), RateLimited> {
        Err(RateLimited { retry_after_ms })
    }

    #[test]
    fn ten_at_once_then_one_every_six_seconds() {
        let limiter = RateLimiter::per_minute(Some(10), 100);
        for _ in 0..10 {
            assert_eq!(limiter.check("a", 0), Ok(()));
        }
        assert_eq!(limiter.check("a", 0), wait(6_000));
        assert_eq!(limiter.check("b", 0), Ok(()));
        assert_eq!(limiter.check("a", 6_000), Ok(()));
        assert_eq!(limiter.check("a", 6_000), wait(6_000));
    }

    #[test]
    fn five_seconds_worth_at_once_and_then_the_rate() {
        let limiter = RateLimiter::per_second(Some(10), 5, 100);
        assert!((0..50).all(|_| limiter.check("a", 0) == Ok(())));
        assert_eq!(limiter.check("a", 0), wait(100));
        assert_eq!(limiter.check("b", 0), Ok(()));
        assert_eq!(limiter.check("a", 100), Ok(()));
        assert_eq!(limiter.check("a", 100), wait(100));
    }

    #[test]
    fn switched_off_it_counts_nothing() {
        let limiter = RateLimiter::per_minute(None, 1);
        assert!((0..10_000).all(|_| limiter.check("a", 0) == Ok(())));
    }

    #[test]
    fn a_full_table_evicts_the_least_used_and_rejects_no_new_key() {
        let limiter = RateLimiter::per_minute(Some(10), 100);
        for _ in 0..10 {
            assert_eq!(limiter.check(0, 0), Ok(()));
        }
        for key in 1..100_000 {
            assert_eq!(limiter.check(key, 0), Ok(()));
            assert!(limiter.used_until.lock().unwrap().len() <= 100);
        }
        assert_eq!(limiter.check(0, 0), wait(6_000), "many new keys do not evict the one that is used up");
        assert!(limiter.used_until.lock().unwrap().len() >= 75, "no more are evicted than have to be");
        assert_eq!(limiter.check(0, 6_000), Ok(()));
    }

    #[test]
    fn what_is_as_good_as_new_goes_first() {
        let limiter = RateLimiter::per_minute(Some(10), 4);
        for key in [1, 2, 2, 3, 3, 3, 4] {
            limiter.check(key, 0).unwrap();
        }
        assert_eq!(limiter.check(5, 6_000), Ok(()));
        let mut left: Vec<_> = limiter.used_until.lock().unwrap().keys().copied().collect();
        left.sort_unstable();
        assert_eq!(left, [2, 3, 5]);
        let one = RateLimiter::per_minute(Some(10), 1);
        assert!((0..10).all(|key| one.check(key, 0) == Ok(())));
        assert_eq!(one.used_until.lock().unwrap().len(), 1);
    }

    #[test]
    fn asking_how_long_to_wait_is_not_counted() {
        let limiter = RateLimiter::per_minute(Some(1), 10);
        assert!((0..100).all(|_| limiter.peek(&"a", 0).is_ok()));
        assert_eq!(limiter.check("a", 0), Ok(()));
        assert_eq!(limiter.peek(&"a", 0), wait(60_000));
        assert_eq!(limiter.peek(&"a", 60_000), Ok(()));
    }

    proptest! {
        #[test]
        fn no_window_has_more_than_a_minutes_worth_and_what_the_rate_allows(
            per_minute in prop_oneof![1..100_u32, 1..2_000_u32],
            pauses_ms in vec((0..130_usize, 0..90_000_i64), 1..8),
        ) {
            let (limiter, mut now_ms, mut taken) = (RateLimiter::per_minute(Some(per_minute), 1), 0, Vec::new());
            for (tries, pause_ms) in pauses_ms {
                let tries = tries * per_minute as usize / 100 + 1;
                let counted = (0..tries).filter(|_| limiter.check("a", now_ms) == Ok(())).count();
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
        fn a_key_is_accepted_after_the_stated_wait_and_not_sooner(
            per_minute in prop_oneof![1..100_u32, 1..2_000_u32, Just(60_000)],
            pauses_ms in vec(0..2_000_i64, 0..50),
        ) {
            let (limiter, mut now_ms) = (RateLimiter::per_minute(Some(per_minute), 1), 0);
            for pause_ms in pauses_ms {
                now_ms += pause_ms;
                limiter.check("a", now_ms).ok();
            }
            // An accepted key tries again at once.
            let wait_ms = loop {
                if let Err(limited) = limiter.check("a", now_ms) { break limited.retry_after_ms.cast_signed() }
            };
            prop_assert!(wait_ms > 0);
            prop_assert_eq!(limiter.check("a", now_ms + wait_ms - 1), wait(1));
            prop_assert_eq!(limiter.check("a", now_ms + wait_ms), Ok(()));
            prop_assert!(limiter.check("a", now_ms + wait_ms) != Ok(()), "one, and not two");
        }
    }
}
