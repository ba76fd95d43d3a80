//! The loops that write for all connections: one for each processor, and each connection has one of them.
//!
//! Whoever has something for a client only queues it and notes the client's line here. Once the tasks that are ready have
//! run, so that what they say comes along, the loop writes for each noted line what waits for it: one wake-up for a whole
//! fan-out, and several messages of a busy room in one system call.

use std::future::poll_fn;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::thread::available_parallelism;

use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::Instant;

use super::line::Wire;
use super::shrink::Shrinker;
use super::unsent::Unsent;

/// Lines served before other tasks have their turn: some milliseconds of system calls.
const AT_ONCE: usize = 1_024;

/// The loops of a server. They end when this and every line are gone. Cloning it copies a pointer.
#[derive(Clone)]
pub struct Loops {
    shared: Arc<Shared>,
}

struct Shared {
    loops: Vec<Arc<WriteLoop>>,
    next: AtomicUsize,
}

/// One of them.
pub(super) struct WriteLoop {
    noted: Mutex<Vec<Arc<Wire>>>,
    /// Not in the loop itself: the task waits here without keeping the loop alive.
    wake: Arc<Notify>,
}

/// What a loop lends to the line that it serves.
#[derive(Default)]
pub(super) struct Tools {
    pub(super) unsent: Unsent,
    pub(super) shrinker: Shrinker,
}

impl Loops {
    /// Starts the loops, as tasks of the runtime that this is called in.
    pub fn start() -> Self {
        let processors = available_parallelism().map_or(1, NonZero::get);
        let loops: Vec<_> = (0..processors).map(|_| WriteLoop::start()).collect();
        Self { shared: Arc::new(Shared { loops, next: AtomicUsize::new(0) }) }
    }

    /// The loop of the next connection: each in turn.
    pub(super) fn next(&self) -> Arc<WriteLoop> {
        let Shared { loops, next } = &*self.shared;
        let number = next.fetch_add(1, Ordering::Relaxed) % loops.len().max(1);
        // There is one at least.
        loops.get(number).map_or_else(WriteLoop::start, Arc::clone)
    }
}

impl WriteLoop {
    fn start() -> Arc<Self> {
        let wake = Arc::new(Notify::new());
        let this = Arc::new(Self { noted: Mutex::default(), wake: wake.clone() });
        tokio::spawn(run(Arc::downgrade(&this), wake));
        this
    }

    /// A line has something to write.
    pub(super) fn note(&self, wire: Arc<Wire>) {
        let mut noted = self.noted();
        let is_first = noted.is_empty();
        noted.push(wire);
        drop(noted);
        if is_first {
            self.wake.notify_one();
        }
    }

    /// Held for a push or an exchange, never across an `.await`.
    fn noted(&self) -> MutexGuard<'_, Vec<Arc<Wire>>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for WriteLoop {
    fn drop(&mut self) {
        // The task looks, finds nobody and ends.
        self.wake.notify_one();
    }
}

/// Has the tasks run that are ready. Unlike [`yield_now`] it does not have the runtime look for more first, which is a system
/// call.
async fn after_the_ready() {
    let mut had_turn = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut had_turn, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn run(this: Weak<WriteLoop>, wake: Arc<Notify>) {
    let mut tools = Tools::default();
    let mut wires = Vec::new();
    loop {
        wake.notified().await;
        // Whoever is ready speaks first, and what is said leaves together.
        after_the_ready().await;
        let Some(noted) = this.upgrade() else { return };
        std::mem::swap(&mut *noted.noted(), &mut wires);
        drop(noted);
        let mut now = Instant::now();
        for (number, wire) in wires.drain(..).enumerate() {
            if number % AT_ONCE == AT_ONCE - 1 {
                yield_now().await;
                now = Instant::now();
            }
            wire.flush(&mut tools, now);
        }
        // Between two turns nothing is kept of what was said.
        tools.shrinker.forget();
    }
}
