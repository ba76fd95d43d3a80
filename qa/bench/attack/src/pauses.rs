//! Pauses: how late threads wake that sleep for a millisecond, so that a pause of the machine is not taken for one of the server.
//! The scheduler of Linux gives a thread that wakes a processor within some milliseconds, however busy others are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How long a thread sleeps.
const SLEEP: Duration = Duration::from_millis(1);

/// Threads that sleep. One processor alone may pause, and one thread may be on another.
const THREADS: usize = 2;

/// Watches for as long as this value is there.
pub(crate) struct Pauses {
    /// Nanoseconds of the longest pause since the last look.
    longest: Arc<AtomicU64>,
    /// Dropping them ends the threads.
    _sleepers: [Sender<()>; THREADS],
}

impl Pauses {
    pub(crate) fn watch() -> Self {
        let longest = Arc::new(AtomicU64::new(0));
        let sleepers = [(); THREADS].map(|()| {
            let (sleeper, ended) = channel::<()>();
            let longest = longest.clone();
            std::thread::spawn(move || {
                let mut begun = Instant::now();
                while ended.recv_timeout(SLEEP) == Err(RecvTimeoutError::Timeout) {
                    let late = begun.elapsed().saturating_sub(SLEEP);
                    longest.fetch_max(u64::try_from(late.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
                    begun = Instant::now();
                }
            });
            sleeper
        });
        Self { longest, _sleepers: sleepers }
    }

    /// The longest pause since the last call.
    pub(crate) fn take_longest(&self) -> Duration {
        Duration::from_nanos(self.longest.swap(0, Ordering::Relaxed))
    }
}
