//! Connection state: where the connection of this page stands.

use serde::{Deserialize, Serialize};

/// Where the connection stands, as pages show it and tabs send it to each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// No connection is wanted.
    #[default]
    Idle,
    /// The first attempt is under way.
    Connecting,
    /// Frames flow.
    Connected,
    /// The connection was lost, or never came about.
    Reconnecting {
        /// Which attempt is next or under way; 1 for the first.
        attempt: u32,
        /// Until it starts; 0 while it is under way.
        seconds_left: u32,
    },
    /// The browser says that there is no network.
    Offline,
    /// The sign-in has ended. Nothing is written or sent until the next one.
    SignedOut,
    /// The server does not accept this account. Trying again by itself will not help.
    Refused {
        /// For the user to read.
        reason: String,
    },
}

impl ConnectionState {
    /// Whether what is written now would be sent by itself, at once or later.
    pub fn takes_posts(&self) -> bool {
        !matches!(self, Self::SignedOut | Self::Refused { .. })
    }
}
