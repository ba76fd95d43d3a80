//! What is going to happen, and when.

use std::collections::BTreeMap;

use hub::OutboxItem;
use protocol::CloseCode;

use super::scenario::Fault;
use super::words::Wish;

/// Something that happens at a moment.
#[derive(Debug)]
pub(crate) enum Event {
    /// A wish reaches the server.
    Up { connection: u32, wish: Wish },
    /// The server learns that a connection has ended.
    UpEnd { connection: u32 },
    /// A frame, or a request for a receipt, reaches the client.
    Down { connection: u32, item: OutboxItem },
    /// The client learns that a connection has ended.
    DownEnd { connection: u32, code: Option<CloseCode> },
    /// The way to the client is free for more frames.
    Free { connection: u32 },
    /// A client connects.
    Dial { device: usize },
    /// A client does something of its own.
    Act { device: usize },
    /// A client looks after what it waits for.
    Look { device: usize },
    /// The disk does what it was asked.
    Disk { call: u64 },
    /// Something goes wrong, or changes.
    Strike(Fault),
    /// A server starts.
    Boot,
    /// From now on all is well.
    Heal,
    /// Each user gets last direct messages.
    LastDirects,
    /// Each room gets a last line.
    LastLines,
    /// Is everybody at rest?
    Rest,
}

/// Whose an event is: what falls on one moment happens in this order. Never by who asked first, which the order of maps in
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
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    events: BTreeMap<(u64, Owner, u64), Event>,
    /// Each owner's events stay in the order in which it asked for them.
    asked: BTreeMap<Owner, u64>,
}

impl Schedule {
    /// `event` happens at a moment, in milliseconds since the beginning.
    pub(crate) fn at(&mut self, moment: u64, owner: Owner, event: Event) {
        let asked = self.asked.entry(owner.clone()).or_default();
        *asked += 1;
        self.events.insert((moment, owner, *asked), event);
    }

    /// When the next event happens.
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.events.first_key_value().map(|((moment, ..), _)| *moment)
    }

    /// The next event.
    pub(crate) fn take(&mut self) -> Option<(u64, Event)> {
        self.events.pop_first().map(|((moment, ..), event)| (moment, event))
    }
}
