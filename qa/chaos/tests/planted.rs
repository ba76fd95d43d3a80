//! The machine finds each bug that is planted within a few seeds. That it finds none in these seeds without one is what
//! `simulation.rs` shows.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use chaos::simulation::run;
use hub::planted::{Bug, plant};

/// Fewer than those that are shown to be clean without a bug.
const SEEDS: u64 = 60;

/// Runs seeds with a bug until one of them breaks the promise in this way.
#[track_caller]
fn is_found(bug: Bug, words: &str) {
    assert!(Bug::can_be_planted());
    plant(Some(bug));
    let mut others = Vec::new();
    let found_by = (0..SEEDS).find(|seed| {
        let violations = run(*seed, false).unwrap().violations;
        let is_found = violations.iter().any(|violation| violation.contains(words));
        others.extend(violations);
        is_found
    });
    plant(None);
    others.truncate(10);
    assert!(found_by.is_some(), "no seed finds {bug:?} by `{words}`; other signs of it: {others:#?}");
}

#[test]
fn what_is_told_before_it_is_stored() {
    is_found(Bug::DeliverBeforeCommit, "which is not stored");
}

#[test]
fn a_page_that_begins_too_late() {
    is_found(Bug::SkipOnPageEdge, "and that nothing is missing");
}

#[test]
fn a_draft_that_becomes_two_messages() {
    is_found(Bug::ForgetDraft, " is stored as ");
}

#[test]
fn a_recovery_that_begins_too_late() {
    is_found(Bug::OffByOneInSince, "and that nothing is missing");
}

#[test]
fn what_is_left_out_for_a_slow_reader() {
    is_found(Bug::DropOnFullOutbox, "and that nothing is missing");
}

#[test]
fn messages_that_are_told_the_other_way_round() {
    is_found(Bug::ReorderInBatch, "and that nothing is missing");
}

#[test]
fn somebody_who_has_left_and_is_still_seen() {
    is_found(Bug::PresenceGhost, "who is gone");
}

#[test]
fn an_entry_that_waits_no_more_before_anybody_has_it() {
    is_found(Bug::TellBeforeProof, "told to no client");
}

#[test]
fn an_entry_that_is_stored_and_not_confirmed() {
    is_found(Bug::ForgetUnconfirmed, "told to no client");
}

#[test]
fn a_recovery_that_does_not_wait_for_its_client() {
    is_found(Bug::ReplayWithoutFlowControl, "was closed with TooSlow");
}

#[test]
fn a_disk_that_says_that_it_has_what_it_has_not() {
    is_found(Bug::LostFsync, "is not stored");
}
