//! Quotas: what one user may create and store in a day, and own at a time.
//!
//! The budgets of a day are in memory, in the user's limiters. A restart resets them, so it gives a user at most one more
//! budget.

/// How much a user may make, store and have. `None`: as much as the user likes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quotas {
    /// Rooms that a user may make in a day.
    pub rooms_made_per_day: Option<u32>,
    /// Rooms that a user may own at a time.
    pub rooms_owned: Option<u32>,
    /// Strangers that a user may add to rooms in a day: users that share no room with that user yet.
    pub strangers_per_day: Option<u32>,
    /// Bytes of messages, direct messages and jobs that a user may store in a day.
    pub stored_bytes_per_day: Option<u64>,
    /// Jobs of a user that may be running at a time.
    pub running_jobs: Option<u32>,
    /// Members of a room.
    pub members_per_room: Option<u32>,
}

/// What a budget of a day is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Daily {
    /// Rooms made.
    Rooms,
    /// Strangers put into rooms.
    Strangers,
    /// Bytes of text stored.
    Bytes,
    /// The same, for a job that is to be started.
    JobBytes,
}

impl Daily {
    /// The field that asks for it.
    pub fn field(self) -> &'static str {
        match self {
            Self::Rooms => "rooms",
            Self::Strangers => "user_ids",
            Self::Bytes => "body",
            Self::JobBytes => "title",
        }
    }

    /// In a sentence, behind a number.
    pub fn what(self) -> &'static str {
        match self {
            Self::Rooms => "new rooms",
            Self::Strangers => "users that share no room with you, put into rooms",
            Self::Bytes | Self::JobBytes => "bytes of messages and jobs",
        }
    }
}

/// What a user may have so many of at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrent {
    /// Rooms owned.
    Rooms,
    /// Jobs running.
    Jobs,
}

impl Concurrent {
    /// The field that asks for it.
    pub fn field(self) -> &'static str {
        match self {
            Self::Rooms => "rooms",
            Self::Jobs => "owner_id",
        }
    }

    /// In a sentence, behind a number.
    pub fn what(self) -> &'static str {
        match self {
            Self::Rooms => "rooms: delete one, or leave it to another owner",
            Self::Jobs => "running jobs: report the end of one, or delete it",
        }
    }
}
