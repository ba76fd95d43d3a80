//! GCRA: the arithmetic of every rate limit (the generic cell rate algorithm), because those of users here and those of
//! addresses and logins in the server must count alike.
//!
//! A limiter is one number: the moment at which everything that was counted is free again. Moments and costs
//! are nanoseconds of a clock of the caller that never goes back.
//!
//! It is ours and not `governor`'s, which cannot do what the limits here need: find out whether one more would pass without
//! counting it, count what has come already beyond the limit and say how long to wait for it, and count amounts beyond 32 bits
//! (the bytes of a day).

/// So many cells at once, and then one after each interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gcra {
    interval_ns: u64,
    burst_ns: u64,
}

impl Gcra {
    /// `burst` cells at once (0 is taken as 1), and one after each `interval_ns`.
    pub fn new(interval_ns: u64, burst: u32) -> Self {
        Self { interval_ns, burst_ns: interval_ns.saturating_mul(u64::from(burst.max(1))) }
    }

    /// Counts one cell: the new moment.
    ///
    /// # Errors
    /// For how many nanoseconds the cell has to wait. Then nothing was counted.
    pub fn check(self, used_until: u64, now: u64) -> Result<u64, u64> {
        self.check_cost(used_until, now, self.interval_ns)
    }

    /// Counts what costs so many nanoseconds: the new moment.
    ///
    /// # Errors
    /// As [`Gcra::check`].
    pub fn check_cost(self, used_until: u64, now: u64, cost_ns: u64) -> Result<u64, u64> {
        match self.charge(used_until, now, cost_ns) {
            (after, 0) => Ok(after),
            (_, wait_ns) => Err(wait_ns),
        }
    }

    /// Counts so many cells, whether there is room for them or not: the new moment, and for how many nanoseconds what was
    /// counted has to wait.
    pub fn charge_cells(self, used_until: u64, now: u64, cells: u64) -> (u64, u64) {
        self.charge(used_until, now, self.interval_ns.saturating_mul(cells))
    }

    fn charge(self, used_until: u64, now: u64, cost_ns: u64) -> (u64, u64) {
        let after = used_until.max(now).saturating_add(cost_ns);
        (after, after.saturating_sub(now.saturating_add(self.burst_ns)))
    }
}
