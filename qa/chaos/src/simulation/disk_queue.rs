//! Disk queue: store calls that wait for the disk, how long each takes, and which of them fail.

use std::collections::{BTreeMap, BTreeSet};

use protocol::UserId;

use super::call::{Call, Operation, Verdict, Write};
use super::rng::Rng;
use super::scenario::Health;

/// What the disk has to do, and how well it does it.
#[derive(Debug)]
pub(crate) struct DiskQueue {
    seed: u64,
    health: Health,
    is_full: bool,
    /// Whose next write to the inbox is kept and not confirmed.
    unconfirmed: BTreeSet<UserId>,
    waiting: BTreeMap<u64, Call>,
    last: u64,
    /// A stream for each name of calls, so that the order in which names draw does not matter.
    rngs: BTreeMap<String, Rng>,
}

impl DiskQueue {
    pub(crate) fn new(seed: u64, health: Health) -> Self {
        Self {
            seed,
            health,
            is_full: false,
            unconfirmed: BTreeSet::new(),
            waiting: BTreeMap::new(),
            last: 0,
            rngs: BTreeMap::new(),
        }
    }

    /// A call waits from now on: its number, and how many milliseconds it takes.
    pub(crate) fn push(&mut self, call: Call) -> (u64, u64) {
        let health = self.health.clone();
        let rng = self.rng("disk", &call.name);
        let mut delay = rng.between(health.delay_ms.0, health.delay_ms.1);
        if rng.percent(health.slow) {
            delay += rng.between(500, 3_000);
        }
        self.last += 1;
        self.waiting.insert(self.last, call);
        (self.last, delay)
    }

    /// The disk gets to a call and answers it: its name, and what became of it; `None` if it waits no more.
    pub(crate) fn judge(&mut self, number: u64) -> Option<(String, Verdict)> {
        let call = self.waiting.remove(&number)?;
        let Health { fails, lies, blind, .. } = self.health;
        let is_full = self.is_full;
        let is_unconfirmed = matches!(
            &call.operation,
            Operation::Change(Write::Inbox(user, ..)) if self.unconfirmed.remove(user)
        );
        let rng = self.rng("verdict", &call.name);
        let verdict = match call.operation {
            Operation::Change(_) if is_unconfirmed => Verdict::Lie,
            Operation::Change(_) if is_full || rng.percent(fails) => Verdict::Bad,
            Operation::Change(_) if rng.percent(lies) => Verdict::Lie,
            Operation::Query if rng.percent(blind) => Verdict::Bad,
            _ => Verdict::Good,
        };
        // A hub that does not wait any more needs no answer.
        call.reply.send(verdict).ok();
        Some((call.name, verdict))
    }

    /// The server crashes: nothing waits any more. Each write that was under way has come to the disk, or it has not; these
    /// have, with the names of their calls.
    pub(crate) fn crash(&mut self) -> Vec<(String, Write)> {
        let mut kept = Vec::new();
        for (_, call) in std::mem::take(&mut self.waiting) {
            let is_done = self.rng("verdict", &call.name).percent(50);
            if let Operation::Change(write) = call.operation
                && is_done
            {
                kept.push((call.name, write));
            }
        }
        kept
    }

    /// The server has ended and waits for no answer.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// The disk takes nothing any more, or takes something again.
    pub(crate) fn set_full(&mut self, is_full: bool) {
        self.is_full = is_full;
    }

    /// From now on the disk has room, and does as well as this.
    pub(crate) fn heal(&mut self, health: Health) {
        (self.health, self.is_full) = (health, false);
    }

    /// The next write to the inbox of each of these users is kept and not confirmed.
    pub(crate) fn leave_unconfirmed(&mut self, users: impl Iterator<Item = UserId>) {
        self.unconfirmed = users.collect();
    }

    fn rng(&mut self, purpose: &str, name: &str) -> &mut Rng {
        let (seed, stream) = (self.seed, format!("{purpose} {name}"));
        self.rngs.entry(stream.clone()).or_insert_with(|| Rng::new(seed, &stream))
    }
}
