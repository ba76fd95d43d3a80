//! Counts of simulated runs: what happened how often, because a run in which nothing happened proves nothing.

use std::fmt;

/// What a run did, to be added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SimulationCounts {
    /// Events.
    pub steps: u64,
    /// Messages in the store at the end.
    pub messages: u64,
    /// Servers that went from one moment to the next.
    pub crashes: u64,
    /// Servers that were asked to stop.
    pub drains: u64,
    /// Connections that were cut.
    pub cuts: u64,
    /// Slow consumers that were disconnected.
    pub slow: u64,
    /// Calls that the disk failed.
    pub failures: u64,
    /// Entries of inboxes that were acknowledged.
    pub entries: u64,
    /// Entries that were refused because too much waited for their user.
    pub full: u64,
    /// Entries that a client received again.
    pub again: u64,
    /// Clients that came back and resumed.
    pub resumed: u64,
    /// Changes of messages that were acknowledged.
    pub changes: u64,
}

impl std::ops::AddAssign for SimulationCounts {
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
        self.changes += other.changes;
    }
}

impl fmt::Display for SimulationCounts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            steps,
            messages,
            crashes,
            drains,
            cuts,
            slow,
            failures,
            entries,
            full,
            again,
            resumed,
            changes,
        } = *self;
        for (count, words) in [
            (steps, "steps"),
            (messages, "messages stored"),
            (crashes, "crashes of the server"),
            (drains, "gentle stops"),
            (cuts, "connections cut"),
            (slow, "slow consumers disconnected"),
            (failures, "failures of the disk"),
            (entries, "entries of inboxes acknowledged"),
            (full, "entries refused because too much waited"),
            (again, "entries delivered on more than one connection"),
            (resumed, "clients that were recovered where they stood"),
            (changes, "changes of messages acknowledged"),
        ] {
            writeln!(out, "{count:>9}  {words}")?;
        }
        Ok(())
    }
}
