//! Wait time: how long the server has waited for bytes of one thing altogether, because the time that it spends on
//! something else is not the client's fault. Pure: time is handed in.

use std::time::Duration;

use tokio::time::Instant;

/// The time in which the server waited.
#[derive(Debug, Default)]
pub struct WaitTime {
    /// In waits that have ended.
    before: Duration,
    since: Option<Instant>,
}

impl WaitTime {
    /// The server waits; until when, if it may do so for `most` altogether. Asking again does not move that.
    pub fn until(&mut self, most: Duration, now: Instant) -> Instant {
        *self.since.get_or_insert(now) + most.saturating_sub(self.before)
    }

    /// When the wait began that has not ended.
    pub fn since(&self) -> Option<Instant> {
        self.since
    }

    /// Something has moved.
    pub fn end(&mut self, now: Instant) {
        if let Some(since) = self.since.take() {
            self.before += now.saturating_duration_since(since);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn only_the_time_counts_in_which_the_server_waits() {
        let (mut waited, now) = (WaitTime::default(), Instant::now());
        assert_eq!(waited.until(LIMIT, now), now + LIMIT);
        waited.end(now + seconds(20));
        waited.end(now + seconds(500));
        let later = now + seconds(1_000);
        assert_eq!(waited.until(LIMIT, later), later + seconds(10));
        assert_eq!(waited.until(LIMIT, later + seconds(5)), later + seconds(10));
        waited.end(later + seconds(11));
        assert_eq!(waited.until(LIMIT, later + seconds(20)), later + seconds(20));
    }
}
