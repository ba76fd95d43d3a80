//! Terms: the types in which pages and the connection speak to each other. They know neither of the two.

use protocol::{DraftId, UserId};

use crate::model::kept::Kept;

/// Where the connection stands, in the words of the status pill.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LinkStatus {
    /// Nobody asked for a connection, or the person disconnected.
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
    /// The server does not want us. Trying again by itself will not help.
    Refused {
        /// For a person to read.
        reason: String,
    },
}

impl LinkStatus {
    /// Whether what is written now would go out by itself, at once or later.
    pub fn takes_posts(&self) -> bool {
        !matches!(self, Self::SignedOut | Self::Refused { .. })
    }
}

/// There is no room for another post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Too many messages are waiting to be sent. Retry this one when they are through.")]
pub struct Full;

/// Why nothing is sent to a room that one is not in.
pub const NOT_A_MEMBER: &str = "You are not in this room any more.";

/// What becomes of posts that this tab has not seen being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxEvent {
    /// One waits: it was written in another tab, or before this page was loaded.
    Waits(Kept),
    /// One does not wait any more: it has arrived, or was discarded.
    Gone(DraftId),
}

/// Whose connection it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectionOptions {
    /// For whom posts are kept across visits. `None`: in memory only.
    pub account: Option<UserId>,
    /// Whether all tabs of this account share one connection.
    pub is_shared: bool,
}
