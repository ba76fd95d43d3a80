//! Table: a line for each part of a run, and whether the server holds in it.

use std::time::Duration;

use crate::ledger::Delays;

/// The 99th percentile of deliveries may be this many times the quiet one, or this long.
const TIMES_QUIET: u32 = 4;
const P99_LIMIT: Duration = Duration::from_millis(100);

/// A write of the disk that takes as long is a stall: half of what a delivery may take.
const STALL: Duration = Duration::from_millis(50);

/// Memory that the server may have at any time.
const MEMORY_LIMIT_KIB: u64 = 300 * 1024;

/// A line of the table.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) rate: String,
    pub(crate) done: u64,
    pub(crate) delays: Delays,
    pub(crate) newcomers: Vec<Option<Duration>>,
    pub(crate) files: usize,
    pub(crate) resident_kib: u64,
    /// Thousandths of the time that the host took from the processors of this machine.
    pub(crate) stolen_per_mille: u64,
    /// The slowest write to the disk by this program.
    pub(crate) slowest_write: Duration,
    /// The longest pause of this machine.
    pub(crate) pause: Duration,
}

/// Whether ordinary clients and newcomers noticed little.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Verdict {
    Good,
    /// Deliveries took too long, and a write of the disk too: a message is delivered after it was written.
    Stalled,
    Failed,
}

impl Verdict {
    /// How a line begins.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Good => "ok  ",
            Self::Stalled => "disk",
            Self::Failed => "FAIL",
        }
    }
}

impl Row {
    /// The verdict beside a part without attacks.
    pub(crate) fn verdict(&self, quiet: &Self) -> Verdict {
        let is_in_bounds = self.resident_kib <= MEMORY_LIMIT_KIB
            && self.delays.count > 0
            && self.newcomers.iter().all(Option::is_some);
        let limit = P99_LIMIT.max(quiet.delays.p99 * TIMES_QUIET);
        match self.delays.p99 <= limit {
            _ if !is_in_bounds => Verdict::Failed,
            true => Verdict::Good,
            false if self.slowest_write >= STALL => Verdict::Stalled,
            false => Verdict::Failed,
        }
    }
}

pub(crate) fn begin_table() {
    println!(
        "\n     | part | rate a second | done | deliveries | median ms | p99 ms | worst ms | newcomers in | slowest ms | \
         open files | MiB | stolen % | slowest write ms | longest pause ms |"
    );
    println!("     | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
}

/// Prints a line.
pub(crate) fn show(row: &Row, verdict: Verdict) {
    let Row {
        name,
        rate,
        done,
        delays,
        newcomers,
        files,
        resident_kib,
        stolen_per_mille,
        slowest_write,
        pause,
    } = row;
    let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1e3);
    let slowest = newcomers.iter().flatten().max().copied().map(ms).unwrap_or_default();
    let inside = newcomers.iter().flatten().count();
    println!(
        "{} | {name} | {rate} | {done} | {} | {} | {} | {} | {inside} of {} | {slowest} | {files} | {} | {}.{} | {} | {} |",
        verdict.name(),
        delays.count,
        ms(delays.median),
        ms(delays.p99),
        ms(delays.worst),
        newcomers.len(),
        resident_kib / 1024,
        stolen_per_mille / 10,
        stolen_per_mille % 10,
        ms(*slowest_write),
        ms(*pause),
    );
}
