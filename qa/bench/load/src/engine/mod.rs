//! Engine: all connections on one thread over one epoll. It connects, shakes hands, joins, reads and answers pings, and hands
//! events to the mode as they happen.

mod connect;
mod connection;
mod read;

use std::time::Duration;

use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;

use crate::casts::{count, index};
use crate::clock::{nanos, now};
use crate::dialect::Dialect;
use crate::failed::Failed;
use crate::frame;
use crate::latency::{Histogram, histogram};
use crate::payload_stamp::PayloadStamp;
use crate::rng::Rng;
use connection::{Connection, Stage};

pub(crate) use connection::ClientSpec;

/// What one read takes at most, for all connections together.
const BUFFER: usize = 512 * 1024;

/// Sockets that one wait may name.
const BURST: usize = 512;

/// How often a connection is tried before a ramp gives up on it.
const ATTEMPTS: u32 = 3;

/// What happened.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event {
    /// This connection has joined its room, or is open if it joins none.
    Ready(usize),
    /// A connection received a message with this stamp, at this time.
    Received { stamp: PayloadStamp, at: u64 },
    /// The server acknowledged the message of this number.
    Stored { number: u64, at: u64 },
    /// It has ended, and not because it was asked to.
    Lost(usize),
}

pub(crate) struct Engine {
    poller: OwnedFd,
    connections: Vec<Connection>,
    dialect: Box<dyn Dialect>,
    port: u16,
    rng: Rng,
    buffer: Vec<u8>,
    /// The frame that is being made.
    out: Vec<u8>,
    happened: Vec<epoll::Event>,
    ready: usize,
    under_way: usize,
    recovered: u64,
    handshake: Histogram,
    first_failure: Option<String>,
}

impl Engine {
    pub(crate) fn new(
        dialect: Box<dyn Dialect>,
        port: u16,
        clients: Vec<ClientSpec>,
    ) -> Result<Self, Failed> {
        let poller = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|error| Failed::at("no epoll")(error.into()))?;
        Ok(Self {
            poller,
            connections: clients.into_iter().map(Connection::new).collect(),
            dialect,
            port,
            rng: Rng::new(),
            buffer: vec![0; BUFFER],
            out: Vec::new(),
            happened: Vec::with_capacity(BURST),
            ready: 0,
            under_way: 0,
            recovered: 0,
            handshake: histogram()?,
            first_failure: None,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.connections.len()
    }

    /// How many are open and have joined.
    pub(crate) fn ready(&self) -> usize {
        self.ready
    }

    /// Joins that the server answered with a complete recovery.
    pub(crate) fn recovered(&self) -> u64 {
        self.recovered
    }

    /// From the first packet until a connection was ready.
    pub(crate) fn handshake(&self) -> &Histogram {
        &self.handshake
    }

    /// The first thing that went wrong, in words.
    pub(crate) fn first_failure(&self) -> Option<&str> {
        self.first_failure.as_deref()
    }

    pub(crate) fn forget_handshakes(&mut self) {
        self.handshake.reset();
        self.recovered = 0;
    }

    pub(crate) fn is_ready(&self, id: usize) -> bool {
        self.connections.get(id).is_some_and(|it| it.stage == Stage::Ready)
    }

    fn note_failure(&mut self, what: impl FnOnce() -> String) {
        self.first_failure.get_or_insert_with(what);
    }

    /// Waits for so many nanoseconds at most, and hands over what happened.
    pub(crate) fn poll(&mut self, wait: u64, on: &mut dyn FnMut(Event)) {
        let mut happened = std::mem::take(&mut self.happened);
        happened.clear();
        let wait = Timespec::try_from(Duration::from_nanos(wait)).unwrap_or_default();
        let waited = epoll::wait(&self.poller, rustix::buffer::spare_capacity(&mut happened), Some(&wait));
        if let Err(error) = waited {
            self.note_failure(|| format!("waiting: {error}"));
        }
        for event in &happened {
            let (id, flags) = (index(event.data.u64()), event.flags);
            if flags.contains(epoll::EventFlags::OUT) {
                self.writable(id, on);
            }
            if flags.intersects(epoll::EventFlags::IN | epoll::EventFlags::ERR | epoll::EventFlags::HUP) {
                self.readable(id, on);
            }
        }
        self.happened = happened;
    }

    /// Says something in the room of this connection.
    pub(crate) fn broadcast(&mut self, id: usize, body: &str) {
        if let Some(text) = self.room_of(id).map(|room| self.dialect.broadcast(room, body)) {
            self.say(id, frame::TEXT, text.as_bytes());
        }
    }

    /// The same, stored.
    pub(crate) fn post(&mut self, id: usize, number: u64, body: &str) -> Result<(), Failed> {
        let text = self.room_of(id).and_then(|room| self.dialect.post(room, number, body));
        let text =
            text.ok_or_else(|| Failed::Usage("this target has no word for what is stored".to_owned()))?;
        self.say(id, frame::TEXT, text.as_bytes());
        Ok(())
    }

    pub(crate) fn leave(&mut self, id: usize) {
        if let Some(text) = self.room_of(id).and_then(|room| self.dialect.leave(room)) {
            self.say(id, frame::TEXT, text.as_bytes());
        }
    }

    fn room_of(&self, id: usize) -> Option<&str> {
        self.connections.get(id)?.spec.room.as_deref()
    }

    /// Opens these, so many at a time, for so many seconds at most. `on` receives their events.
    pub(crate) fn ramp(
        &mut self,
        ids: std::ops::Range<usize>,
        at_once: usize,
        limit: f64,
        on: &mut dyn FnMut(Event),
    ) -> Ramp {
        let (wanted, end) = (ids.len(), now() + nanos(limit));
        let mut attempts = vec![0_u32; ids.end];
        let mut waiting: Vec<usize> = ids.rev().collect();
        let mut outcome = Ramp { wanted, failures: 0, given_up: 0 };
        let mut lost = Vec::new();
        let before = self.ready;
        while self.ready - before.min(self.ready) + outcome.given_up < wanted && now() < end {
            while self.under_way < at_once
                && let Some(id) = waiting.pop()
            {
                self.open(id, &mut |event| note_loss(event, &mut lost));
            }
            self.poll(5_000_000, &mut |event| {
                note_loss(event, &mut lost);
                on(event);
            });
            for id in lost.drain(..) {
                outcome.failures += 1;
                match attempts.get_mut(id) {
                    Some(tried) if *tried + 1 < ATTEMPTS => {
                        *tried += 1;
                        waiting.push(id);
                    }
                    _ => outcome.given_up += 1,
                }
            }
        }
        outcome
    }

    /// Opens all, or reports how many it could not.
    pub(crate) fn open_all(&mut self, limit: f64) -> Result<(), Failed> {
        let wanted = self.len();
        self.ramp(0..wanted, 256, limit, &mut |_| ());
        if self.ready == wanted {
            return Ok(());
        }
        let why = self.first_failure.clone().unwrap_or_else(|| "out of time".to_owned());
        Err(Failed::NotConnected { opened: self.ready, wanted, why })
    }
}

/// How opening many went.
#[derive(Debug)]
pub(crate) struct Ramp {
    pub(crate) wanted: usize,
    /// Attempts that came to nothing.
    pub(crate) failures: u64,
    pub(crate) given_up: usize,
}

fn note_loss(event: Event, lost: &mut Vec<usize>) {
    if let Event::Lost(id) = event {
        lost.push(id);
    }
}

/// The source address of a connection. One address has some 28,000 ports; four are enough for all.
fn source_of(id: usize) -> std::net::Ipv4Addr {
    let last = u8::try_from(count(id) % 4 + 1).unwrap_or(1);
    std::net::Ipv4Addr::new(127, 0, 1, last)
}
