//! Conflation keys: identify the events of which a newer one supersedes an older one that still waits to be sent.

use protocol::{JobId, RoomId, RunId, UserId};
use send_queue::ConflationKey;

/// Whether a user types in a room.
pub(crate) fn typing(room: &RoomId, user: &UserId) -> ConflationKey {
    ConflationKey::of(("typing", room, user))
}

/// The name of a room.
pub(crate) fn name(room: &RoomId) -> ConflationKey {
    ConflationKey::of(("name", room))
}

/// The read marker of a user in a room.
pub(crate) fn read(room: &RoomId, user: &UserId) -> ConflationKey {
    ConflationKey::of(("read", room, user))
}

/// The state of a job.
pub(crate) fn job(job: JobId) -> ConflationKey {
    ConflationKey::of(("job", job))
}

/// The step of a simulated job.
pub(crate) fn run(run: RunId) -> ConflationKey {
    ConflationKey::of(("run", run))
}
