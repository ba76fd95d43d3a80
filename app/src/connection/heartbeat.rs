//! Heartbeat: finds out whether the server still answers. A browser does not show a page the server's WebSocket pings, and a
//! cut cable closes nothing, so the page pings when no frame has come for a while.

/// Milliseconds on top of the server's heartbeat before silence is suspicious.
const SLACK_MS: i64 = 2_000;

/// Milliseconds that a frame which must be answered may stay unanswered before a `ping` is sent.
const ANSWER_MS: i64 = 5_000;

/// Milliseconds that one `ping` may stay unanswered.
const PONG_MS: i64 = 5_000;

/// Unanswered pings after which the connection counts as dead.
const PINGS: u8 = 2;

/// What is to be done at this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeartbeatAction {
    /// Nothing to do before [`Heartbeat::next_check`].
    Wait,
    /// Send a `ping` with this nonce.
    Ping {
        /// Counts up.
        nonce: u32,
    },
    /// The server does not answer any more.
    Dead,
}

/// The heartbeat of one connection.
#[derive(Debug, Clone)]
pub(crate) struct Heartbeat {
    quiet_ms: i64,
    frame_at: i64,
    request_at: Option<i64>,
    pinged_at: i64,
    unanswered: u8,
    nonce: u32,
}

impl Heartbeat {
    /// For a connection that was welcomed at `now` with this heartbeat.
    pub(crate) fn new(heartbeat_ms: u32, now: i64) -> Self {
        Self {
            quiet_ms: i64::from(heartbeat_ms.clamp(1_000, 120_000)) + SLACK_MS,
            frame_at: now,
            request_at: None,
            pinged_at: now,
            unanswered: 0,
            nonce: 0,
        }
    }

    /// A frame came in: everything is well.
    pub(crate) fn frame_received(&mut self, now: i64) {
        self.frame_at = now;
        self.request_at = None;
        self.unanswered = 0;
    }

    /// A frame went out that must be answered.
    pub(crate) fn request_sent(&mut self, now: i64) {
        self.request_at.get_or_insert(now);
    }

    /// The page was away (hidden, asleep): be suspicious at once unless something came in just now.
    pub(crate) fn check_after_pause(&mut self, now: i64) -> HeartbeatAction {
        if self.unanswered == 0 && now - self.frame_at > ANSWER_MS {
            self.ping(now)
        } else {
            HeartbeatAction::Wait
        }
    }

    /// When to call [`Self::check`] again.
    pub(crate) fn next_check(&self) -> i64 {
        if self.unanswered > 0 {
            return self.pinged_at + PONG_MS;
        }
        let quiet = self.frame_at + self.quiet_ms;
        self.request_at.map_or(quiet, |sent| quiet.min(sent + ANSWER_MS))
    }

    /// Decides what is to be done at `now`.
    pub(crate) fn check(&mut self, now: i64) -> HeartbeatAction {
        if now < self.next_check() {
            HeartbeatAction::Wait
        } else if self.unanswered >= PINGS {
            HeartbeatAction::Dead
        } else {
            self.ping(now)
        }
    }

    fn ping(&mut self, now: i64) -> HeartbeatAction {
        self.unanswered += 1;
        self.pinged_at = now;
        self.nonce = self.nonce.wrapping_add(1);
        HeartbeatAction::Ping { nonce: self.nonce }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_beyond_the_heartbeat_is_asked_about_twice_and_then_believed() {
        let mut heartbeat = Heartbeat::new(20_000, 0);
        assert_eq!(heartbeat.check(21_999), HeartbeatAction::Wait);
        assert_eq!(heartbeat.check(22_000), HeartbeatAction::Ping { nonce: 1 });
        assert_eq!(heartbeat.check(26_999), HeartbeatAction::Wait);
        assert_eq!(heartbeat.check(27_000), HeartbeatAction::Ping { nonce: 2 });
        assert_eq!(heartbeat.check(31_999), HeartbeatAction::Wait);
        assert_eq!(heartbeat.check(32_000), HeartbeatAction::Dead);
    }

    #[test]
    fn any_frame_ends_the_doubt() {
        let mut heartbeat = Heartbeat::new(20_000, 0);
        assert_eq!(heartbeat.check(22_000), HeartbeatAction::Ping { nonce: 1 });
        heartbeat.frame_received(23_000);
        assert_eq!(heartbeat.next_check(), 45_000);
    }

    #[test]
    fn an_unanswered_question_is_noticed_long_before_the_heartbeat() {
        let mut heartbeat = Heartbeat::new(60_000, 0);
        heartbeat.request_sent(1_000);
        heartbeat.request_sent(4_000);
        assert_eq!(heartbeat.check(6_000), HeartbeatAction::Ping { nonce: 1 });
    }

    #[test]
    fn a_page_that_slept_asks_before_it_gives_up() {
        let mut heartbeat = Heartbeat::new(20_000, 0);
        assert_eq!(heartbeat.check(3_600_000), HeartbeatAction::Ping { nonce: 1 });
        assert_eq!(heartbeat.check(3_601_000), HeartbeatAction::Wait);

        let mut shown = Heartbeat::new(20_000, 0);
        assert_eq!(shown.check_after_pause(4_000), HeartbeatAction::Wait);
        assert_eq!(shown.check_after_pause(6_000), HeartbeatAction::Ping { nonce: 1 });
        assert_eq!(shown.check_after_pause(6_001), HeartbeatAction::Wait);
    }
}
