//! Memory watch: samples the resident memory of the server's process. Known on Linux alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::AbortHandle;

/// From one sample to the next.
const SAMPLE_EVERY: Duration = Duration::from_millis(20);

/// Looks again and again until it is dropped.
pub(super) struct Memory {
    most: Arc<AtomicU64>,
    sampler: AbortHandle,
}

impl Memory {
    /// Watches this process.
    pub(super) fn of(process: u32) -> Self {
        let most = Arc::new(AtomicU64::new(0));
        let noted = most.clone();
        let sampler = tokio::spawn(async move {
            loop {
                noted.fetch_max(resident(process).unwrap_or_default(), Ordering::Relaxed);
                tokio::time::sleep(SAMPLE_EVERY).await;
            }
        });
        Self { most, sampler: sampler.abort_handle() }
    }

    /// The most MiB since the last call; 0 where it is not known.
    pub(super) fn take(&self) -> u64 {
        self.most.swap(0, Ordering::Relaxed)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.sampler.abort();
    }
}

/// MiB that are resident now.
fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024)
}
