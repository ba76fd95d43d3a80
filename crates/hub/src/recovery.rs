//! Recovery: decides how a native client that joins with a cursor gets the messages that it missed. Pure. `room/join.rs` then
//! cuts the answer by bytes. A Socket.IO client is decided on in `session/resume.rs`, an inbox in `inbox/catch_up.rs`.

use protocol::{Cursor, limits};

/// How to bring a client up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Every message after this number is in the history cache.
    FromCache(u64),
    /// Every message after this number fits one page of the store.
    FromStore(u64),
    /// More is missing than one page holds: the client takes page after page, and is subscribed after the last.
    InPages(Cursor),
    /// The cursor is not of this room's epoch, or beyond its head: the client starts over with the newest page.
    StartOver,
}

/// Decides for a client at `since`, in a room at `head` whose cache has every message after `cached_after`.
pub(crate) fn plan(since: Option<Cursor>, head: Cursor, cached_after: u64) -> Plan {
    let Some(since) = since else {
        return Plan::StartOver;
    };
    match since.gap_to(head) {
        Some(_) if since.seq >= cached_after => Plan::FromCache(since.seq),
        Some(gap) if gap <= u64::from(limits::MAX_RECOVERED_MESSAGES) => Plan::FromStore(since.seq),
        Some(_) => Plan::InPages(since),
        None => Plan::StartOver,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Cursor = Cursor { epoch: 3, seq: 1_000 };

    fn plan_at(seq: u64, cached_after: u64) -> Plan {
        plan(Some(Cursor { epoch: 3, seq }), HEAD, cached_after)
    }

    #[test]
    fn short_absence_is_served_from_the_cache() {
        assert_eq!(plan_at(1_000, 900), Plan::FromCache(1_000));
        assert_eq!(plan_at(900, 900), Plan::FromCache(900));
    }

    #[test]
    fn longer_absence_is_served_from_the_store_up_to_one_page() {
        assert_eq!(plan_at(899, 900), Plan::FromStore(899));
        assert_eq!(plan_at(500, 900), Plan::FromStore(500));
        assert_eq!(plan_at(499, 900), Plan::InPages(Cursor { epoch: 3, seq: 499 }));
        assert_eq!(plan_at(0, 900), Plan::InPages(Cursor { epoch: 3, seq: 0 }));
    }

    #[test]
    fn cached_messages_are_one_page_however_many_they_are() {
        assert_eq!(plan_at(0, 0), Plan::FromCache(0));
    }

    #[test]
    fn cursor_of_another_epoch_or_of_the_future_starts_over() {
        assert_eq!(plan(None, HEAD, 0), Plan::StartOver);
        assert_eq!(plan_at(1_001, 0), Plan::StartOver);
        assert_eq!(plan(Some(Cursor { epoch: 4, seq: 1_000 }), HEAD, 0), Plan::StartOver);
    }
}
