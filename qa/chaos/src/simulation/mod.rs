//! Hub, disk, network and clients under one seed.
//!
//! The hub is the one that is shipped, on a store whose disk is simulated; its clients keep the rules of
//! `docs/DELIVERY.md`. Time is virtual and there is one thread, so a seed does the same in each run (epochs and
//! identifiers differ, which nothing depends on).

mod burst;
mod call;
mod chance;
mod client;
mod clock;
mod connection;
mod course;
mod device;
mod disk;
mod events;
mod inboxes;
mod ingress;
mod outlet;
mod scenario;
mod schedule;
mod seat;
mod store;
mod sweep;
mod trace;
mod words;
mod world;

pub use sweep::Sweep;
pub use world::Counts;

use scenario::Scenario;
use world::World;

/// What came of a seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// What was broken, for a person to read; empty for a run that kept the promise.
    pub violations: Vec<String>,
    /// What it did.
    pub counts: Counts,
    /// The same for the same seed.
    pub hash: u64,
    /// What happened, if that was to be kept.
    pub trace: Vec<String>,
}

/// Runs a seed.
///
/// # Errors
/// Whatever keeps the runtime from being built.
pub fn run(seed: u64, keeps_trace: bool) -> std::io::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    Ok(runtime.block_on(simulate(seed, keeps_trace)))
}

async fn simulate(seed: u64, keeps_trace: bool) -> Outcome {
    let scenario = Scenario::new(seed);
    let mut world = World::new(seed, scenario, keeps_trace);
    world.begin().await;
    world.run().await;
    let (history, world) = world.into_history().await;
    let mut violations: Vec<String> =
        crate::check(&history).iter().map(crate::Violation::to_string).collect();
    violations.extend(world.complaints);
    let (hash, trace) = world.trace.into_parts();
    Outcome { seed, violations, counts: world.counts, hash, trace }
}
