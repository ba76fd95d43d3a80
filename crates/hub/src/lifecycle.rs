//! Lifecycle: owns the hub's tasks and signals them when the hub stops.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The hub runs, then stops: it accepts nothing new and finishes what it has. Then it is stopped.
#[derive(Default)]
pub(crate) struct Lifecycle {
    is_stopping: AtomicBool,
    stopped: CancellationToken,
    tasks: TaskTracker,
}

impl Lifecycle {
    /// Spawns a task that [`Lifecycle::finish`] waits for.
    pub(crate) fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Whether nothing new is accepted.
    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// From now on nothing new is accepted.
    pub(crate) fn begin_stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Cancelled when the hub is stopped.
    pub(crate) fn stopped(&self) -> CancellationToken {
        self.stopped.clone()
    }

    /// The number of tasks that run.
    #[cfg(test)]
    pub(crate) fn task_count(&self) -> usize {
        self.tasks.len()
    }

    /// The hub is stopped: ends tasks that only wait, and waits for all.
    pub(crate) async fn finish(&self) {
        self.stopped.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
