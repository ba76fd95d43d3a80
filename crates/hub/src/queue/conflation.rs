//! Conflation keys: of which events a newer one supersedes an older one that still waits to be sent.

use protocol::{JobId, RoomId, RunId, UserId};
use send_queue::ConflationKey;

/// Whether a user types in a room.
pub(crate) fn typing(room: &RoomId, user: &UserId) -> ConflationKey {
    ConflationKey::of(("typing", room, user))
}

/// What a room is called.
pub(crate) fn name(room: &RoomId) -> ConflationKey {
    ConflationKey::of(("name", room))
}

/// How far a user has read in a room.
pub(crate) fn read(room: &RoomId, user: &UserId) -> ConflationKey {
    ConflationKey::of(("read", room, user))
}

/// Where a job stands.
pub(crate) fn job(job: JobId) -> ConflationKey {
    ConflationKey::of(("job", job))
}

/// Where a simulated job stands.
pub(crate) fn run(run: RunId) -> ConflationKey {
    ConflationKey::of(("run", run))
}
