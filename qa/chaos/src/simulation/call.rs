//! Store calls: what the hub asks of the simulated disk, and the verdict that it gets.

use hub::store::{ChangeDraft, Delivered, JobWrite, MessageDraft, NewEntry, RoomDraft};
use protocol::{RoomId, UserId};
use tokio::sync::oneshot;

/// A change that a crash leaves in place once it is in the log.
#[derive(Debug, Clone)]
pub(crate) enum Write {
    Create(RoomDraft),
    Append(RoomId, Vec<MessageDraft>, i64),
    Change(RoomId, Vec<ChangeDraft>, i64),
    Add(RoomId, Vec<UserId>, i64),
    Remove(RoomId, UserId),
    Mark(RoomId, Vec<(UserId, u64)>),
    Inbox(UserId, Vec<NewEntry>, Option<Box<JobWrite>>, i64),
    Delivered(UserId, Proven),
}

/// Entries of an inbox whose delivery is proven.
#[derive(Debug, Clone)]
pub(crate) enum Proven {
    These(Vec<u64>),
    UpTo(u64),
}

impl Proven {
    pub(crate) fn new(which: Delivered<'_>) -> Self {
        match which {
            Delivered::These(seqs) => Self::These(seqs.to_vec()),
            Delivered::UpTo(seq) => Self::UpTo(seq),
        }
    }

    pub(crate) fn which(&self) -> Delivered<'_> {
        match self {
            Self::These(seqs) => Delivered::These(seqs),
            Self::UpTo(seq) => Delivered::UpTo(*seq),
        }
    }
}

/// What a call wants of the disk.
#[derive(Debug)]
pub(crate) enum Operation {
    /// To read something.
    Query,
    /// To change something.
    Change(Write),
    /// To answer what it has done.
    Answer,
}

/// What becomes of a call when its time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is carried out and answered.
    Good,
    /// It fails and changes nothing.
    Bad,
    /// It is carried out and answered as if it had failed.
    Lie,
}

/// A call that waits for its time.
#[derive(Debug)]
pub(crate) struct Call {
    /// Which server instance makes it.
    pub(crate) instance: u32,
    /// Calls with the same name wait in the order in which they came.
    pub(crate) name: String,
    pub(crate) operation: Operation,
    pub(crate) reply: oneshot::Sender<Verdict>,
}
