//! Schedule: future events, ordered by time and owner.

use std::collections::BTreeMap;

use hub::OutboxItem;
use protocol::CloseCode;

use super::frames::Request;
use super::scenario::Fault;

/// Something that happens at a moment.
#[derive(Debug)]
pub(crate) enum Event {
    /// A request reaches the server.
    Up { connection: u32, request: Request },
    /// The server learns that a connection has ended.
    UpEnd { connection: u32 },
    /// A frame, or a request for a receipt, reaches the client.
    Down { connection: u32, item: OutboxItem },
    /// The client learns that a connection has ended.
    DownEnd { connection: u32, code: Option<CloseCode> },
    /// The way to the client is free for more frames.
    Free { connection: u32 },
    /// A client connects.
    Connect { device: usize },
    /// A client does something of its own.
    Act { device: usize },
    /// A client sends what is due.
    Retry { device: usize },
    /// The disk does what it was asked.
    Disk { call: u64 },
    /// Something goes wrong, or changes.
    Apply(Fault),
    /// A server starts.
    Boot,
    /// From now on all is well.
    Heal,
    /// Each user gets last direct messages.
    LastDirects,
    /// Each room gets a last line.
    LastLines,
    /// Is everybody at rest?
    CheckIdle,
}

impl Event {
    /// Whether the scenario or a client begins it, and not something that happened before.
    fn is_scripted(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::Act { .. }
            | Self::Retry { .. }
            | Self::Apply(_)
            | Self::Heal
            | Self::LastDirects
            | Self::LastLines
            | Self::CheckIdle => true,
            Self::Up { .. }
            | Self::UpEnd { .. }
            | Self::Down { .. }
            | Self::DownEnd { .. }
            | Self::Free { .. }
            | Self::Disk { .. }
            | Self::Boot => false,
        }
    }
}

/// The owner of an event: events of one moment happen in this order, never in that of their scheduling, which maps in
/// the hub would decide.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    World,
    Disk(String),
    Device(usize),
    Up(u32),
    Down(u32),
}

/// Events by moment and owner.
///
/// In step, what is scripted waits until all that came of the script before it is over. Then the script is late by some
/// time, which it keeps: from one event of the script to the next it takes as long as the scenario says, and in which order
/// the hub is asked does not depend on how long it takes.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    events: BTreeMap<(u64, Owner, u64), Event>,
    is_in_step: bool,
    /// What is scripted, if that is kept apart.
    script: BTreeMap<(u64, Owner, u64), Event>,
    late_ms: u64,
    /// Each owner's events stay in the order in which it asked for them.
    asked: BTreeMap<Owner, u64>,
}

impl Schedule {
    /// A schedule whose script waits for what comes of it, or not.
    pub(crate) fn new(is_in_step: bool) -> Self {
        Self { is_in_step, ..Self::default() }
    }

    /// `event` happens at a moment, in milliseconds since the beginning.
    pub(crate) fn at(&mut self, moment: u64, owner: Owner, event: Event) {
        let asked = self.asked.entry(owner.clone()).or_default();
        *asked += 1;
        let events = if self.is_in_step && event.is_scripted() { &mut self.script } else { &mut self.events };
        events.insert((moment, owner, *asked), event);
    }

    /// How late the script is, in milliseconds.
    pub(crate) fn late_ms(&self) -> u64 {
        self.late_ms
    }

    /// When the next event happens.
    pub(crate) fn next_at(&self) -> Option<u64> {
        let moment = self.events.first_key_value().map(|((moment, ..), _)| *moment);
        moment.or_else(|| self.script.first_key_value().map(|((moment, ..), _)| *moment + self.late_ms))
    }

    /// The next event, at a moment that is not before it.
    pub(crate) fn take(&mut self, now: u64) -> Option<(u64, Event)> {
        if let Some(((moment, ..), event)) = self.events.pop_first() {
            return Some((moment, event));
        }
        let ((moment, ..), event) = self.script.pop_first()?;
        self.late_ms = now.saturating_sub(moment);
        Some((now, event))
    }
}
