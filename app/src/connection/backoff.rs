//! Backoff: how long to wait before the next attempt. The random number comes from outside, in `0.0..1.0`.

/// The first wait is drawn from zero to this.
const BASE_MS: u32 = 500;

/// No wait is longer than this, however often it failed.
const CAP_MS: u32 = 20_000;

/// Milliseconds before attempt number `attempt` (1 is the first one after a failure).
///
/// Full jitter: anything from zero to a ceiling that doubles each time, so that a thousand pages that lost the same
/// server do not come back in the same moment.
pub(crate) fn delay_ms(attempt: u32, random: f64) -> u32 {
    let doublings = attempt.saturating_sub(1).min(16);
    let ceiling = BASE_MS.saturating_mul(1 << doublings).min(CAP_MS);
    part_of(ceiling, random)
}

/// A wait that the server asked for, stretched by up to a half so that its clients do not all come at once.
pub(crate) fn after_hint_ms(hint_ms: u32, random: f64) -> u32 {
    hint_ms.saturating_add(part_of((hint_ms / 2).max(BASE_MS), random))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of a u32, between zero and the whole"
)]
fn part_of(whole: u32, random: f64) -> u32 {
    (f64::from(whole) * random.clamp(0.0, 1.0)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_cap() {
        let ceilings: Vec<u32> = (1..=8).map(|attempt| delay_ms(attempt, 1.0)).collect();
        assert_eq!(ceilings, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
        assert_eq!(delay_ms(u32::MAX, 1.0), 20_000);
    }

    #[test]
    fn a_wait_may_be_anything_below_its_ceiling() {
        assert_eq!(delay_ms(3, 0.0), 0);
        assert_eq!(delay_ms(3, 0.5), 1_000);
    }

    #[test]
    fn a_hint_is_kept_and_stretched() {
        assert_eq!(after_hint_ms(4_000, 0.0), 4_000);
        assert_eq!(after_hint_ms(4_000, 1.0), 6_000);
        assert_eq!(after_hint_ms(0, 1.0), 500);
        assert_eq!(after_hint_ms(u32::MAX, 1.0), u32::MAX);
    }
}
