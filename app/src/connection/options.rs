//! Connection options: whose connection it is, and how far it is shared.

use protocol::UserId;

/// What a root of pages decides about its connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectionOptions {
    /// For whom posts are kept across visits. `None`: in memory only.
    pub account: Option<UserId>,
    /// Whether all tabs of this account share one connection.
    pub is_shared: bool,
}
