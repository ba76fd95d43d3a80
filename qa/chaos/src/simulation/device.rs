//! Device: a simulated client with its link and what connects it.

use hub::SignInId;
use protocol::CloseCode;
use uuid::Uuid;

use super::client::Client;
use super::rng::Rng;
use super::scenario::{RecoveryMode, Wire};

/// Connections in a row that may end with [`CloseCode::TooSlow`] before anything is told on them.
const IN_VAIN: u32 = 6;

/// A client with its link.
pub(crate) struct Device {
    pub(crate) client: Client,
    pub(crate) recovery: RecoveryMode,
    pub(crate) wire: Wire,
    pub(crate) connection: Option<u32>,
    pub(crate) rng: Rng,
    pub(crate) is_dead: bool,
    /// It does not connect before this moment.
    pub(crate) away_until: u64,
    /// Whether anything that it missed, or that is new, was told on its newest connection.
    pub(crate) is_told: bool,
    in_vain: u32,
    is_shut_out: bool,
}

impl Device {
    pub(crate) fn new(client: Client, wire: Wire, recovery: RecoveryMode, rng: Rng) -> Self {
        Self {
            client,
            recovery,
            wire,
            connection: None,
            rng,
            is_dead: false,
            away_until: 0,
            is_told: false,
            in_vain: 0,
            is_shut_out: false,
        }
    }

    /// Whether it is told what reaches its user. Over a link that loses frames it would not notice that some are missing.
    pub(crate) fn follows_inbox(&self) -> bool {
        self.wire.loss == 0
    }

    /// Whether it is told of the inbox at this moment.
    pub(crate) fn hears_inbox(&self) -> bool {
        self.connection.is_some() && !self.is_dead && self.follows_inbox()
    }

    /// From now on it is a fault if it is closed again and again.
    pub(crate) fn heal(&mut self) {
        self.in_vain = 0;
    }

    /// A connection has ended on a good network; `Some`, once: so often in a row was it closed before it was told anything.
    pub(crate) fn ends(&mut self, code: Option<CloseCode>) -> Option<u32> {
        let is_in_vain = code == Some(CloseCode::TooSlow) && !self.is_told;
        self.in_vain = if is_in_vain { self.in_vain + 1 } else { 0 };
        let is_first = self.in_vain == IN_VAIN && !self.is_shut_out;
        self.is_shut_out |= is_first;
        is_first.then_some(self.in_vain)
    }
}

/// The sign-in of every client.
pub(crate) const SIGN_IN: SignInId = SignInId(Uuid::from_u128(1));
