//! Ledger: what ordinary clients have sent and received, and the latency of each delivery.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Begins every text of an ordinary client, whatever its dialect wraps around it.
const MARK: &str = "attack-mark/";

/// One message: the number of its author, and its number among the messages of this author.
type Name = (usize, u64);

/// Everything that happened, by rooms and clients.
pub(crate) struct Ledger {
    begun: Instant,
    written: Mutex<Written>,
}

#[derive(Default)]
struct Written {
    sent: BTreeMap<usize, BTreeSet<Name>>,
    received: BTreeMap<usize, BTreeSet<Name>>,
    /// When each was sent, in nanoseconds, and how long it took to one receiver.
    delays: Vec<(u64, u64)>,
    failures: Vec<String>,
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

    /// Notes that a client sends its next message in a room now, and returns the text of it.
    pub(crate) fn send(&self, room: usize, client: usize, number: u64) -> String {
        self.written().sent.entry(room).or_default().insert((client, number));
        format!("{MARK}{client}/{number}/{}/", self.nanos(Instant::now()))
    }

    /// Notes every message in what a client received.
    pub(crate) fn receive(&self, client: usize, frame: &str) {
        let now = self.nanos(Instant::now());
        for rest in frame.split(MARK).skip(1) {
            let mut parts = rest.split('/').map(str::parse::<u64>);
            let (Some(Ok(author)), Some(Ok(number)), Some(Ok(at))) =
                (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let author = usize::try_from(author).unwrap_or(usize::MAX);
            let mut written = self.written();
            let is_new = written.received.entry(client).or_default().insert((author, number));
            if is_new && author != client {
                written.delays.push((at, now.saturating_sub(at)));
            }
        }
    }

    /// Notes why an ordinary client has ended, which none does while all is well.
    pub(crate) fn note_failure(&self, why: String) {
        self.written().failures.push(why);
    }

    pub(crate) fn failures(&self) -> Vec<String> {
        self.written().failures.clone()
    }

    /// How many messages of others the clients, each with its room, have not received.
    pub(crate) fn missing(&self, clients: impl Iterator<Item = (usize, usize)>) -> usize {
        let written = self.written();
        let (nothing, mut missing) = (BTreeSet::new(), 0);
        for (client, room) in clients {
            let received = written.received.get(&client).unwrap_or(&nothing);
            let sent = written.sent.get(&room).unwrap_or(&nothing);
            missing += sent.iter().filter(|name| name.0 != client && !received.contains(name)).count();
        }
        missing
    }

    /// How many messages were sent.
    pub(crate) fn sent(&self) -> usize {
        self.written().sent.values().map(BTreeSet::len).sum()
    }

    /// How long the messages of this part of the run took to each receiver.
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
    fn messages_sent_and_not_received_are_missing() {
        let (ledger, from) = (Ledger::new(), Instant::now());
        let (one, two) = (ledger.send(0, 1, 1), ledger.send(0, 1, 2));
        let of_another_room = ledger.send(9, 3, 1);
        ledger.receive(2, &format!("{{\"content\":\"{one}\"}} 42[\"chat\",\"{of_another_room}\"]"));
        ledger.receive(2, &one);
        let clients = || [(1, 0), (2, 0)].into_iter();
        assert_eq!((ledger.missing(clients()), ledger.sent()), (1, 3));
        ledger.receive(2, &two);
        assert_eq!(ledger.missing(clients()), 0);
        let delays = ledger.delays(Span { from, to: Instant::now() });
        assert_eq!(delays.count, 3);
        assert!(delays.median <= delays.p99 && delays.p99 <= delays.worst);
    }
}
