//! Inbox start: from which entry on a client is brought up to date.

/// Where a client starts in its user's inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InboxStart {
    /// A new client: the entries that wait, and the running jobs.
    Fresh,
    /// A client that comes back and has everything up to this number, as [`crate::ClientSession::positions_to_resume`] found
    /// out: entries that still wait for a proof, and everything after the number.
    Resumed(u64),
    /// A client that keeps a cursor and has everything up to this number: everything after it, if all of that is kept, and
    /// the running jobs. The client is sent its position then, or that it starts over.
    Cursor(u64),
}
