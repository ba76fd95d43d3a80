//! Message rate: counts the messages of the last seconds, for operators.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// Seconds in the mean: enough to be steady, few enough to be current.
const SECONDS: usize = 10;

/// The same as a divisor.
const MEAN_OF: f64 = 10.0;

/// A count for each of the last seconds.
pub(crate) struct MessageRate {
    begun: Instant,
    /// Second and count. The index of a second is its number modulo [`SECONDS`].
    counts: Mutex<[(usize, u32); SECONDS]>,
}

impl Default for MessageRate {
    fn default() -> Self {
        Self { begun: Instant::now(), counts: Mutex::default() }
    }
}

impl MessageRate {
    /// Counts so many messages.
    pub(crate) fn count(&self, more: usize) {
        let second = self.second();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, count)) = counts.get_mut(second % SECONDS) {
            if *of != second {
                (*of, *count) = (second, 0);
            }
            *count = count.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        }
    }

    /// The mean of the last ten seconds.
    pub(crate) fn per_second(&self) -> f64 {
        let second = self.second();
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = counts.iter().filter(|(of, _)| of + SECONDS > second);
        // The sum of nothing is -0.0 (`f64` as `Sum`), which JSON would show.
        recent.fold(0.0, |sum, (_, count)| sum + f64::from(*count)) / MEAN_OF
    }

    fn second(&self) -> usize {
        usize::try_from(self.begun.elapsed().as_secs()).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn messages_leave_the_mean_after_ten_seconds() {
        let rate = MessageRate::default();
        rate.count(7);
        tokio::time::advance(Duration::from_secs(1)).await;
        rate.count(8);
        assert!((rate.per_second() - 1.5).abs() < f64::EPSILON);
        tokio::time::advance(Duration::from_secs(9)).await;
        assert!((rate.per_second() - 0.8).abs() < f64::EPSILON);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(rate.per_second().abs() < f64::EPSILON);
        assert!(rate.per_second().is_sign_positive(), "no zero with a minus");
    }
}
