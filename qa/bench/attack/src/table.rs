//! Table: a line for each part of a run, and whether the server holds in it.

use std::time::Duration;

use crate::ledger::Delays;

/// The 99th percentile of deliveries may be this many times the quiet one, or this long.
const TIMES_QUIET: u32 = 4;
const P99_LIMIT: Duration = Duration::from_millis(100);

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
}

impl Row {
    /// Whether ordinary clients and newcomers noticed little, beside a part without attacks.
    pub(crate) fn is_good(&self, quiet: &Self) -> bool {
        let limit = P99_LIMIT.max(quiet.delays.p99 * TIMES_QUIET);
        self.resident_kib <= MEMORY_LIMIT_KIB
            && self.delays.count > 0
            && self.delays.p99 <= limit
            && self.newcomers.iter().all(Option::is_some)
    }
}

pub(crate) fn verdict(is_good: bool) -> &'static str {
    if is_good { "ok  " } else { "FAIL" }
}

/// Prints a line; the quiet one, which has none to be compared with, begins the table.
pub(crate) fn show(row: &Row, quiet: Option<&Row>) {
    let Row { name, rate, done, delays, newcomers, files, resident_kib, stolen_per_mille, slowest_write } =
        row;
    if quiet.is_none() {
        println!(
            "\n     | part | rate a second | done | deliveries | median ms | p99 ms | worst ms | newcomers in | slowest ms | \
             open files | MiB | stolen % | slowest write ms |"
        );
        println!("     | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    }
    let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1e3);
    let slowest = newcomers.iter().flatten().max().copied().map(ms).unwrap_or_default();
    let inside = newcomers.iter().flatten().count();
    println!(
        "{} | {name} | {rate} | {done} | {} | {} | {} | {} | {inside} of {} | {slowest} | {files} | {} | {}.{} | {} |",
        verdict(quiet.is_none_or(|quiet| row.is_good(quiet))),
        delays.count,
        ms(delays.median),
        ms(delays.p99),
        ms(delays.worst),
        newcomers.len(),
        resident_kib / 1024,
        stolen_per_mille / 10,
        stolen_per_mille % 10,
        ms(*slowest_write),
    );
}
