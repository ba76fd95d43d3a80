//! What somebody who comes back is missing, and where it is. Pure.

use protocol::{Cursor, limits};

/// How to bring a reader up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Everything after this number is at hand.
    FromRing(u64),
    /// Everything after this number fits one page of the store.
    FromStore(u64),
    /// More is missing than one page holds: the reader takes page after page, and does not follow until the last.
    TooFarBehind(Cursor),
    /// The reader's place says nothing here: the newest page, and start over.
    StartOver,
}

/// Decides for a reader at `since`, in a room at `head` that has every message after `ring_after` at hand.
pub(crate) fn plan(since: Option<Cursor>, head: Cursor, ring_after: u64) -> Plan {
    let Some(since) = since else {
        return Plan::StartOver;
    };
    match since.gap_to(head) {
        Some(_) if since.seq >= ring_after => Plan::FromRing(since.seq),
        Some(gap) if gap <= u64::from(limits::MAX_RECOVERED_MESSAGES) => Plan::FromStore(since.seq),
        Some(_) => Plan::TooFarBehind(since),
        None => Plan::StartOver,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Cursor = Cursor { epoch: 3, seq: 1_000 };

    fn plan_at(seq: u64, ring_after: u64) -> Plan {
        plan(Some(Cursor { epoch: 3, seq }), HEAD, ring_after)
    }

    #[test]
    fn a_short_absence_is_served_from_memory() {
        assert_eq!(plan_at(1_000, 900), Plan::FromRing(1_000));
        assert_eq!(plan_at(900, 900), Plan::FromRing(900));
    }

    #[test]
    fn a_longer_one_from_the_store_up_to_one_page() {
        assert_eq!(plan_at(899, 900), Plan::FromStore(899));
        assert_eq!(plan_at(500, 900), Plan::FromStore(500));
        assert_eq!(plan_at(499, 900), Plan::TooFarBehind(Cursor { epoch: 3, seq: 499 }));
        assert_eq!(plan_at(0, 900), Plan::TooFarBehind(Cursor { epoch: 3, seq: 0 }));
    }

    #[test]
    fn what_is_at_hand_is_one_page_however_much_it_is() {
        assert_eq!(plan_at(0, 0), Plan::FromRing(0));
    }

    #[test]
    fn a_place_of_another_life_or_of_the_future_means_to_start_over() {
        assert_eq!(plan(None, HEAD, 0), Plan::StartOver);
        assert_eq!(plan_at(1_001, 0), Plan::StartOver);
        assert_eq!(plan(Some(Cursor { epoch: 4, seq: 1_000 }), HEAD, 0), Plan::StartOver);
    }
}
