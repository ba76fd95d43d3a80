//! `SystemClock`: the machine's clocks, handed to everything that needs the time, so that tests can set it.

use std::time::Instant;

use hub::store::Clock;
use jiff::Timestamp;

/// The calendar of this machine, and the time since this value was made.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    begun: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { begun: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        Timestamp::now().as_millisecond()
    }

    fn monotonic_ms(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// RFC 3339 in UTC with milliseconds and `Z`, as the REST API shows times.
pub fn rfc3339(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{at:.3}")
}

/// A time as a part of a file's name: `20260921T141320.120Z`.
pub fn file_time(at_ms: i64) -> String {
    rfc3339(at_ms).replace(['-', ':'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_a_name_has_no_marks() {
        assert_eq!(file_time(1_790_000_000_120), "20260921T141320.120Z");
    }

    #[test]
    fn times_carry_milliseconds_and_z() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_790_000_000_120), "2026-09-21T14:13:20.120Z");
    }
}
