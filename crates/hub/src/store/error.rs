//! Store errors: why a store call failed.

use std::sync::Arc;

use protocol::UserId;

/// Why a store call failed. Nothing was changed, except that a store which is not available may have made the change without
/// knowing it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Another room has this identifier.
    #[error("a room of this id exists already")]
    RoomTaken,
    /// A room of this identifier was deleted.
    #[error("a room of this id was deleted")]
    RoomDeleted,
    /// There is no such room.
    #[error("there is no such room")]
    NoSuchRoom,
    /// A user that the call names is not known.
    #[error("there is no user `{0}`")]
    NoSuchUser(UserId),
    /// The recipient of a message is not a member of the room.
    #[error("this user is not a member of the room")]
    NotMember,
    /// A user left the room for good.
    #[error("`{0}` left this room for good")]
    LeftForGood(UserId),
    /// The database failed or did not answer.
    #[error("the store is not available")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// The database failed or did not answer, with its error.
    pub fn unavailable(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Arc::new(cause))
    }
}
