//! Processors: the time that the host of a virtual machine takes from them, so that a stall of the machine is not taken for one
//! of the server.

use crate::failed::Failed;

/// Times of all processors since the machine started, in ticks.
pub(crate) struct Processors {
    total: u64,
    stolen: u64,
}

impl Processors {
    /// The first line of `/proc/stat`; the eighth number is the stolen time (proc(5)).
    pub(crate) fn now() -> Result<Self, Failed> {
        let text = std::fs::read_to_string("/proc/stat").map_err(Failed::io("no times of the processors"))?;
        let line = text.lines().next().unwrap_or_default();
        // Those after the eighth are parts of the first two.
        let times: Vec<u64> =
            line.split_whitespace().skip(1).take(8).filter_map(|time| time.parse().ok()).collect();
        Ok(Self { total: times.iter().sum(), stolen: times.get(7).copied().unwrap_or(0) })
    }

    pub(crate) fn stolen_per_cent_since(&self, before: &Self) -> f64 {
        let of = |now: u64, before: u64| now.saturating_sub(before) as f64;
        100.0 * of(self.stolen, before.stolen) / of(self.total, before.total).max(1.0)
    }
}
