//! Cursor: a position in the log of a room.

use serde::{Deserialize, Serialize};

/// The position of a message in its room.
///
/// Numbers start at 1 and have no gaps. The epoch is drawn when the room is created: a cursor of another epoch says
/// nothing about this room's numbers, so a client that has one starts over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Cursor {
    /// The history of the room that the number belongs to.
    pub epoch: u32,
    /// The number; 0 is the position before the first message.
    pub seq: u64,
}

impl Cursor {
    /// How many messages lie between this cursor and the later `head`; `None` when they cannot be compared or when this
    /// cursor claims to be ahead.
    pub fn gap_to(self, head: Self) -> Option<u64> {
        if self.epoch == head.epoch { head.seq.checked_sub(self.seq) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_exists_only_within_one_epoch_and_never_backwards() {
        let head = Cursor { epoch: 7, seq: 10 };
        assert_eq!(Cursor { epoch: 7, seq: 10 }.gap_to(head), Some(0));
        assert_eq!(Cursor { epoch: 7, seq: 0 }.gap_to(head), Some(10));
        assert_eq!(Cursor { epoch: 7, seq: 11 }.gap_to(head), None);
        assert_eq!(Cursor { epoch: 8, seq: 3 }.gap_to(head), None);
    }
}
