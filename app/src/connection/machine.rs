//! State machine: decides what the connection does next. It has no socket, no timer and no clock: inputs come in with the
//! time and a random number, outputs go to the transport. So every reconnect that can happen in a browser can happen in a
//! test.

use protocol::CloseCode;

use super::backoff;
use super::heartbeat::{Heartbeat, HeartbeatAction};
use crate::model::connection_state::ConnectionState;

/// Milliseconds that one attempt may take, from asking for a ticket to the server's welcome.
const ATTEMPT_MS: i64 = 10_000;

/// A connection that lived for so long was a good one: the next failure counts as the first.
const STABLE_MS: i64 = 5_000;

/// Between two quiet attempts while the browser says that there is no network. It can be wrong (a server on the same
/// machine needs none), so it is not taken as the last word.
const OFFLINE_RETRY_MS: i64 = 20_000;

/// The hint to use when the server says "too many connections" without one.
const TOO_MANY_MS: u32 = 5_000;

const FORBIDDEN: &str = "The server does not let this account connect.";

/// Which attempt something belongs to. What comes late from an earlier one is ignored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct AttemptId(u32);

/// Input: what has happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Input {
    /// The page wants a connection.
    Connect,
    /// The user wants none, until they say otherwise.
    Disconnect,
    /// The user pressed "Retry now".
    RetryNow,
    /// The browser says that there is a network again.
    NetworkUp,
    /// The browser says that there is none.
    NetworkDown,
    /// The page came into view.
    Shown,
    /// A ticket came.
    Ticket(AttemptId, String),
    /// No ticket came.
    NoTicket(AttemptId, NoTicket),
    /// The server said welcome.
    Welcome(AttemptId, u32),
    /// Any frame came in.
    FrameReceived(AttemptId),
    /// A frame went out that must be answered.
    RequestSent,
    /// The server is about to stop and says when to come back.
    Closing(AttemptId, u32),
    /// The socket is closed.
    Closed(AttemptId, u16),
    /// The time that was asked for by [`Machine::next_wake`] has come.
    Timer,
}

impl Input {
    /// The attempt that it belongs to, if it belongs to one.
    fn attempt(&self) -> Option<AttemptId> {
        match self {
            Self::Ticket(of, _)
            | Self::NoTicket(of, _)
            | Self::Welcome(of, _)
            | Self::FrameReceived(of)
            | Self::Closing(of, _)
            | Self::Closed(of, _) => Some(*of),
            Self::Connect
            | Self::Disconnect
            | Self::RetryNow
            | Self::NetworkUp
            | Self::NetworkDown
            | Self::Shown
            | Self::RequestSent
            | Self::Timer => None,
        }
    }
}

/// Why there is no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoTicket {
    /// The cookie is not good any more.
    SignedOut,
    /// It is, but this account may not.
    Forbidden,
    /// The network or the server failed; maybe it says when to come back.
    Failed(Option<u32>),
}

/// Output: what is to be done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Output {
    /// Ask for a ticket and answer with [`Input::Ticket`] or [`Input::NoTicket`].
    FetchTicket(AttemptId),
    /// Open a socket with this ticket.
    Open(AttemptId, String),
    /// Let go of the socket, if there is one.
    Close,
    /// Send an application ping.
    Ping(u32),
}

#[derive(Debug, Clone)]
enum Phase {
    Idle,
    Trying { until: i64 },
    Live { since: i64, heartbeat: Heartbeat },
    Waiting { until: i64 },
    SignedOut,
    Refused { reason: String },
}

/// The life of the connection of one tab.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    phase: Phase,
    /// Counts attempts for ever.
    current: AttemptId,
    /// Failures since the last good connection.
    failures: u32,
    online: bool,
    /// A 4401 was already answered with a fresh ticket.
    fresh_ticket_tried: bool,
    hint_ms: Option<u32>,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            phase: Phase::Idle,
            current: AttemptId::default(),
            failures: 0,
            online: true,
            fresh_ticket_tried: false,
            hint_ms: None,
        }
    }
}

impl Machine {
    /// Takes one input at `now` (milliseconds), with a random number in `0.0..1.0`.
    pub(crate) fn handle(&mut self, input: Input, now: i64, random: f64) -> Vec<Output> {
        if input.attempt().is_some_and(|of| of != self.current) {
            // It comes late, from an attempt that was given up.
            return Vec::new();
        }
        match input {
            Input::Connect => match self.phase {
                Phase::Idle | Phase::SignedOut | Phase::Refused { .. } => self.start(now),
                _ => Vec::new(),
            },
            Input::Disconnect => self.stop(Phase::Idle),
            Input::RetryNow => match self.phase {
                Phase::Waiting { .. } | Phase::SignedOut | Phase::Refused { .. } | Phase::Idle => {
                    self.start(now)
                }
                Phase::Trying { .. } | Phase::Live { .. } => Vec::new(),
            },
            Input::NetworkUp => {
                self.online = true;
                if matches!(self.phase, Phase::Waiting { .. }) { self.start(now) } else { Vec::new() }
            }
            Input::NetworkDown => self.network_down(now),
            Input::Shown => self.shown(now),
            Input::RequestSent => {
                if let Phase::Live { heartbeat, .. } = &mut self.phase {
                    heartbeat.request_sent(now);
                }
                Vec::new()
            }
            Input::Timer => self.timer(now, random),
            Input::Ticket(of, ticket) => vec![Output::Open(of, ticket)],
            Input::NoTicket(_, why) => match why {
                NoTicket::SignedOut => self.stop(Phase::SignedOut),
                NoTicket::Forbidden => self.refuse(),
                NoTicket::Failed(hint) => self.fail(hint, now, random),
            },
            Input::Welcome(_, heartbeat_ms) => {
                self.online = true;
                self.hint_ms = None;
                self.phase = Phase::Live { since: now, heartbeat: Heartbeat::new(heartbeat_ms, now) };
                Vec::new()
            }
            Input::FrameReceived(_) => {
                if let Phase::Live { heartbeat, .. } = &mut self.phase {
                    heartbeat.frame_received(now);
                }
                Vec::new()
            }
            Input::Closing(_, hint_ms) => {
                self.hint_ms = Some(hint_ms);
                Vec::new()
            }
            Input::Closed(_, number) => self.closed(number, now, random),
        }
    }

    /// What to show.
    pub(crate) fn state(&self, now: i64) -> ConnectionState {
        match &self.phase {
            Phase::Idle => ConnectionState::Idle,
            Phase::Live { .. } => ConnectionState::Connected,
            Phase::SignedOut => ConnectionState::SignedOut,
            Phase::Refused { reason } => ConnectionState::Refused { reason: reason.clone() },
            Phase::Trying { .. } | Phase::Waiting { .. } if !self.online => ConnectionState::Offline,
            Phase::Trying { .. } if self.failures == 0 => ConnectionState::Connecting,
            Phase::Trying { .. } => ConnectionState::Reconnecting { attempt: self.failures, seconds_left: 0 },
            Phase::Waiting { until } => {
                let left = (until - now).max(0);
                let seconds_left = u32::try_from((left + 999) / 1_000).unwrap_or(u32::MAX);
                ConnectionState::Reconnecting { attempt: self.failures, seconds_left }
            }
        }
    }

    /// Whether frames can be sent.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live { .. })
    }

    /// When to come with [`Input::Timer`], at the latest. While a countdown shows, that is each second.
    pub(crate) fn next_wake(&self, now: i64) -> Option<i64> {
        match &self.phase {
            Phase::Idle | Phase::SignedOut | Phase::Refused { .. } => None,
            Phase::Trying { until } => Some(*until),
            Phase::Live { heartbeat, .. } => Some(heartbeat.next_check()),
            Phase::Waiting { until } if !self.online => Some(*until),
            Phase::Waiting { until } => {
                let left = until - now;
                Some(if left > 1_000 { now + (left - 1) % 1_000 + 1 } else { *until })
            }
        }
    }

    fn start(&mut self, now: i64) -> Vec<Output> {
        let mut outputs = self.next_attempt();
        self.phase = Phase::Trying { until: now + ATTEMPT_MS };
        outputs.push(Output::FetchTicket(self.current));
        outputs
    }

    /// Inputs of the current attempt are ignored from now on.
    fn next_attempt(&mut self) -> Vec<Output> {
        self.current = AttemptId(self.current.0.wrapping_add(1));
        vec![Output::Close]
    }

    fn refuse(&mut self) -> Vec<Output> {
        self.stop(Phase::Refused { reason: FORBIDDEN.to_owned() })
    }

    /// Nothing more is tried until the user asks for it.
    fn stop(&mut self, phase: Phase) -> Vec<Output> {
        self.phase = phase;
        self.failures = 0;
        self.fresh_ticket_tried = false;
        self.next_attempt()
    }

    fn fail(&mut self, hint: Option<u32>, now: i64, random: f64) -> Vec<Output> {
        let hint = hint.or(self.hint_ms.take());
        let until = if self.online {
            self.failures = self.failures.saturating_add(1);
            let wait = match hint {
                Some(hint_ms) => backoff::after_hint_ms(hint_ms.min(60_000), random),
                None => backoff::delay_ms(self.failures, random),
            };
            now + i64::from(wait)
        } else {
            now + OFFLINE_RETRY_MS
        };
        self.phase = Phase::Waiting { until };
        self.next_attempt()
    }

    fn network_down(&mut self, now: i64) -> Vec<Output> {
        self.online = false;
        match self.phase {
            Phase::Idle | Phase::SignedOut | Phase::Refused { .. } => Vec::new(),
            Phase::Trying { .. } | Phase::Live { .. } | Phase::Waiting { .. } => {
                self.failures = 0;
                self.phase = Phase::Waiting { until: now + OFFLINE_RETRY_MS };
                self.next_attempt()
            }
        }
    }

    fn shown(&mut self, now: i64) -> Vec<Output> {
        match &mut self.phase {
            // There may be a new sign-in, from another tab.
            Phase::Waiting { .. } | Phase::SignedOut => self.start(now),
            Phase::Live { heartbeat, .. } => match heartbeat.check_after_pause(now) {
                HeartbeatAction::Ping { nonce } => vec![Output::Ping(nonce)],
                HeartbeatAction::Wait | HeartbeatAction::Dead => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn closed(&mut self, number: u16, now: i64, random: f64) -> Vec<Output> {
        if let Phase::Live { since, .. } = self.phase
            && now - since >= STABLE_MS
        {
            self.failures = 0;
            self.fresh_ticket_tried = false;
        }
        match CloseCode::from_number(number) {
            // The cookie may still be good although the socket's own permission ended.
            Some(CloseCode::Token) if !self.fresh_ticket_tried => {
                self.fresh_ticket_tried = true;
                self.start(now)
            }
            Some(CloseCode::Token) => self.stop(Phase::SignedOut),
            Some(CloseCode::TooMany) => {
                let hint = self.hint_ms.take().unwrap_or(TOO_MANY_MS);
                self.fail(Some(hint), now, random)
            }
            _ if CloseCode::comes_back(number) => self.fail(None, now, random),
            _ => self.refuse(),
        }
    }

    fn timer(&mut self, now: i64, random: f64) -> Vec<Output> {
        match &mut self.phase {
            Phase::Trying { until } if now >= *until => self.fail(None, now, random),
            Phase::Waiting { until } if now >= *until => self.start(now),
            Phase::Live { heartbeat, .. } => match heartbeat.check(now) {
                HeartbeatAction::Wait => Vec::new(),
                HeartbeatAction::Ping { nonce } => vec![Output::Ping(nonce)],
                HeartbeatAction::Dead => self.closed(NO_ANSWER, now, random),
            },
            _ => Vec::new(),
        }
    }
}

/// What a browser reports when a connection ended without a close frame (RFC 6455, section 7.1.5).
const NO_ANSWER: u16 = 1006;

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
