//! Pings and what became of them: how long each took there and back.

use std::collections::VecDeque;

/// Round trips that figures are made of.
const KEPT: usize = 20;

/// Pings that may be without an answer; older ones count as lost.
const MAX_WAITING: usize = 20;

/// The first number of a ping. The connection counts its own from 1.
const FIRST: u32 = 1_000_000;

/// See the module's description. Times are in microseconds of any clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoundTrips {
    waiting: VecDeque<(u32, u64)>,
    done: VecDeque<u64>,
    sent: u32,
}

/// The last, the median and the worst round trip, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Of the newest answer.
    pub last: u64,
    /// Half of them were faster.
    pub median: u64,
    /// The slowest.
    pub worst: u64,
    /// How many these figures are made of.
    pub count: usize,
}

impl RoundTrips {
    /// A ping goes out. Returns its number.
    pub fn sent(&mut self, now: u64) -> u32 {
        let nonce = FIRST.wrapping_add(self.sent);
        self.sent = self.sent.wrapping_add(1);
        self.waiting.push_back((nonce, now));
        if self.waiting.len() > MAX_WAITING {
            self.waiting.pop_front();
        }
        nonce
    }

    /// An answer came. Returns whether it was to one of these pings.
    pub fn answered(&mut self, nonce: u32, now: u64) -> bool {
        let Some(at) = self.waiting.iter().position(|(it, _)| *it == nonce) else {
            return false;
        };
        let Some((_, sent)) = self.waiting.remove(at) else { return false };
        self.done.push_back(now.saturating_sub(sent));
        if self.done.len() > KEPT {
            self.done.pop_front();
        }
        true
    }

    /// The connection is gone, and with it every answer that was still to come.
    pub fn lost(&mut self) -> bool {
        let had = !self.waiting.is_empty();
        self.waiting.clear();
        had
    }

    /// What can be said about the last answers; `None` without any.
    pub fn figures(&self) -> Option<Figures> {
        let mut sorted: Vec<u64> = self.done.iter().copied().collect();
        sorted.sort_unstable();
        let median = *sorted.get((sorted.len().checked_sub(1)?) / 2)?;
        Some(Figures { last: *self.done.back()?, median, worst: *sorted.last()?, count: sorted.len() })
    }
}

/// "0.4 ms", "12.0 ms", "1.20 s"
pub fn words(micros: u64) -> String {
    if micros < 1_000_000 {
        format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100)
    } else {
        format!("{}.{:02} s", micros / 1_000_000, micros % 1_000_000 / 10_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_of_the_last_twenty() {
        let mut trips = RoundTrips::default();
        assert_eq!(trips.figures(), None);
        for n in 1..=30 {
            let nonce = trips.sent(0);
            assert!(trips.answered(nonce, n));
        }
        assert_eq!(trips.figures(), Some(Figures { last: 30, median: 20, worst: 30, count: 20 }));
    }

    #[test]
    fn answers_may_come_out_of_order_and_count_once() {
        let mut trips = RoundTrips::default();
        let (one, two) = (trips.sent(0), trips.sent(10));
        assert!(trips.answered(two, 15));
        assert!(trips.answered(one, 40));
        assert!(!trips.answered(one, 50));
        assert!(!trips.answered(1, 50), "one of the connection's own");
        assert_eq!(trips.figures(), Some(Figures { last: 40, median: 5, worst: 40, count: 2 }));
    }

    #[test]
    fn what_was_lost_is_not_answered() {
        let mut trips = RoundTrips::default();
        let nonce = trips.sent(0);
        assert!(trips.lost());
        assert!(!trips.answered(nonce, 9));
        assert!(!trips.lost());
    }

    #[test]
    fn times_have_units() {
        let shown: Vec<String> = [0, 450, 12_000, 1_204_999].into_iter().map(words).collect();
        assert_eq!(shown, ["0.0 ms", "0.4 ms", "12.0 ms", "1.20 s"]);
    }
}
