//! Whether the other end still answers. A browser does not show a page the server's WebSocket pings, and a cut cable
//! closes nothing, so the page asks by itself when it has heard nothing for a while.

/// Milliseconds on top of the server's heartbeat before silence is suspicious.
const SLACK_MS: i64 = 2_000;

/// Milliseconds that something which must be answered may stay unanswered before we ask whether anybody is there.
const ANSWER_MS: i64 = 5_000;

/// Milliseconds that one `ping` may stay unanswered.
const PONG_MS: i64 = 5_000;

/// Unanswered pings after which the connection counts as dead.
const PINGS: u8 = 2;

/// What a look at the clock found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pulse {
    /// Nothing to do before [`Liveness::due`].
    Fine,
    /// Send a `ping` with this nonce.
    Ping {
        /// Counts up.
        nonce: u32,
    },
    /// Nobody is there.
    Dead,
}

/// The pulse of one connection.
#[derive(Debug, Clone)]
pub(crate) struct Liveness {
    quiet_ms: i64,
    heard_at: i64,
    asked_at: Option<i64>,
    pinged_at: i64,
    unanswered: u8,
    nonce: u32,
}

impl Liveness {
    /// For a connection that was welcomed at `now` with this heartbeat.
    pub(crate) fn new(heartbeat_ms: u32, now: i64) -> Self {
        Self {
            quiet_ms: i64::from(heartbeat_ms.clamp(1_000, 120_000)) + SLACK_MS,
            heard_at: now,
            asked_at: None,
            pinged_at: now,
            unanswered: 0,
            nonce: 0,
        }
    }

    /// A frame came in: everything is well.
    pub(crate) fn heard(&mut self, now: i64) {
        self.heard_at = now;
        self.asked_at = None;
        self.unanswered = 0;
    }

    /// A frame went out that must be answered.
    pub(crate) fn asked(&mut self, now: i64) {
        self.asked_at.get_or_insert(now);
    }

    /// The page was away (hidden, asleep): be suspicious at once unless something came in just now.
    pub(crate) fn doubt(&mut self, now: i64) -> Pulse {
        if self.unanswered == 0 && now - self.heard_at > ANSWER_MS { self.ping(now) } else { Pulse::Fine }
    }

    /// When to look again.
    pub(crate) fn due(&self) -> i64 {
        if self.unanswered > 0 {
            return self.pinged_at + PONG_MS;
        }
        let quiet = self.heard_at + self.quiet_ms;
        self.asked_at.map_or(quiet, |asked| quiet.min(asked + ANSWER_MS))
    }

    /// Looks at the clock.
    pub(crate) fn check(&mut self, now: i64) -> Pulse {
        if now < self.due() {
            Pulse::Fine
        } else if self.unanswered >= PINGS {
            Pulse::Dead
        } else {
            self.ping(now)
        }
    }

    fn ping(&mut self, now: i64) -> Pulse {
        self.unanswered += 1;
        self.pinged_at = now;
        self.nonce = self.nonce.wrapping_add(1);
        Pulse::Ping { nonce: self.nonce }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_beyond_the_heartbeat_is_asked_about_twice_and_then_believed() {
        let mut pulse = Liveness::new(20_000, 0);
        assert_eq!(pulse.check(21_999), Pulse::Fine);
        assert_eq!(pulse.check(22_000), Pulse::Ping { nonce: 1 });
        assert_eq!(pulse.check(26_999), Pulse::Fine);
        assert_eq!(pulse.check(27_000), Pulse::Ping { nonce: 2 });
        assert_eq!(pulse.check(31_999), Pulse::Fine);
        assert_eq!(pulse.check(32_000), Pulse::Dead);
    }

    #[test]
    fn any_frame_ends_the_doubt() {
        let mut pulse = Liveness::new(20_000, 0);
        assert_eq!(pulse.check(22_000), Pulse::Ping { nonce: 1 });
        pulse.heard(23_000);
        assert_eq!(pulse.due(), 45_000);
    }

    #[test]
    fn an_unanswered_question_is_noticed_long_before_the_heartbeat() {
        let mut pulse = Liveness::new(60_000, 0);
        pulse.asked(1_000);
        pulse.asked(4_000);
        assert_eq!(pulse.check(6_000), Pulse::Ping { nonce: 1 });
    }

    #[test]
    fn a_page_that_slept_asks_before_it_gives_up() {
        let mut pulse = Liveness::new(20_000, 0);
        assert_eq!(pulse.check(3_600_000), Pulse::Ping { nonce: 1 });
        assert_eq!(pulse.check(3_601_000), Pulse::Fine);

        let mut shown = Liveness::new(20_000, 0);
        assert_eq!(shown.doubt(4_000), Pulse::Fine);
        assert_eq!(shown.doubt(6_000), Pulse::Ping { nonce: 1 });
        assert_eq!(shown.doubt(6_001), Pulse::Fine);
    }
}
