//! HTTP activity: tracks what each open HTTP connection is doing, and decides which of them are closed when there are too
//! many.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::auth::client_ip::ClientIp;

/// Of so many connections one makes room at a time, so that not every new one has to ask for it.
const SHARE: usize = 16;

/// A connection whose handler is not at work waits for its client when its request, or the answer to it, is so old. A client
/// that has just come may have sent a request that is not read yet.
const WAITS_AFTER_MS: u64 = 1_000;

/// The connections that are open. Cloning copies one pointer.
#[derive(Clone)]
pub(crate) struct Connections {
    shared: Arc<Inner>,
}

struct Inner {
    begun: Instant,
    /// How many may wait for their clients.
    most_waiting: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Arc<State>>,
    /// Connections that were accepted since the waiting ones were last counted.
    since_count: usize,
}

/// What one connection is doing.
struct State {
    address: IpAddr,
    /// When its last phase began, in milliseconds since the server began: the connection, a request, or the answer.
    phase_at_ms: AtomicU64,
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
    shared: Arc<Inner>,
    key: u64,
    state: Arc<State>,
}

impl Connections {
    /// None yet; so many may wait for their clients.
    pub(crate) fn new(most_waiting: usize) -> Self {
        let open = Mutex::default();
        Self { shared: Arc::new(Inner { begun: Instant::now(), most_waiting, open }) }
    }

    /// A connection was taken. Some make room if too many wait for their clients.
    pub(crate) fn add(&self, address: ClientIp) -> Arc<Activity> {
        let now_ms = self.shared.now_ms();
        let state = Arc::new(State {
            address: address.0,
            phase_at_ms: AtomicU64::new(now_ms),
            moved_at_ms: AtomicU64::new(now_ms),
            requests: AtomicU64::new(0),
            is_working: AtomicBool::new(false),
            makes_room: Notify::new(),
        });
        let mut open = self.shared.open();
        let key = open.next;
        open.next += 1;
        open.connections.insert(key, state.clone());
        open.since_count += 1;
        if open.since_count > self.shared.most_waiting / SHARE {
            open.since_count = 0;
            open.bound_waiting(self.shared.most_waiting, now_ms);
        }
        drop(open);
        Arc::new(Activity { shared: self.shared.clone(), key, state })
    }

    pub(crate) fn count(&self) -> usize {
        self.shared.open().connections.len()
    }

    /// Ends a share of those whose handlers are not at work; how many.
    pub(crate) fn make_room(&self) -> usize {
        let open = self.shared.open();
        let idle: Vec<&State> = open.idle().collect();
        let count = idle.len().div_ceil(SHARE);
        end_some(idle, count);
        count
    }
}

impl Open {
    /// Those whose handlers are not at work, as that of a poll is that is held.
    fn idle(&self) -> impl Iterator<Item = &State> {
        self.connections.values().map(|state| &**state).filter(|it| !it.is_working.load(Ordering::Relaxed))
    }

    /// Ends some of those that wait for their clients, if more do than may.
    fn bound_waiting(&self, most: usize, now_ms: u64) {
        if self.connections.len() <= most {
            return;
        }
        let is_old = |state: &&State| {
            now_ms.saturating_sub(state.phase_at_ms.load(Ordering::Relaxed)) >= WAITS_AFTER_MS
        };
        let waiting: Vec<&State> = self.idle().filter(is_old).collect();
        if let Some(beyond) = waiting.len().checked_sub(most).filter(|beyond| *beyond > 0) {
            let count = beyond + most / SHARE;
            end_some(waiting, count);
            tracing::debug!(count, "Connections that waited for their clients made room");
        }
    }
}

/// Ends so many of these: first of those that never came to a second request, as good clients soon do; of these first those
/// that share an address with the most others, and then those on which nothing has moved for longest.
fn end_some(mut states: Vec<&State>, count: usize) {
    let mut by_address: HashMap<IpAddr, usize> = HashMap::new();
    for state in &states {
        *by_address.entry(state.address).or_default() += 1;
    }
    states.sort_by_cached_key(|state| {
        let share = by_address.get(&state.address).copied().unwrap_or_default();
        (
            state.requests.load(Ordering::Relaxed) > 1,
            Reverse(share),
            state.moved_at_ms.load(Ordering::Relaxed),
        )
    });
    states.iter().take(count).for_each(|state| state.makes_room.notify_one());
}

impl Inner {
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
        self.begin_phase();
        self.set_working(true);
    }

    /// The handler has an answer, which the client is to take.
    pub(crate) fn begin_answer(&self) {
        self.begin_phase();
        self.set_working(false);
    }

    fn begin_phase(&self) {
        self.state.phase_at_ms.store(self.shared.now_ms(), Ordering::Relaxed);
    }

    /// A handler goes on, or waits for the client's body.
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
    use std::time::Duration;

    use futures_util::FutureExt as _;

    use super::*;

    fn moved_at(activity: &Activity, at_ms: u64) {
        activity.state.moved_at_ms.store(at_ms, Ordering::Relaxed);
    }

    fn from(host: u8) -> ClientIp {
        ClientIp(IpAddr::from([192, 0, 2, host]))
    }

    #[tokio::test]
    async fn the_connection_that_has_waited_longest_makes_room_and_no_handler_does() {
        let connections = Connections::new(100);
        let [held_poll, longest, shorter] = [0, 1_000, 2_000].map(|at_ms| {
            let activity = connections.add(from(1));
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

    #[test]
    fn beyond_the_bound_those_make_room_whose_address_has_the_most() {
        let begun = Instant::now() - Duration::from_secs(10);
        let connections =
            Connections { shared: Arc::new(Inner { begun, most_waiting: 32, open: Mutex::default() }) };
        let patient = connections.add(from(1));
        let many: Vec<_> = (0..32).map(|_| connections.add(from(2))).collect();
        let is_ended = |activity: &Arc<Activity>| activity.has_to_end().now_or_never().is_some();
        let ended = |list: &[Arc<Activity>]| list.iter().filter(|it| is_ended(it)).count();
        assert_eq!(ended(&many), 0, "none of them has waited yet");
        for activity in many.iter().chain([&patient]) {
            activity.state.phase_at_ms.store(0, Ordering::Relaxed);
        }
        let newcomers: Vec<_> = (0..3).map(|_| connections.add(from(2))).collect();
        assert_eq!(ended(&many), 3, "the one beyond the bound and a share");
        assert!(!is_ended(&patient) && ended(&newcomers) == 0);
    }
}
