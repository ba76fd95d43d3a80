//! Delivery: how a frame reaches a lagging client, and which frame replaces which.

use std::hash::{DefaultHasher, Hash, Hasher};

use protocol::{JobId, RoomId, RunId, UserId};

/// How a frame is delivered to a lagging client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Must arrive, or the client is disconnected and recovers.
    Sure,
    /// Must arrive, unless a newer one with the key follows.
    State(Subject),
    /// Replaced by a newer one with the key, and dropped when the queue is too full for that.
    Latest(Subject),
    /// Dropped.
    Fleeting,
}

/// The conflation key of a frame: a newer frame with the same key replaces it. A hash of 64 bits; after a collision one
/// volatile value is wrong until its next change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject(pub(super) u64);

impl Subject {
    /// Whether a user is typing in a room.
    pub fn typing(room: &RoomId, user: &UserId) -> Self {
        Self::of(("typing", room, user))
    }

    /// The name of a room.
    pub fn name(room: &RoomId) -> Self {
        Self::of(("name", room))
    }

    /// The read marker of a user in a room.
    pub fn read(room: &RoomId, user: &UserId) -> Self {
        Self::of(("read", room, user))
    }

    /// The progress of a job.
    pub fn job(job: JobId) -> Self {
        Self::of(("job", job))
    }

    /// The progress of a simulated job.
    pub fn run(run: RunId) -> Self {
        Self::of(("run", run))
    }

    fn of(named: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        named.hash(&mut hasher);
        Self(hasher.finish())
    }
}
