//! Wall time: keeps stored times in order when the machine's clock is set back.

/// The largest step back that is hidden. Corrections by a time service are far below.
const SMALL_STEP_MS: i64 = 60_000;

/// The time of an event after one of `before_ms`. After a small step back it is not earlier than that. After a larger one
/// it is the clock's, because the earlier time may have been the wrong one and must not be carried on.
pub(crate) fn after(before_ms: i64, now_ms: i64) -> i64 {
    if before_ms.saturating_sub(now_ms) <= SMALL_STEP_MS { now_ms.max(before_ms) } else { now_ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_step_back_is_hidden_and_a_large_one_is_not() {
        assert_eq!(after(1_000, 2_000), 2_000);
        assert_eq!(after(2_000, 1_000), 2_000);
        assert_eq!(after(100_000_000, 100_000_000 - SMALL_STEP_MS), 100_000_000);
        assert_eq!(after(100_000_000, 82_000_000), 82_000_000);
    }
}
