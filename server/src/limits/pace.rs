//! Pace: how long a client may keep the server waiting for bytes of one thing, or for room to write them. Pure: time is handed
//! in.
//!
//! Only the time counts in which the server waits: what it takes itself, with something else, is not counted against the client.

use std::time::Duration;

use tokio::time::Instant;
use websocket::WaitTime;

/// A client that has kept the server waiting for as long as the limit is given up when less than this moves on average. A page
/// comes within seconds over the slowest phone.
const SLOWEST_BYTES_PER_SECOND: f64 = 1024.0;

/// How fast something moves that ends when nothing of it moves for a limit, or too little on average.
#[derive(Debug)]
pub(crate) struct Pace {
    limit: Duration,
    /// With those that are given in advance.
    bytes: f64,
    waited: WaitTime,
}

impl Pace {
    /// `advance`: bytes that count as moved from the beginning.
    pub(crate) fn new(limit: Duration, advance: u32) -> Self {
        Self { limit, bytes: advance.into(), waited: WaitTime::default() }
    }

    /// So many bytes have moved.
    pub(crate) fn moved(&mut self, bytes: usize, now: Instant) {
        self.waited.end(now);
        #[expect(clippy::cast_precision_loss, reason = "nothing has as many bytes as f64 has whole numbers")]
        let bytes = bytes as f64;
        self.bytes += bytes;
    }

    /// The server waits; until when it may: for as long as the limit, and less if too little has moved for longer.
    pub(crate) fn until(&mut self, now: Instant) -> Instant {
        let enough = Duration::from_secs_f64(self.bytes / SLOWEST_BYTES_PER_SECOND);
        let on_average = self.waited.until(self.limit.max(enough), now);
        // The limit counts from when it began to wait.
        on_average.min(self.waited.since().unwrap_or(now) + self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// So many bytes come after each pause; how often, if it is given up before a thousand times.
    fn given_up(advance: u32, pause: Duration, bytes: usize) -> Option<u32> {
        let (mut pace, mut now) = (Pace::new(LIMIT, advance), Instant::now());
        for times in 0..1_000 {
            let until = pace.until(now);
            now += pause;
            assert_eq!(pace.until(now), until, "waiting again does not move the end");
            if now > until {
                return Some(times);
            }
            pace.moved(bytes, now);
        }
        None
    }

    #[test]
    fn what_does_not_move_or_too_little_on_average_is_given_up() {
        for advance in [0, 64 * 1024] {
            assert_eq!(given_up(advance, seconds(31), 1_000_000), Some(0), "nothing moves");
            assert_eq!(given_up(advance, seconds(29), 1_000_000), None, "something moves");
            assert_eq!(given_up(advance, seconds(1), 1_100), None, "a slow phone");
        }
        assert_eq!(given_up(0, seconds(29), 1), Some(1), "a byte now and then");
        assert_eq!(given_up(64 * 1024, seconds(29), 1), Some(2), "a byte now and then");
        assert_eq!(given_up(0, seconds(1), 500), Some(30), "too little on average");
        assert_eq!(given_up(64 * 1024, seconds(1), 500), Some(124), "too little on average");
    }
}
