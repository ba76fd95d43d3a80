//! Sweep: runs many seeds one after the other and adds up what they counted.

use std::fmt;
use std::time::{Duration, Instant};

use super::{Counts, Outcome, run};

/// Violations of a seed that are shown; a replay shows them all.
const SHOWN: usize = 3;

/// What came of many seeds.
#[derive(Debug, Default)]
pub struct Sweep {
    /// How many.
    pub seeds: u64,
    /// What they did together.
    pub counts: Counts,
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

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        self.messages += other.messages;
        self.crashes += other.crashes;
        self.drains += other.drains;
        self.cuts += other.cuts;
        self.slow += other.slow;
        self.failures += other.failures;
        self.entries += other.entries;
        self.full += other.full;
        self.again += other.again;
        self.resumed += other.resumed;
    }
}

impl fmt::Display for Sweep {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { steps, messages, crashes, drains, cuts, slow, failures, entries, full, again, resumed } =
            self.counts;
        for (count, words) in [
            (self.seeds, "simulated seeds"),
            (steps, "steps"),
            (messages, "messages stored"),
            (crashes, "crashes of the server"),
            (drains, "gentle stops"),
            (cuts, "connections cut"),
            (slow, "slow readers let go"),
            (failures, "failures of the disk"),
            (entries, "entries of inboxes acknowledged"),
            (full, "entries refused because too much waited"),
            (again, "entries told to more than one connection"),
            (resumed, "clients that were recovered where they stood"),
        ] {
            writeln!(out, "{count:>9}  {words}")?;
        }
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
