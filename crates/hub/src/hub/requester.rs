//! Requester: the user for whom a gateway asks the hub for an operation.

use protocol::UserId;

/// The user, or the part of the application, that asks for an operation.
#[derive(Debug, Clone, Copy)]
pub struct Requester<'a> {
    /// The user.
    pub user: &'a UserId,
    /// Whether it is a part of the application, which may act for any user.
    pub is_service: bool,
}

impl Requester<'_> {
    pub(super) fn may_act_for(self, user: &UserId) -> bool {
        self.is_service || self.user == user
    }
}
