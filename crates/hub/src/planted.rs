//! Bugs that are planted, so that `chaos` can show that it finds them.
//!
//! They exist with the feature `planted` alone, which only `chaos` switches on and only for its tests; without it
//! [`planted`] is `false` for the compiler, too. Each bug is a mistake that somebody could make in a single line.

/// A mistake to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// A message is told before it is stored.
    DeliverBeforeCommit,
    /// A page of missed messages begins one too late.
    SkipOnPageEdge,
    /// A draft that is sent again becomes another message.
    ForgetDraft,
    /// Who comes back is told what comes after the message that it is missing first.
    OffByOneInSince,
    /// What a full outbox cannot take is left out.
    DropOnFullOutbox,
    /// Messages that share a transaction are told the other way round.
    ReorderInBatch,
    /// Nobody is told that somebody has left.
    PresenceGhost,
    /// The disk says that it has what it has not.
    LostFsync,
    /// An entry of an inbox waits no more once it is queued for a client.
    TellBeforeProof,
    /// What a client missed is queued for it all at once.
    ReplayWithoutFlowControl,
    /// What the store kept without confirming it is not looked for in inboxes.
    ForgetUnconfirmed,
}

impl Bug {
    /// All of them, with the name by which a person asks for one.
    pub const ALL: [(&str, Self); 11] = [
        ("deliver-before-commit", Self::DeliverBeforeCommit),
        ("skip-on-page-edge", Self::SkipOnPageEdge),
        ("forget-draft", Self::ForgetDraft),
        ("off-by-one-in-since", Self::OffByOneInSince),
        ("drop-on-full-outbox", Self::DropOnFullOutbox),
        ("reorder-in-batch", Self::ReorderInBatch),
        ("presence-ghost", Self::PresenceGhost),
        ("lost-fsync", Self::LostFsync),
        ("tell-before-proof", Self::TellBeforeProof),
        ("replay-without-flow-control", Self::ReplayWithoutFlowControl),
        ("forget-unconfirmed", Self::ForgetUnconfirmed),
    ];

    /// Whether bugs can be planted in this build.
    pub const fn can_be_planted() -> bool {
        cfg!(feature = "planted")
    }
}

#[cfg(feature = "planted")]
mod switch {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Whether this bug is to be done on this thread.
    pub fn planted(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }

    /// From now on everything on this thread does this bug, or none.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
    }
}

#[cfg(not(feature = "planted"))]
mod switch {
    use super::Bug;

    /// Never: this build has no bugs of this kind.
    #[inline]
    pub const fn planted(_: Bug) -> bool {
        false
    }

    /// Does nothing: see [`Bug::can_be_planted`].
    pub const fn plant(_: Option<Bug>) {}
}

pub use switch::{plant, planted};
