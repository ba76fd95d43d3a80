//! Device: a simulated client with its link and what connects it.

use hub::SignInId;
use protocol::CloseCode;
use uuid::Uuid;

use super::client::SimulatedClient;
use super::rng::Rng;
use super::scenario::{LinkProfile, RecoveryMode};

/// Connections in a row that may end with [`CloseCode::TooSlow`] before they bring anything.
const IN_VAIN: u32 = 6;

/// A client with its link.
pub(crate) struct Device {
    pub(crate) client: SimulatedClient,
    pub(crate) recovery: RecoveryMode,
    pub(crate) link: LinkProfile,
    pub(crate) connection: Option<u32>,
    pub(crate) rng: Rng,
    /// When it changes a message.
    pub(crate) change_rng: Rng,
    pub(crate) is_dead: bool,
    /// It does not connect before this moment.
    pub(crate) away_until: u64,
    /// Whether its newest connection has brought anything that it missed, or that is new.
    pub(crate) has_received: bool,
    in_vain: u32,
    is_shut_out: bool,
}

impl Device {
    pub(crate) fn new(
        client: SimulatedClient,
        link: LinkProfile,
        recovery: RecoveryMode,
        (rng, change_rng): (Rng, Rng),
    ) -> Self {
        Self {
            client,
            recovery,
            link,
            connection: None,
            rng,
            change_rng,
            is_dead: false,
            away_until: 0,
            has_received: false,
            in_vain: 0,
            is_shut_out: false,
        }
    }

    /// Whether it receives its user's inbox. Over a link that loses frames it would not notice that some are missing.
    pub(crate) fn is_inbox_subscriber(&self) -> bool {
        self.link.loss == 0
    }

    /// Whether it receives the inbox at this moment.
    pub(crate) fn receives_inbox(&self) -> bool {
        self.connection.is_some() && !self.is_dead && self.is_inbox_subscriber()
    }

    /// From now on it is a fault if it is closed again and again.
    pub(crate) fn heal(&mut self) {
        self.in_vain = 0;
    }

    /// A connection has ended on a good network; `Some`, once: so often in a row was it closed before it received anything.
    pub(crate) fn ends(&mut self, code: Option<CloseCode>) -> Option<u32> {
        let is_in_vain = code == Some(CloseCode::TooSlow) && !self.has_received;
        self.in_vain = if is_in_vain { self.in_vain + 1 } else { 0 };
        let is_first = self.in_vain == IN_VAIN && !self.is_shut_out;
        self.is_shut_out |= is_first;
        is_first.then_some(self.in_vain)
    }
}

/// The sign-in of every client.
pub(crate) const SIGN_IN: SignInId = SignInId(Uuid::from_u128(1));
