//! Writer pool: writes for all connections, in one task for each processor.
//!
//! A producer of frames only queues them and schedules the connection here. Once the tasks that are ready have run, so that
//! their frames come along, the writer task writes what waits for each scheduled connection: one wake-up for a whole fan-out,
//! and several messages of a busy room in one system call.

use std::future::poll_fn;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::thread::available_parallelism;

use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::Instant;

use crate::ready_queue::ReadyQueue;
use crate::write_half::{Scratch, WriteHalf};

/// Connections served before other tasks run: some milliseconds of system calls.
const AT_ONCE: usize = 1_024;

/// The writer tasks of a server. They end when this and every connection are gone. Cloning it copies a pointer.
#[derive(Clone)]
pub struct WriterPool {
    tasks: Arc<Tasks>,
}

struct Tasks {
    /// One for each task.
    queues: Vec<Arc<ReadyQueue<WriteHalf>>>,
    next: AtomicUsize,
}

impl WriterPool {
    /// Starts the tasks in the runtime that this is called in.
    pub fn start() -> Self {
        let processors = available_parallelism().map_or(1, NonZero::get);
        let queues: Vec<_> = (0..processors).map(|_| start_task()).collect();
        Self { tasks: Arc::new(Tasks { queues, next: AtomicUsize::new(0) }) }
    }

    /// The queue of the next connection: each in turn.
    pub(crate) fn next_queue(&self) -> Arc<ReadyQueue<WriteHalf>> {
        let Tasks { queues, next } = &*self.tasks;
        let number = next.fetch_add(1, Ordering::Relaxed) % queues.len().max(1);
        // There is one at least.
        queues.get(number).map_or_else(start_task, Arc::clone)
    }
}

fn start_task() -> Arc<ReadyQueue<WriteHalf>> {
    let queue = Arc::new(ReadyQueue::new());
    tokio::spawn(run(Arc::downgrade(&queue), queue.wake()));
    queue
}

/// Lets the tasks run that are ready. Unlike [`yield_now`] it does not make the runtime look for more first, which is a
/// system call.
async fn after_the_ready() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn run(queue: Weak<ReadyQueue<WriteHalf>>, wake: Arc<Notify>) {
    let mut scratch = Scratch::default();
    let mut scheduled = Vec::new();
    loop {
        wake.notified().await;
        // Ready tasks run first, and what they queue leaves together.
        after_the_ready().await;
        let Some(ready) = queue.upgrade() else { return };
        ready.swap(&mut scheduled);
        drop(ready);
        let mut now = Instant::now();
        for (number, half) in scheduled.drain(..).enumerate() {
            if number % AT_ONCE == AT_ONCE - 1 {
                yield_now().await;
                now = Instant::now();
            }
            half.flush(&mut scratch, now);
        }
        // Between two rounds no message is kept.
        scratch.deflate_cache.clear();
    }
}
