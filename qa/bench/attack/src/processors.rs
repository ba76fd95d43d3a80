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

    /// Thousandths of the time since then that were stolen.
    pub(crate) fn stolen_per_mille_since(&self, before: &Self) -> u64 {
        let total = self.total.saturating_sub(before.total).max(1);
        1_000 * self.stolen.saturating_sub(before.stolen) / total
    }
}
