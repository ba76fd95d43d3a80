//! Disk: how long it takes to write to the disk that the server writes to, so that a stall of the disk is not taken for one of
//! the server.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use crate::failed::Failed;

/// How often it writes.
const EVERY: Duration = Duration::from_millis(20);

/// As much as a page of the database.
const BYTES: usize = 4 * 1024;

/// Writes to a disk for as long as this value is there.
pub(crate) struct Disk {
    /// Nanoseconds of the slowest write since the last look.
    slowest: Arc<AtomicU64>,
    /// Dropping it ends the thread that writes.
    _writes: Sender<()>,
}

impl Disk {
    /// Begins to write to a file in a folder.
    pub(crate) fn watch(folder: &Path) -> Result<Self, Failed> {
        let file = File::create(folder.join("disk")).map_err(Failed::io("the disk cannot be watched"))?;
        let slowest = Arc::new(AtomicU64::new(0));
        let (writes, ended) = channel();
        let watched = slowest.clone();
        std::thread::spawn(move || {
            while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                let begun = Instant::now();
                if let Err(error) = file.write_all_at(&[0; BYTES], 0).and_then(|()| file.sync_data()) {
                    eprintln!("attack: the disk is not watched any more: {error}");
                    return;
                }
                let nanos = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
                watched.fetch_max(nanos, Ordering::Relaxed);
            }
        });
        Ok(Self { slowest, _writes: writes })
    }

    /// How long the slowest write since the last call took.
    pub(crate) fn take_slowest(&self) -> Duration {
        Duration::from_nanos(self.slowest.swap(0, Ordering::Relaxed))
    }
}
