//! Step: one measurement of a fan-out at one pace.

use std::collections::VecDeque;

use crate::casts::{fraction, index, whole};
use crate::clock::{nanos, now};
use crate::engine::{Engine, Event};
use crate::failed::Failed;
use crate::latency::{Histogram, histogram};
use crate::options::Options;
use crate::payload_stamp::PayloadStamp;
use crate::usage::{Span, Used};

/// How long the last messages have to arrive after the measurement.
const GRACE: u64 = 3_000_000_000;

/// After which a message that a member has not received no longer counts as under way.
const PATIENCE: u64 = 3_000_000_000;

/// Messages that are sent between two polls when the clock has run ahead, so that answers are read in between.
const BURST: usize = 64;

const LONGEST_WAIT: u64 = 5_000_000;

/// Whether a message is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    Volatile,
    Stored,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// So many under way.
    Window(usize),
    /// So many messages a second.
    Rate(f64),
}

pub(crate) struct Step {
    pub(super) used: Used,
    pub(super) said: u64,
    pub(super) heard: u64,
    pub(super) lost: u64,
    pub(super) doubled: u64,
    pub(super) stored: u64,
    pub(super) unanswered: u64,
    pub(super) latency: Histogram,
    pub(super) stored_latency: Histogram,
}

/// The rooms, and the next sender in each.
pub(crate) struct Workload {
    rooms: Vec<Vec<usize>>,
    durability: Durability,
    payload: usize,
    next_room: usize,
    round: usize,
    next: u64,
}

/// A message: how many members have not received it, and whether its acknowledgement is missing.
struct Message {
    unheard: u32,
    is_unanswered: bool,
    sent: u64,
}

impl Message {
    fn is_done(&self, durability: Durability) -> bool {
        match durability {
            Durability::Volatile => self.unheard == 0,
            Durability::Stored => !self.is_unanswered,
        }
    }
}

/// What is counted while it goes on. Messages are numbered on from `base`.
struct Tally {
    durability: Durability,
    base: u64,
    messages: Vec<Message>,
    under_way: usize,
    measured_from: u64,
    heard: u64,
    doubled: u64,
    stored: u64,
    latency: Histogram,
    stored_latency: Histogram,
    last_progress: u64,
}

impl Workload {
    pub(super) fn new(places: &[u64], options: &Options, durability: Durability) -> Self {
        let mut rooms = vec![Vec::new(); index(options.rooms)];
        for (id, place) in places.iter().enumerate() {
            if let Some(room) = rooms.get_mut(index(*place)) {
                room.push(id);
            }
        }
        Self { rooms, durability, payload: options.payload, next_room: 0, round: 0, next: 1 }
    }

    /// The next room's next member sends a message.
    fn speak(&mut self, engine: &mut Engine, sent: u64, tally: &mut Tally) -> Result<(), Failed> {
        let room = self.rooms.get(self.next_room).map(Vec::as_slice).unwrap_or_default();
        let speaker = room.get(self.round.checked_rem(room.len()).unwrap_or_default());
        let speaker = *speaker.ok_or_else(|| Failed::Usage("a room is empty".to_owned()))?;
        tally.messages.push(Message {
            unheard: u32::try_from(room.len()).unwrap_or(u32::MAX),
            is_unanswered: self.durability == Durability::Stored,
            sent,
        });
        tally.under_way += 1;
        let number = self.next;
        self.next += 1;
        self.next_room += 1;
        if self.next_room == self.rooms.len() {
            (self.next_room, self.round) = (0, self.round + 1);
        }
        let body = PayloadStamp { number, sent }.body(self.payload);
        match self.durability {
            Durability::Volatile => engine.broadcast(speaker, &body),
            Durability::Stored => engine.post(speaker, number, &body)?,
        }
        Ok(())
    }

    pub(super) fn step(
        &mut self,
        engine: &mut Engine,
        pace: Pace,
        options: &Options,
    ) -> Result<Step, Failed> {
        let mut tally = Tally::new(self.next, self.durability)?;
        let mut pacer = Pacer { pace, due: fraction(now()), oldest: VecDeque::new() };
        let warm = now() + nanos(options.warmup);
        self.send_until(engine, warm, &mut pacer, &mut tally)?;
        let span = Span::begin(options.pid)?;
        tally.begin(self.next);
        self.send_until(engine, now() + nanos(options.duration), &mut pacer, &mut tally)?;
        let used = span.end()?;
        let (said, heard, stored) = (self.next - tally.measured_from, tally.heard, tally.stored);
        let end = now();
        while tally.is_waiting() && now() < end.max(tally.last_progress) + GRACE && now() < end + 3 * GRACE {
            engine.poll(LONGEST_WAIT, &mut |event| tally.note(event));
        }
        Ok(Step {
            used,
            said,
            heard,
            stored,
            lost: tally.messages.iter().map(|it| u64::from(it.unheard)).sum(),
            unanswered: tally.messages.iter().map(|it| u64::from(it.is_unanswered)).sum(),
            doubled: tally.doubled,
            latency: tally.latency,
            stored_latency: tally.stored_latency,
        })
    }

    fn send_until(
        &mut self,
        engine: &mut Engine,
        end: u64,
        pacer: &mut Pacer,
        tally: &mut Tally,
    ) -> Result<(), Failed> {
        loop {
            let time = now();
            if time >= end {
                return Ok(());
            }
            let wait = pacer.send(time, self, engine, tally)?;
            engine.poll(wait.min(end - time), &mut |event| tally.note(event));
        }
    }
}

/// When the next message is sent.
struct Pacer {
    pace: Pace,
    due: f64,
    /// Numbers of messages under way, the oldest first.
    oldest: VecDeque<usize>,
}

impl Pacer {
    /// Sends what is due, and returns how long the next one is away.
    fn send(
        &mut self,
        time: u64,
        workload: &mut Workload,
        engine: &mut Engine,
        tally: &mut Tally,
    ) -> Result<u64, Failed> {
        match self.pace {
            Pace::Window(window) => {
                while tally.under_way < window {
                    self.oldest.push_back(tally.messages.len());
                    workload.speak(engine, now(), tally)?;
                }
                self.forget_what_was_lost(time, tally);
                Ok(LONGEST_WAIT)
            }
            Pace::Rate(rate) => {
                for _ in 0..BURST {
                    if self.due > fraction(time) {
                        break;
                    }
                    workload.speak(engine, whole(self.due), tally)?;
                    self.due += 1e9 / rate;
                }
                Ok(whole(self.due - fraction(time)).min(LONGEST_WAIT))
            }
        }
    }

    /// A message that never arrives must not keep its place for ever.
    fn forget_what_was_lost(&mut self, time: u64, tally: &mut Tally) {
        while let Some(message) = self.oldest.front().and_then(|place| tally.messages.get(*place)) {
            if !message.is_done(tally.durability) {
                if time < message.sent + PATIENCE {
                    return;
                }
                tally.under_way -= 1;
            }
            self.oldest.pop_front();
        }
    }
}

impl Tally {
    fn new(base: u64, durability: Durability) -> Result<Self, Failed> {
        Ok(Self {
            durability,
            base,
            messages: Vec::new(),
            under_way: 0,
            measured_from: u64::MAX,
            heard: 0,
            doubled: 0,
            stored: 0,
            latency: histogram()?,
            stored_latency: histogram()?,
            last_progress: now(),
        })
    }

    /// The warming up is over.
    fn begin(&mut self, next: u64) {
        self.measured_from = next;
        (self.heard, self.stored) = (0, 0);
    }

    fn is_waiting(&self) -> bool {
        self.messages.iter().any(|it| it.unheard > 0 || it.is_unanswered)
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Received { stamp, at } => self.received(stamp, at),
            Event::Stored { number, at } => self.stored(number, at),
            Event::Ready(_) | Event::Lost(_) => {}
        }
    }

    fn message(&mut self, number: u64) -> Option<&mut Message> {
        self.messages.get_mut(index(number.checked_sub(self.base)?))
    }

    fn received(&mut self, stamp: PayloadStamp, at: u64) {
        let durability = self.durability;
        let Some(message) = self.message(stamp.number) else { return };
        if message.unheard == 0 {
            self.doubled += 1;
            return;
        }
        message.unheard -= 1;
        let is_done = message.unheard == 0 && durability == Durability::Volatile;
        self.under_way = self.under_way.saturating_sub(usize::from(is_done));
        self.heard += 1;
        self.last_progress = at;
        if stamp.number >= self.measured_from {
            self.latency.saturating_record(at.saturating_sub(stamp.sent));
        }
    }

    fn stored(&mut self, number: u64, at: u64) {
        let Some(message) = self.message(number).filter(|it| it.is_unanswered) else { return };
        message.is_unanswered = false;
        let sent = message.sent;
        self.under_way = self.under_way.saturating_sub(1);
        self.stored += 1;
        self.last_progress = at;
        if number >= self.measured_from {
            self.stored_latency.saturating_record(at.saturating_sub(sent));
        }
    }
}
