//! Connection state: where the connection of this page stands.

use serde::Serialize;
use serde_lite::Deserialize;

/// Where the connection stands, as pages show it and tabs send it to each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConnectionState {
    /// No connection is wanted.
    #[default]
    #[serde(rename = "idle")]
    Idle,
    /// The first attempt is under way.
    #[serde(rename = "connecting")]
    Connecting,
    /// Frames flow.
    #[serde(rename = "connected")]
    Connected,
    /// The connection was lost, or never came about.
    #[serde(rename = "reconnecting")]
    Reconnecting {
        /// Which attempt is next or under way; 1 for the first.
        attempt: u32,
        /// Until it starts; 0 while it is under way.
        seconds_left: u32,
    },
    /// The browser says that there is no network.
    #[serde(rename = "offline")]
    Offline,
    /// The sign-in has ended. Nothing is written or sent until the next one.
    #[serde(rename = "signed_out")]
    SignedOut,
    /// The server does not accept this account. Trying again by itself will not help.
    #[serde(rename = "refused")]
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
