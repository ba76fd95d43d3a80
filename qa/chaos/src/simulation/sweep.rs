//! Sweep: runs many seeds one after the other and adds up what they counted.

use std::fmt;
use std::time::{Duration, Instant};

use super::counts::SimulationCounts;
use super::{Outcome, run};

/// Violations of a seed that are shown; a replay shows them all.
const SHOWN: usize = 3;

/// What came of many seeds.
#[derive(Debug, Default)]
pub struct Sweep {
    /// How many.
    pub seeds: u64,
    /// What they did together.
    pub counts: SimulationCounts,
    /// Those that broke the promise, without their traces.
    pub broken: Vec<Outcome>,
}

impl Sweep {
    /// Runs seeds until there are no more, or until so much time has passed.
    ///
    /// # Errors
    /// As [`run`].
    pub fn run(seeds: impl IntoIterator<Item = u64>, time: Option<Duration>) -> std::io::Result<Self> {
        let begun = Instant::now();
        let mut sweep = Self::default();
        for seed in seeds {
            if time.is_some_and(|time| begun.elapsed() >= time) {
                break;
            }
            let outcome = run(seed, false)?;
            sweep.seeds += 1;
            sweep.counts += outcome.counts;
            if !outcome.violations.is_empty() {
                sweep.broken.push(outcome);
            }
        }
        Ok(sweep)
    }
}

impl fmt::Display for Sweep {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{:>9}  simulated seeds", self.seeds)?;
        write!(out, "{}", self.counts)?;
        for Outcome { seed, violations, .. } in &self.broken {
            for violation in violations.iter().take(SHOWN) {
                writeln!(out, "seed {seed}: {violation}")?;
            }
            if let Some(more) = violations.len().checked_sub(SHOWN).filter(|more| *more > 0) {
                writeln!(out, "seed {seed}: and {more} more")?;
            }
        }
        let broken: usize = self.broken.iter().map(|outcome| outcome.violations.len()).sum();
        writeln!(out, "{broken:>9}  violations in simulated seeds")
    }
}
