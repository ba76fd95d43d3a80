//! Simulation: runs hub, disk, network and clients under one seed.
//!
//! The hub is the one that is shipped, on a store whose disk is simulated; its clients keep the rules of
//! `docs/DELIVERY.md`. Time is virtual and there is one thread, so a seed does the same in each run (epochs and
//! identifiers differ, which nothing depends on).

mod burst;
mod burst_sender;
mod call;
mod changes;
mod client;
mod clock;
mod connection;
mod counts;
mod device;
mod digest;
mod disk;
mod disk_queue;
mod events;
mod frames;
mod inbox_ledger;
mod ingress;
mod lifecycle;
mod positions;
mod recorded;
mod rng;
mod room_state;
mod scenario;
mod schedule;
mod store;
mod sweep;
mod trace;
mod transport;
mod world;

pub use counts::SimulationCounts;
pub use recorded::{differing_from_recorded, recorded_digests};
pub use sweep::Sweep;

use digest::digest_of;
use scenario::Scenario;
use world::World;

/// What came of a seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Broken promises, in words; empty for a run that kept them.
    pub violations: Vec<String>,
    /// What it did.
    pub counts: SimulationCounts,
    /// The same for the same seed.
    pub hash: u64,
    /// What was stored and delivered; the same for all hubs that do the same.
    pub digest: u64,
    /// What happened, if that was to be kept.
    pub trace: Vec<String>,
}

/// Runs a seed.
///
/// # Errors
/// Whatever keeps the runtime from being built.
pub fn run(seed: u64, keeps_trace: bool) -> std::io::Result<Outcome> {
    run_scenario(seed, Scenario::new(seed), keeps_trace)
}

/// Runs what a seed draws on a network, a disk and a server that never fail.
///
/// # Errors
/// As [`run`].
pub fn run_without_faults(seed: u64, keeps_trace: bool) -> std::io::Result<Outcome> {
    run_scenario(seed, Scenario::new(seed).without_faults(), keeps_trace)
}

fn run_scenario(seed: u64, scenario: Scenario, keeps_trace: bool) -> std::io::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    Ok(runtime.block_on(simulate(seed, scenario, keeps_trace)))
}

async fn simulate(seed: u64, scenario: Scenario, keeps_trace: bool) -> Outcome {
    let mut world = World::new(seed, scenario, keeps_trace);
    world.begin().await;
    world.run().await;
    let (history, world) = world.into_history().await;
    let digest = digest_of(&history);
    let mut violations: Vec<String> =
        crate::check(&history).iter().map(crate::Violation::to_string).collect();
    violations.extend(world.violations);
    let (hash, trace) = world.trace.into_parts();
    Outcome { seed, violations, counts: world.counts, hash, digest, trace }
}
