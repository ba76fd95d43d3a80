//! Errors: why a command was not executed. One list for every gateway, with the code, field and time of retry of each.

use protocol::{BadId, ErrorCode, UserId, limits};

use crate::quotas::{Concurrent, Daily};
use crate::store::{ChangeError, StoreError};

/// Why a command was not executed, with a text for users. Nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HubError {
    /// Not JSON; the text says where.
    #[error("{0}")]
    BadJson(String),
    /// The wrong shape.
    #[error("{message}")]
    BadFrame {
        /// Where, as a path of field names, if that can be said.
        field: Option<String>,
        /// What is wrong with it.
        message: String,
    },
    /// No frame of this type exists, or only the server sends it.
    #[error("`{0}` is not a frame that a client sends")]
    UnknownType(String),
    /// A binary frame.
    #[error("binary frames are not understood, send text")]
    BinaryFrame,
    /// More bytes than a frame of its type may have.
    #[error("this frame has {size} bytes, at most {limit} are taken of its type")]
    TooBig {
        /// Its bytes.
        size: usize,
        /// The bytes that it may have.
        limit: usize,
    },
    /// A value is outside its limits.
    #[error("{field}: {message}")]
    Invalid {
        /// Which one.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// Blank.
    #[error("{field} must not be blank")]
    Blank {
        /// Which one.
        field: &'static str,
    },
    /// Too long.
    #[error("{field} has {size} {unit}, at most {limit} are allowed")]
    TooLong {
        /// Which one.
        field: &'static str,
        /// How long it is.
        size: usize,
        /// What is counted.
        unit: &'static str,
        /// How long it may be.
        limit: usize,
    },
    /// No such room, or none that this user may know of.
    #[error("there is no such room, or you are not in it")]
    NoSuchRoom,
    /// The connection is not subscribed to the room.
    #[error("join the room first")]
    NotJoined,
    /// No user of this identifier.
    #[error("there is no user `{0}`")]
    NoSuchUser(UserId),
    /// No message of this identifier in the room.
    #[error("there is no such message in this room")]
    NoSuchMessage,
    /// No message of this identifier in the room, so that it cannot be answered.
    #[error("the message that this answers is not in this room")]
    NoSuchParent,
    /// Not a member of this room.
    #[error("this user is not a member of the room")]
    NotMember,
    /// The message cannot be changed so.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// No job of this identifier, or none that this user may know of.
    #[error("there is no such job")]
    NoSuchJob,
    /// The job has ended.
    #[error("the job has ended")]
    JobOver,
    /// Too many of something in too short a time.
    #[error("too fast, wait a moment")]
    TooFast {
        /// How long.
        retry_after_ms: u64,
    },
    /// The budget of a day is used up.
    #[error(
        "{}: a user may have {per_day} {} a day, and {left} are left: wait until more is free",
        .quota.field(), .quota.what()
    )]
    OverDaily {
        /// Which budget.
        quota: Daily,
        /// All of it.
        per_day: u64,
        /// What is left of it now.
        left: u64,
        /// When what was asked for fits.
        retry_after_ms: u64,
    },
    /// The user owns as many of something as allowed.
    #[error("{}: a user may have {limit} {}", .kept.field(), .kept.what())]
    TooManyKept {
        /// Of what.
        kept: Concurrent,
        /// How many.
        limit: u32,
    },
    /// The room has as many members as allowed.
    #[error("{field}: a room may have {limit} members")]
    RoomFull {
        /// The field that names the new members.
        field: &'static str,
        /// How many.
        limit: u32,
    },
    /// The user left this room for good.
    #[error("user_ids: `{0}` left this room for good, and only that user can take it back")]
    LeftForGood(UserId),
    /// A room of this identifier exists.
    #[error("a room of this id exists already")]
    RoomTaken,
    /// A room of this identifier was deleted.
    #[error("a room of this id was deleted, and its id is not given again: choose another one")]
    RoomDeleted,
    /// Only an owner may do this.
    #[error("only an owner of the room may do this")]
    NotOwner,
    /// The token is missing, wrong, expired or revoked.
    #[error("the token is missing, wrong, expired or revoked")]
    Unauthorized,
    /// The token is refused, with the reason. For development, where the answer may say so.
    #[error("the token is refused: {0}")]
    BadToken(String),
    /// Too many rooms on one connection.
    #[error("this connection is subscribed to as many rooms as allowed")]
    TooManyRooms,
    /// Too many connections of one user.
    #[error("this user has as many connections as allowed")]
    TooManyConnections,
    /// As much waits for one user as allowed.
    #[error("as much waits for this user as may: try again when some of it is delivered")]
    InboxFull {
        /// The field that names the user.
        field: &'static str,
    },
    /// Too many simulated jobs of one user.
    #[error("a user may have {} simulations under way", limits::MAX_SIMULATIONS_PER_USER)]
    TooManyRuns,
    /// The server is about to stop.
    #[error("the server is stopping, try again in a moment")]
    Stopping,
    /// The store failed. The cause is for the log.
    #[error("the server cannot store anything at the moment, try again")]
    Unavailable(#[source] StoreError),
}

impl HubError {
    /// The error code.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::BadJson(_) => ErrorCode::BadJson,
            Self::BadFrame { .. } => ErrorCode::BadFrame,
            Self::UnknownType(_) => ErrorCode::UnknownType,
            Self::BinaryFrame => ErrorCode::BinaryFrame,
            Self::TooBig { .. } => ErrorCode::TooBig,
            Self::Invalid { .. } | Self::JobOver => ErrorCode::Invalid,
            Self::Blank { .. } => ErrorCode::Blank,
            Self::TooLong { .. } => ErrorCode::TooLong,
            Self::NoSuchRoom
            | Self::NoSuchUser(_)
            | Self::NoSuchMessage
            | Self::NoSuchParent
            | Self::NoSuchJob
            | Self::NotMember => ErrorCode::NotFound,
            Self::Change(error) => change_code(*error),
            Self::TooFast { .. } | Self::OverDaily { .. } => ErrorCode::RateLimited,
            Self::NotJoined => ErrorCode::NotJoined,
            Self::RoomTaken | Self::RoomDeleted => ErrorCode::Taken,
            Self::NotOwner | Self::LeftForGood(_) => ErrorCode::Forbidden,
            Self::Unauthorized | Self::BadToken(_) => ErrorCode::Unauthorized,
            Self::TooManyRooms
            | Self::TooManyConnections
            | Self::TooManyKept { .. }
            | Self::RoomFull { .. }
            | Self::InboxFull { .. }
            | Self::TooManyRuns => ErrorCode::TooMany,
            Self::Stopping | Self::Unavailable(_) => ErrorCode::Unavailable,
        }
    }

    /// The field that is wrong, if one is.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::BadFrame { field, .. } => field.as_deref(),
            Self::Invalid { field, .. }
            | Self::Blank { field }
            | Self::TooLong { field, .. }
            | Self::RoomFull { field, .. }
            | Self::InboxFull { field } => Some(field),
            Self::OverDaily { quota, .. } => Some(quota.field()),
            Self::TooManyKept { kept, .. } => Some(kept.field()),
            Self::NoSuchUser(_) | Self::LeftForGood(_) => Some("user_ids"),
            Self::NoSuchParent => Some("parent"),
            Self::Change(error) => change_field(*error),
            Self::RoomTaken | Self::RoomDeleted => Some("id"),
            Self::JobOver => Some("status"),
            _ => None,
        }
    }

    /// When trying again may help, in milliseconds.
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Stopping | Self::Unavailable(_) => Some(1_000),
            Self::TooFast { retry_after_ms } | Self::OverDaily { retry_after_ms, .. } => {
                Some(*retry_after_ms)
            }
            _ => None,
        }
    }
}

fn change_code(error: ChangeError) -> ErrorCode {
    match error {
        ChangeError::NoSuchMessage => ErrorCode::NotFound,
        ChangeError::Deleted | ChangeError::DraftUsed => ErrorCode::Invalid,
        ChangeError::NotAuthor | ChangeError::TooOld | ChangeError::NotOwner => ErrorCode::Forbidden,
        ChangeError::Conflict { .. } => ErrorCode::Conflict,
        ChangeError::TooManyReactions | ChangeError::TooManyPins => ErrorCode::TooMany,
    }
}

fn change_field(error: ChangeError) -> Option<&'static str> {
    match error {
        ChangeError::NoSuchMessage | ChangeError::Deleted | ChangeError::TooOld => Some("message"),
        ChangeError::Conflict { .. } => Some("base_rev"),
        ChangeError::TooManyReactions => Some("emoji"),
        ChangeError::DraftUsed => Some("draft"),
        ChangeError::NotAuthor | ChangeError::NotOwner | ChangeError::TooManyPins => None,
    }
}

impl From<StoreError> for HubError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::RoomTaken => Self::RoomTaken,
            StoreError::RoomDeleted => Self::RoomDeleted,
            StoreError::NoSuchRoom => Self::NoSuchRoom,
            StoreError::NotMember => Self::NotMember,
            StoreError::NoSuchUser(user) => Self::NoSuchUser(user),
            StoreError::LeftForGood(user) => Self::LeftForGood(user),
            StoreError::Unavailable(_) => Self::Unavailable(error),
        }
    }
}

impl From<BadId> for HubError {
    fn from(error: BadId) -> Self {
        let field = match error {
            BadId::Room => "room",
            BadId::User => "user",
        };
        Self::Invalid { field, message: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_of_a_quota_says_of_what_how_many_and_how_much_is_left() {
        let over = |quota| HubError::OverDaily { quota, per_day: 5, left: 1, retry_after_ms: 70 }.to_string();
        for (quota, text) in [
            (
                Daily::Rooms,
                "rooms: a user may have 5 new rooms a day, and 1 are left: wait until more is free",
            ),
            (
                Daily::Strangers,
                "user_ids: a user may have 5 users that share no room with you, put into rooms a day, and 1 are left: wait until more is free",
            ),
            (
                Daily::Bytes,
                "body: a user may have 5 bytes of messages and jobs a day, and 1 are left: wait until more is free",
            ),
        ] {
            assert_eq!(over(quota), text);
        }
        let too_many = |kept| HubError::TooManyKept { kept, limit: 2 }.to_string();
        let text = "rooms: a user may have 2 rooms: delete one, or leave it to another owner";
        assert_eq!(too_many(Concurrent::Rooms), text);
        let text = "owner_id: a user may have 2 running jobs: report the end of one, or delete it";
        assert_eq!(too_many(Concurrent::Jobs), text);
    }

    #[test]
    fn error_names_its_field_and_the_time_of_a_retry() {
        let user = UserId::parse("ann").unwrap();
        let (quota, kept) = (Daily::Strangers, Concurrent::Jobs);
        let over_daily = HubError::OverDaily { quota, per_day: 5, left: 1, retry_after_ms: 70 };
        for (error, field, retry_after_ms) in [
            (HubError::BadFrame { field: Some("a.b".to_owned()), message: String::new() }, Some("a.b"), None),
            (HubError::Blank { field: "title" }, Some("title"), None),
            (HubError::RoomFull { field: "member_ids", limit: 3 }, Some("member_ids"), None),
            (HubError::InboxFull { field: "to" }, Some("to"), None),
            (over_daily, Some("user_ids"), Some(70)),
            (HubError::TooManyKept { kept, limit: 2 }, Some("owner_id"), None),
            (HubError::NoSuchUser(user.clone()), Some("user_ids"), None),
            (HubError::LeftForGood(user), Some("user_ids"), None),
            (HubError::NoSuchParent, Some("parent"), None),
            (HubError::RoomTaken, Some("id"), None),
            (HubError::RoomDeleted, Some("id"), None),
            (HubError::JobOver, Some("status"), None),
            (HubError::NoSuchRoom, None, None),
            (HubError::TooFast { retry_after_ms: 30 }, None, Some(30)),
            (HubError::Stopping, None, Some(1_000)),
            (HubError::Unavailable(StoreError::NoSuchRoom), None, Some(1_000)),
        ] {
            assert_eq!((error.field(), error.retry_after_ms()), (field, retry_after_ms), "{error:?}");
        }
    }
}
