//! Ledger: what ordinary clients have sent and received, and the latency of each delivery.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Begins every text of an ordinary client, whatever its dialect wraps around it.
const MARK: &str = "attack-mark/";

/// One message: which client said it, and as its how manieth.
type Name = (usize, u64);

/// Everything that happened, by rooms and clients.
pub(crate) struct Ledger {
    begun: Instant,
    written: Mutex<Written>,
}

#[derive(Default)]
struct Written {
    said: BTreeMap<usize, BTreeSet<Name>>,
    heard: BTreeMap<usize, BTreeSet<Name>>,
    /// When each was said, in nanoseconds, and how long it took to one of those who heard it.
    delays: Vec<(u64, u64)>,
    troubles: Vec<String>,
}

/// A part of the run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: Instant,
    pub(crate) to: Instant,
}

/// How long deliveries took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Delays {
    pub(crate) count: usize,
    pub(crate) median: Duration,
    pub(crate) p99: Duration,
    pub(crate) worst: Duration,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), written: Mutex::default() }
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn nanos(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.begun).as_nanos()).unwrap_or(u64::MAX)
    }

    /// Notes that a client says its next message in a room now; the text that says so.
    pub(crate) fn say(&self, room: usize, client: usize, number: u64) -> String {
        self.written().said.entry(room).or_default().insert((client, number));
        format!("{MARK}{client}/{number}/{}/", self.nanos(Instant::now()))
    }

    /// Notes every message that is in what a client was told.
    pub(crate) fn hear(&self, client: usize, told: &str) {
        let now = self.nanos(Instant::now());
        for rest in told.split(MARK).skip(1) {
            let mut parts = rest.split('/').map(str::parse::<u64>);
            let (Some(Ok(author)), Some(Ok(number)), Some(Ok(at))) =
                (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let author = usize::try_from(author).unwrap_or(usize::MAX);
            let mut written = self.written();
            let is_new = written.heard.entry(client).or_default().insert((author, number));
            if is_new && author != client {
                written.delays.push((at, now.saturating_sub(at)));
            }
        }
    }

    /// Something that an ordinary client never sees while all is well.
    pub(crate) fn trouble(&self, what: String) {
        self.written().troubles.push(what);
    }

    pub(crate) fn troubles(&self) -> Vec<String> {
        self.written().troubles.clone()
    }

    /// How many messages of others the clients in these rooms have not heard.
    pub(crate) fn missing(&self, clients: impl Iterator<Item = (usize, usize)>) -> usize {
        let written = self.written();
        let (nothing, mut missing) = (BTreeSet::new(), 0);
        for (client, room) in clients {
            let heard = written.heard.get(&client).unwrap_or(&nothing);
            let said = written.said.get(&room).unwrap_or(&nothing);
            missing += said.iter().filter(|name| name.0 != client && !heard.contains(name)).count();
        }
        missing
    }

    /// How many messages were said.
    pub(crate) fn said(&self) -> usize {
        self.written().said.values().map(BTreeSet::len).sum()
    }

    /// How long what was said in this part of the run took to those who heard it.
    pub(crate) fn delays(&self, span: Span) -> Delays {
        let range = self.nanos(span.from)..self.nanos(span.to);
        let all = self.written();
        let mut delays: Vec<u64> =
            all.delays.iter().filter(|(at, _)| range.contains(at)).map(|(_, delay)| *delay).collect();
        delays.sort_unstable();
        let at = |per_mille: usize| {
            let place = (delays.len() * per_mille).div_ceil(1_000).saturating_sub(1);
            Duration::from_nanos(delays.get(place).copied().unwrap_or_default())
        };
        Delays { count: delays.len(), median: at(500), p99: at(990), worst: at(1_000) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_and_not_heard_is_missing() {
        let (ledger, from) = (Ledger::new(), Instant::now());
        let (one, two) = (ledger.say(0, 1, 1), ledger.say(0, 1, 2));
        let of_another_room = ledger.say(9, 3, 1);
        ledger.hear(2, &format!("{{\"content\":\"{one}\"}} 42[\"chat\",\"{of_another_room}\"]"));
        ledger.hear(2, &one);
        let clients = || [(1, 0), (2, 0)].into_iter();
        assert_eq!((ledger.missing(clients()), ledger.said()), (1, 3));
        ledger.hear(2, &two);
        assert_eq!(ledger.missing(clients()), 0);
        let delays = ledger.delays(Span { from, to: Instant::now() });
        assert_eq!(delays.count, 3);
        assert!(delays.median <= delays.p99 && delays.p99 <= delays.worst);
    }
}
