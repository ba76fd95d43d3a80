//! Rate limits: how often a user or a connection may do something, by the generic cell rate algorithm, which needs one number
//! for each limiter.

mod gcra;
mod registry;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::HubError;
use crate::quotas::Daily;

pub use gcra::Gcra;
pub(crate) use registry::LimiterRegistry;

/// A sustained rate, and a burst on top of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Operations in each second, for any time. 0 is taken as 1.
    pub per_second: u32,
    /// Operations at once, after a pause. 0 is taken as 1.
    pub burst: u32,
}

impl Rate {
    /// The time that one operation takes is rounded up.
    fn gcra(self) -> Gcra {
        Gcra::new(1_000_000_000_u64.div_ceil(u64::from(self.per_second.max(1))), self.burst)
    }
}

/// The rates of a user and of each connection; `None`: without a limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    /// Messages of a user, over all connections.
    pub messages: Option<Rate>,
    /// Typing notifications of a user, over all connections.
    pub typing: Option<Rate>,
    /// Broadcasts of one connection.
    pub broadcasts: Option<Rate>,
    /// Commands of any kind on one connection.
    pub commands: Option<Rate>,
    /// Bytes that a user sends over all connections, as they are after inflating.
    pub bytes: Option<Rate>,
    /// Requests of a user, over REST and all connections.
    pub requests: Option<Rate>,
}

/// The time in which the budget of a day is free again.
const DAY: Duration = Duration::from_hours(24);

/// One limiter. Shared by reference, without a lock.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    begun: Instant,
    /// When everything that was counted is free again, in nanoseconds since `begun`.
    free_at_ns: AtomicU64,
}

impl Default for RateLimiter {
    fn default() -> Self {
        Self { begun: Instant::now(), free_at_ns: AtomicU64::new(0) }
    }
}

impl RateLimiter {
    /// Counts one operation.
    ///
    /// # Errors
    /// [`HubError::TooFast`]. Then nothing was counted.
    pub(crate) fn check(&self, rate: Option<Rate>) -> Result<(), HubError> {
        let Some(rate) = rate else { return Ok(()) };
        let whole_ms =
            |wait: Duration| u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        self.count(rate, Instant::now()).map_err(|wait| HubError::TooFast { retry_after_ms: whole_ms(wait) })
    }

    /// Takes an amount out of the budget of a day. It comes back evenly, all of it within a day.
    ///
    /// # Errors
    /// [`HubError::OverDaily`]. Then nothing was taken.
    pub(crate) fn spend(&self, quota: Daily, amount: u64, per_day: u64) -> Result<(), HubError> {
        self.take(quota, amount, per_day.max(1), Instant::now())
    }

    /// As [`RateLimiter::spend`], at this moment.
    fn take(&self, quota: Daily, amount: u64, per_day: u64, now: Instant) -> Result<(), HubError> {
        let now_ns = self.ns_at(now);
        let day_ns = u64::try_from(DAY.as_nanos()).unwrap_or(u64::MAX);
        let cost_ns = (u128::from(amount) * u128::from(day_ns)).div_ceil(u128::from(per_day));
        let cost_ns = u64::try_from(cost_ns).unwrap_or(u64::MAX);
        let end_ns = now_ns.saturating_add(day_ns);
        let (mut over_ns, mut left_ns) = (0, 0);
        let budget = Gcra::new(day_ns, 1);
        let taken = self.free_at_ns.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free_at| {
            left_ns = end_ns.saturating_sub(free_at.max(now_ns));
            budget.check_cost(free_at, now_ns, cost_ns).map_err(|wait_ns| over_ns = wait_ns).ok()
        });
        taken.map(|_| ()).map_err(|_| {
            let left = u128::from(left_ns) * u128::from(per_day) / u128::from(day_ns);
            HubError::OverDaily {
                quota,
                per_day,
                left: u64::try_from(left).unwrap_or(u64::MAX),
                retry_after_ms: over_ns.div_ceil(1_000_000),
            }
        })
    }

    fn ns_at(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.begun).as_nanos()).unwrap_or(u64::MAX)
    }

    /// Whether a new limiter would do as well.
    pub(crate) fn is_free(&self, now: Instant) -> bool {
        u128::from(self.free_at_ns.load(Ordering::Relaxed))
            <= now.saturating_duration_since(self.begun).as_nanos()
    }

    /// Counts so many operations, also beyond the rate. Returns how long to wait before they are executed; zero within the
    /// rate.
    pub(crate) fn charge(&self, rate: Rate, count: usize) -> Duration {
        self.charge_at(rate, count, Instant::now())
    }

    fn charge_at(&self, rate: Rate, count: usize, now: Instant) -> Duration {
        let (now_ns, count) = (self.ns_at(now), u64::try_from(count).unwrap_or(u64::MAX));
        let mut wait_ns = 0;
        let charge = |free_at| {
            let (after, wait) = rate.gcra().charge_cells(free_at, now_ns, count);
            wait_ns = wait;
            Some(after)
        };
        // Nothing is refused.
        self.free_at_ns.fetch_update(Ordering::Relaxed, Ordering::Relaxed, charge).ok();
        Duration::from_nanos(wait_ns)
    }

    /// As [`RateLimiter::check`], at this moment; the error is how long to wait until one would have been accepted.
    fn count(&self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let now_ns = self.ns_at(now);
        let mut over_ns = 0;
        let counted = self.free_at_ns.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free_at| {
            rate.gcra().check(free_at, now_ns).map_err(|wait_ns| over_ns = wait_ns).ok()
        });
        counted.map(|_| ()).map_err(|_| Duration::from_nanos(over_ns))
    }
}

/// The limiters of one user, over all connections and REST.
#[derive(Debug, Default)]
pub(crate) struct UserLimiters {
    pub(crate) messages: RateLimiter,
    pub(crate) typing: RateLimiter,
    pub(crate) bytes: RateLimiter,
    pub(crate) requests: RateLimiter,
    pub(crate) rooms_made: RateLimiter,
    pub(crate) strangers: RateLimiter,
    pub(crate) stored_bytes: RateLimiter,
}

impl UserLimiters {
    /// Whether new limiters would do as well.
    pub(crate) fn are_free(&self, now: Instant) -> bool {
        let all = [
            &self.messages,
            &self.typing,
            &self.bytes,
            &self.requests,
            &self.rooms_made,
            &self.strangers,
            &self.stored_bytes,
        ];
        all.iter().all(|limiter| limiter.is_free(now))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn burst_is_accepted_then_the_rate_holds() {
        let (limiter, rate) = (RateLimiter::default(), Rate { per_second: 10, burst: 3 });
        let start = Instant::now();
        for _ in 0..3 {
            limiter.count(rate, start).unwrap();
        }
        let wait = limiter.count(rate, start).unwrap_err();
        assert!(wait > Duration::from_millis(90) && wait <= Duration::from_millis(100), "{wait:?}");
        limiter.count(rate, start + Duration::from_millis(101)).unwrap();
        assert!(limiter.count(rate, start + Duration::from_millis(101)).is_err());
        for _ in 0..3 {
            limiter.count(rate, start + Duration::from_secs(5)).unwrap();
        }
    }

    #[test]
    fn budget_of_a_day_comes_back_evenly() {
        let (limiter, start) = (RateLimiter::default(), Instant::now());
        let take =
            |amount, hours| limiter.take(Daily::Bytes, amount, 240, start + Duration::from_hours(hours));
        take(200, 0).unwrap();
        let refused = take(60, 0).unwrap_err();
        let HubError::OverDaily { left: 40, per_day: 240, retry_after_ms, .. } = refused else {
            panic!("{refused:?}");
        };
        assert!((7_199_000..=7_201_000).contains(&retry_after_ms), "two hours: {retry_after_ms}");
        take(60, 3).unwrap();
        assert!(take(11, 3).is_err());
        take(10, 3).unwrap();
        take(240, 3 + 24).unwrap();
        assert!(take(1, 3 + 24).is_err());
    }

    #[test]
    fn everything_is_accepted_without_a_rate() {
        let limiter = RateLimiter::default();
        assert!((0..10_000).all(|_| limiter.check(None).is_ok()));
    }

    #[test]
    fn charge_beyond_the_rate_returns_a_wait() {
        let (limiter, rate) = (RateLimiter::default(), Rate { per_second: 1_000, burst: 2_000 });
        let start = Instant::now();
        assert_eq!(limiter.charge_at(rate, 1_500, start), Duration::ZERO);
        assert_eq!(limiter.charge_at(rate, 1_500, start), Duration::from_secs(1));
        assert_eq!(limiter.charge_at(rate, 500, start + Duration::from_secs(1)), Duration::from_millis(500));
        assert_eq!(limiter.charge_at(rate, 2_000, start + Duration::from_mins(1)), Duration::ZERO);
        assert!(limiter.charge_at(rate, usize::MAX, start) > Duration::from_hours(1));
    }

    /// Of operations with these pauses before them, the moments at which one was accepted.
    fn accepted(limiter: &RateLimiter, rate: Rate, pauses_ns: &[u64]) -> Vec<u64> {
        let mut now_ns = 0;
        let arrivals = pauses_ns.iter().map(|pause| {
            now_ns += pause;
            now_ns
        });
        let at = |ns: u64| limiter.begun + Duration::from_nanos(ns);
        arrivals.filter(|ns| limiter.count(rate, at(*ns)).is_ok()).collect()
    }

    proptest! {
        #[test]
        fn no_window_exceeds_the_burst_and_the_rate(
            per_second in prop_oneof![1..20_u32, 1..5_000_u32, any::<u32>()],
            burst in 0..20_u32,
            pauses_ns in vec(prop_oneof![Just(0), 0..2_000_000_u64, 0..2_000_000_000_u64], 1..150),
        ) {
            let accepted = accepted(&RateLimiter::default(), Rate { per_second, burst }, &pauses_ns);
            prop_assert!(!accepted.is_empty(), "the first one is accepted");
            for (first, start) in accepted.iter().enumerate() {
                for (last, end) in accepted.iter().enumerate().skip(first) {
                    let beyond_the_burst = (last - first + 1).saturating_sub(burst.max(1) as usize) as u128;
                    let allowed = u128::from(per_second) * u128::from(end - start);
                    prop_assert!(beyond_the_burst * 1_000_000_000 <= allowed, "{start} to {end}");
                }
            }
        }

        #[test]
        fn operation_is_accepted_after_the_returned_wait_and_not_before(
            per_second in 1..1_000_000_u32,
            burst in 0..20_u32,
            pauses_ns in vec(0..100_000_000_u64, 0..50),
        ) {
            let (limiter, rate) = (RateLimiter::default(), Rate { per_second, burst });
            accepted(&limiter, rate, &pauses_ns);
            let mut now = limiter.begun + Duration::from_nanos(pauses_ns.iter().sum());
            // After each accepted operation the next one comes at once.
            let wait = loop {
                if let Err(wait) = limiter.count(rate, now) { break wait }
            };
            let soon = now + wait.checked_sub(Duration::from_nanos(1)).unwrap();
            prop_assert_eq!(limiter.count(rate, soon), Err(Duration::from_nanos(1)));
            now += wait;
            prop_assert_eq!(limiter.count(rate, now), Ok(()));
            prop_assert!(limiter.count(rate, now).is_err(), "one, and not two");
        }
    }
}
