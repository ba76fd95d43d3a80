//! Tests of the simulation: a few hundred seeds keep the promise, and a seed does the same each time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use chaos::simulation::{Sweep, differing_from_recorded, recorded_digests, run};

#[track_caller]
fn keep_the_promise(seeds: std::ops::Range<u64>) {
    let sweep = Sweep::run(seeds, None).unwrap();
    assert!(sweep.broken.is_empty(), "replay one with `cargo run -p chaos -- replay SEED`\n{sweep}");
    let counts = sweep.counts;
    for (count, what) in [
        (counts.messages, "stored"),
        (counts.crashes, "crashed"),
        (counts.drains, "stopped"),
        (counts.cuts, "cut"),
        (counts.slow, "slow"),
        (counts.failures, "failed"),
        (counts.entries, "kept for an absent user"),
        (counts.full, "refused because too much waited"),
        (counts.resumed, "resumed"),
        (counts.changes, "changed"),
    ] {
        assert!(count > 0, "nothing was {what}, so nothing is proved:\n{sweep}");
    }
}

// In parts, so that they run side by side.

#[test]
fn seeds_below_75_keep_the_promise() {
    keep_the_promise(0..75);
}

#[test]
fn seeds_from_75_to_150_keep_the_promise() {
    keep_the_promise(75..150);
}

#[test]
fn seeds_from_150_to_225_keep_the_promise() {
    keep_the_promise(150..225);
}

#[test]
fn seeds_from_225_to_300_keep_the_promise() {
    keep_the_promise(225..300);
}

/// Seeds in which the simulation accused the hub wrongly.
#[test]
fn seeds_that_were_judged_wrongly_keep_the_promise() {
    for seeds in [43_114..43_115, 72_887..72_888] {
        let sweep = Sweep::run(seeds, None).unwrap();
        assert!(sweep.broken.is_empty(), "{sweep}");
    }
}

#[test]
fn a_seed_does_the_same_each_time_and_another_one_does_something_else() {
    let mut hashes = Vec::new();
    for seed in 1_000..1_012 {
        let outcome = run(seed, true).unwrap();
        let again = run(seed, true).unwrap();
        let first_difference = outcome.trace.iter().zip(&again.trace).find(|(a, b)| a != b);
        assert_eq!(first_difference, None, "seed {seed}");
        assert_eq!(outcome, again, "seed {seed}");
        hashes.push(outcome.hash);
    }
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 12);
}

#[test]
fn without_faults_the_hub_does_what_is_recorded() {
    assert_eq!(recorded_digests().map(|(seed, _)| seed).collect::<Vec<_>>(), (0..300).collect::<Vec<_>>());
    // All of them: make chaos-digest.
    let found = differing_from_recorded(0..20).unwrap();
    assert!(found.is_empty(), "replay one with `cargo run -p chaos -- replay SEED`\n{found:#?}");
}
