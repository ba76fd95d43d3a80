//! The HTTP connections that are open, what each of them is doing, and which of them make room when there are too many.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

/// Of so many connections one makes room at a time, so that not every newcomer has to ask for it.
const SHARE: usize = 16;

/// The connections that are open. Cloning copies one pointer.
#[derive(Clone)]
pub(crate) struct Connections {
    shared: Arc<Shared>,
}

struct Shared {
    begun: Instant,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Arc<State>>,
}

/// What one connection is doing.
struct State {
    /// When bytes last moved, in milliseconds since the server began.
    moved_at_ms: AtomicU64,
    /// Requests that it has brought.
    requests: AtomicU64,
    /// A handler is at work and does not wait for the client.
    is_working: AtomicBool,
    makes_room: Notify,
}

/// One open connection. Dropping it takes it off the list.
pub(crate) struct Activity {
    shared: Arc<Shared>,
    key: u64,
    state: Arc<State>,
}

impl Connections {
    pub(crate) fn new() -> Self {
        Self { shared: Arc::new(Shared { begun: Instant::now(), open: Mutex::default() }) }
    }

    /// A connection was taken.
    pub(crate) fn add(&self) -> Arc<Activity> {
        let state = Arc::new(State {
            moved_at_ms: AtomicU64::new(self.shared.now_ms()),
            requests: AtomicU64::new(0),
            is_working: AtomicBool::new(false),
            makes_room: Notify::new(),
        });
        let mut open = self.shared.open();
        let key = open.next;
        open.next += 1;
        open.connections.insert(key, state.clone());
        drop(open);
        Arc::new(Activity { shared: self.shared.clone(), key, state })
    }

    pub(crate) fn count(&self) -> usize {
        self.shared.open().connections.len()
    }

    /// Ends those that have waited longest for their clients; how many. None of them has a handler at work, as a poll has
    /// that is held.
    pub(crate) fn make_room(&self) -> usize {
        let open = self.shared.open();
        let mut waiting: Vec<_> = open
            .connections
            .values()
            .filter(|state| !state.is_working.load(Ordering::Relaxed))
            .map(|state| (state.moved_at_ms.load(Ordering::Relaxed), state))
            .collect();
        waiting.sort_unstable_by_key(|(moved_at_ms, _)| *moved_at_ms);
        let count = waiting.len().div_ceil(SHARE);
        for (_, state) in waiting.iter().take(count) {
            state.makes_room.notify_one();
        }
        count
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Activity {
    /// Bytes came, or were taken.
    pub(crate) fn moved(&self) {
        self.state.moved_at_ms.store(self.shared.now_ms(), Ordering::Relaxed);
    }

    /// The head of a request is there, and its handler begins.
    pub(crate) fn begin_request(&self) {
        self.state.requests.fetch_add(1, Ordering::Relaxed);
        self.set_working(true);
    }

    /// A handler goes on, or waits for the client: for more of the body, or for an answer to be taken.
    pub(crate) fn set_working(&self, is_working: bool) {
        self.state.is_working.store(is_working, Ordering::Relaxed);
    }

    /// How many requests have begun.
    pub(crate) fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::Relaxed)
    }

    /// Resolves when this connection has to make room. A request that has come meanwhile is worked on first.
    pub(crate) async fn has_to_end(&self) {
        loop {
            self.state.makes_room.notified().await;
            if !self.state.is_working.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        self.shared.open().connections.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved_at(activity: &Activity, at_ms: u64) {
        activity.state.moved_at_ms.store(at_ms, Ordering::Relaxed);
    }

    #[tokio::test]
    async fn the_connection_that_has_waited_longest_makes_room_and_no_handler_does() {
        let connections = Connections::new();
        let [held_poll, longest, shorter] = [0, 1_000, 2_000].map(|at_ms| {
            let activity = connections.add();
            moved_at(&activity, at_ms);
            activity
        });
        held_poll.begin_request();
        assert_eq!((connections.count(), connections.make_room()), (3, 1));
        longest.has_to_end().await;
        drop(longest);
        held_poll.set_working(false);
        moved_at(&held_poll, 3_000);
        assert_eq!((connections.count(), connections.make_room()), (2, 1));
        shorter.has_to_end().await;
        drop((shorter, held_poll));
        assert_eq!((connections.count(), connections.make_room()), (0, 0));
    }
}
