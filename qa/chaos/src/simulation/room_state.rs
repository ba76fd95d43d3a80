//! Room state of a simulated client: what it has of one room, and which of its requests are unanswered.

use std::collections::{BTreeSet, VecDeque};

use uuid::Uuid;

/// The state of a client in a room.
#[derive(Debug, Default)]
pub(crate) struct RoomState {
    /// It takes itself for a member.
    pub(crate) is_member: bool,
    pub(crate) is_subscribed: bool,
    /// It followed when its last connection ended, and would still do so if that is resumed.
    pub(crate) was_subscribed: bool,
    /// When it asked to join, while that is not answered.
    pub(crate) asked_at: Option<u64>,
    pub(crate) not_before: u64,
    pub(crate) epoch: u32,
    /// The last number without a hole; `None`: it knows nothing of the room.
    pub(crate) last: Option<u64>,
    pub(crate) present: BTreeSet<String>,
    /// Lines without a place, oldest first, by their place in `sent`.
    pub(crate) unsent: VecDeque<(usize, Uuid)>,
    /// When the oldest one was sent, while that is not answered.
    pub(crate) sent_at: Option<u64>,
}
