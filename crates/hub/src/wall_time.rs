//! Times of the calendar that are kept and shown, when the machine's clock is set to another time.

/// How far back the clock may be set before what comes later is dated earlier. Corrections by a time service are far below.
const SMALL_STEP_MS: i64 = 60_000;

/// The time of what comes after something of `before_ms`: not earlier than that when the clock went back a little, and the
/// clock's own when it went back further, because then the earlier time may have been the wrong one, and what follows must not
/// carry it for as long as the step was.
pub(crate) fn after(before_ms: i64, now_ms: i64) -> i64 {
    if before_ms.saturating_sub(now_ms) <= SMALL_STEP_MS { now_ms.max(before_ms) } else { now_ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_step_back_is_hidden_and_a_large_one_is_not_carried_on() {
        assert_eq!(after(1_000, 2_000), 2_000);
        assert_eq!(after(2_000, 1_000), 2_000);
        assert_eq!(after(100_000_000, 100_000_000 - SMALL_STEP_MS), 100_000_000);
        assert_eq!(after(100_000_000, 82_000_000), 82_000_000);
    }
}
