//! An event and its spellings. The first reader pays for each, the rest share the bytes.

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;

use crate::event::Event;
use crate::port::InboxKind;

/// How many spellings there can be: one slot for each.
pub const SLOTS: usize = 8;

/// How a peer's dialect writes events.
#[derive(Debug, Clone, Copy)]
pub struct Spelling {
    /// Which place in the envelope is this dialect's; below [`SLOTS`].
    pub slot: usize,
    /// Writes an event; `None` where the dialect has no word for it.
    pub encode: fn(&Event) -> Option<Bytes>,
    /// Whether its readers are told of each message that somebody has read, and not only of the last one.
    pub counts_readers: bool,
    /// Whether its readers are told who follows a room, and not only in live sessions.
    pub counts_participants: bool,
    /// Inbox entries of these kinds that wait are delivered once a reader has proven to have received them. An ended job for
    /// which there is no word goes with the notification that tells of it.
    pub settles: &'static [InboxKind],
    /// Whether its readers are told in a chat where the chat's live session stands.
    pub hears_sessions: bool,
    /// How long its readers count as typing without saying so again; without it as [`crate::Settings`] says.
    pub typing_timeout: Option<Duration>,
}

impl Spelling {
    /// A spelling without wishes of its own.
    pub const fn new(slot: usize, encode: fn(&Event) -> Option<Bytes>) -> Self {
        Self {
            slot,
            encode,
            counts_readers: false,
            counts_participants: false,
            settles: &[InboxKind::Direct, InboxKind::Job, InboxKind::Notification],
            hears_sessions: false,
            typing_timeout: None,
        }
    }
}

/// An event on its way to many readers.
#[derive(Debug)]
pub struct Envelope {
    event: Event,
    frames: [OnceLock<Option<Bytes>>; SLOTS],
}

impl Envelope {
    /// Nothing is written yet.
    pub fn new(event: Event) -> Self {
        Self { event, frames: Default::default() }
    }

    /// What happened.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The event in the dialect of a slot, if it is written already.
    pub(crate) fn written(&self, slot: usize) -> Option<&Option<Bytes>> {
        self.frames.get(slot)?.get()
    }

    /// The event in one dialect, written at the first call.
    pub fn frame(&self, spelling: Spelling) -> Option<Bytes> {
        match self.frames.get(spelling.slot) {
            Some(slot) => slot.get_or_init(|| (spelling.encode)(&self.event)).clone(),
            None => (spelling.encode)(&self.event),
        }
    }
}
