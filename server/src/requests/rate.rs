//! How often an address may ask (the generic cell rate algorithm: one number for each address). Time is handed in:
//! milliseconds of a clock that never goes back.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Requests that may come at once, as a multiple of those of a second: an office opens its pages at nine.
const BURST: i64 = 5;

/// So many addresses are kept before it is worth looking for some that can go.
const FEW: usize = 1_024;

/// Addresses that are counted at a time, some 6 MB. When more than these have asked within seconds, all begin anew: nobody
/// is refused because of others.
const MOST: usize = 100_000;

pub(super) struct AddressRate {
    per_second: Option<u32>,
    table: Mutex<Table>,
}

struct Table {
    /// When the bucket of an address is empty, in microseconds.
    empty_at_us: HashMap<IpAddr, i64>,
    /// At this size it is looked through again: twice what was left the last time, so that looking stays cheap.
    sweep_at: usize,
}

impl AddressRate {
    /// Nobody has asked yet. Without a number everybody may ask as often as they like.
    pub(super) fn new(per_second: Option<u32>) -> Self {
        Self { per_second, table: Mutex::new(Table { empty_at_us: HashMap::new(), sweep_at: FEW }) }
    }

    /// Counts a request; otherwise how many milliseconds to wait for the next one.
    pub(super) fn count(&self, address: IpAddr, now_ms: i64) -> Result<(), u64> {
        let Some(per_second) = self.per_second else { return Ok(()) };
        let now = now_ms.saturating_mul(1_000);
        // Rather too long than too short.
        let step_us = i64::from(1_000_000_u32.div_ceil(per_second.max(1)));
        let full_us = step_us.saturating_mul(i64::from(per_second.max(1))).saturating_mul(BURST);
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.make_room(now);
        let empty_at_us = table.empty_at_us.entry(address).or_insert(now);
        let after_us = (*empty_at_us).max(now).saturating_add(step_us);
        let over_us = after_us.saturating_sub(now).saturating_sub(full_us);
        if over_us > 0 {
            return Err(over_us.unsigned_abs().div_ceil(1_000));
        }
        *empty_at_us = after_us;
        Ok(())
    }
}

impl Table {
    fn make_room(&mut self, now: i64) {
        if self.empty_at_us.len() < self.sweep_at {
            return;
        }
        self.empty_at_us.retain(|_, empty_at_us| *empty_at_us > now);
        if self.empty_at_us.len() >= MOST {
            self.empty_at_us.clear();
        }
        self.sweep_at = FEW.max(self.empty_at_us.len() * 2).min(MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(number: usize) -> IpAddr {
        IpAddr::from(u32::try_from(number).unwrap().to_be_bytes())
    }

    #[test]
    fn five_seconds_worth_at_once_and_then_the_rate() {
        let rate = AddressRate::new(Some(10));
        assert!((0..50).all(|_| rate.count(from(1), 0).is_ok()));
        assert_eq!(rate.count(from(1), 0), Err(100));
        assert_eq!(rate.count(from(2), 0), Ok(()));
        assert_eq!(rate.count(from(1), 99), Err(1));
        assert_eq!(rate.count(from(1), 100), Ok(()));
        assert_eq!(rate.count(from(1), 100), Err(100));
        assert!((0..10_000).all(|_| AddressRate::new(None).count(from(1), 0).is_ok()));
    }

    #[test]
    fn memory_is_bounded_and_no_newcomer_is_refused() {
        let rate = AddressRate::new(Some(1));
        for number in 0..MOST * 2 + 5 {
            assert_eq!(rate.count(from(number), 0), Ok(()));
            assert!(rate.table.lock().unwrap().empty_at_us.len() <= MOST);
        }
        rate.count(from(1), 10_000).unwrap();
        for number in 0..FEW * 3 {
            rate.count(from(number), 10_000 + i64::try_from(number).unwrap() * 10_000).unwrap();
        }
        assert!(rate.table.lock().unwrap().empty_at_us.len() <= FEW);
    }
}
