//! Store errors: why a store did not do what it was asked.

use std::sync::Arc;

use protocol::UserId;

/// Why a store did not do what it was asked. Nothing was changed, except that a store which is not available may have done
/// it and not known it.
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
    /// Somebody named is not known.
    #[error("there is no person `{0}`")]
    NoSuchPerson(UserId),
    /// The one a message is for is not in the room.
    #[error("this person is not in the room")]
    NotMember,
    /// Somebody left the room for good.
    #[error("`{0}` left this room for good")]
    LeftForGood(UserId),
    /// The database refused or did not answer.
    #[error("the store is not available")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// The database refused or did not answer, and this is what it said.
    pub fn unavailable(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Arc::new(cause))
    }
}
