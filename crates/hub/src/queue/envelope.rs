//! Envelope: an event with its encoded frames. The first receiver of a dialect has it encoded, all others share the bytes.

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;

use crate::event::Event;
use crate::store::InboxKind;

/// Slots of an envelope, at least one for each encoder of a server. Two encoders with one slot would send each other's frames.
pub const SLOTS: usize = 8;

/// Which events of changed messages a dialect has frames for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ChangeFrames {
    /// None: its clients have the messages as they were posted.
    #[default]
    None,
    /// [`Event::Changed`], one for each commit, for clients that ask for changes when they join.
    Commits,
    /// [`Event::Change`], one for each change; a client that comes back gets [`Event::MessageChanged`], one for each message.
    Changes,
}

/// How a client's dialect encodes events.
#[derive(Debug, Clone, Copy)]
pub struct Encoder {
    /// The slot of this dialect in an envelope; below [`SLOTS`].
    pub slot: usize,
    /// Encodes an event; `None` where the dialect has no frame for it.
    pub encode: fn(&Event) -> Option<Bytes>,
    /// Whether its clients get a receipt for each message that was read, and not only the last read number.
    pub wants_receipts: bool,
    /// Whether its clients get the participants of every room, and not only of live sessions.
    pub wants_participants: bool,
    /// Inbox entries of these kinds that wait are delivered once a client has proven to have received them. An ended job for
    /// which the dialect has no frame is delivered with its notification.
    pub settles: &'static [InboxKind],
    /// Whether its clients get the status of a chat's live session in the chat.
    pub wants_live_status: bool,
    /// What its clients get of changed messages.
    pub changes: ChangeFrames,
    /// How long a typing notification of its clients holds; `None`: as [`crate::HubSettings`] says.
    pub typing_timeout: Option<Duration>,
}

impl Encoder {
    /// An encoder with default options.
    pub const fn new(slot: usize, encode: fn(&Event) -> Option<Bytes>) -> Self {
        Self {
            slot,
            encode,
            wants_receipts: false,
            wants_participants: false,
            settles: &[InboxKind::Direct, InboxKind::Job, InboxKind::Notification],
            wants_live_status: false,
            changes: ChangeFrames::None,
            typing_timeout: None,
        }
    }
}

/// An event on its way to many clients.
#[derive(Debug)]
pub struct Envelope {
    event: Event,
    frames: [OnceLock<Option<Bytes>>; SLOTS],
}

impl Envelope {
    /// An envelope in which nothing is encoded yet.
    pub fn new(event: Event) -> Self {
        Self { event, frames: Default::default() }
    }

    /// The event.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The cached frame of a slot, if the event was encoded for it before.
    pub(crate) fn cached(&self, slot: usize) -> Option<&Option<Bytes>> {
        self.frames.get(slot)?.get()
    }

    /// The frame of one dialect, encoded at the first call.
    pub fn frame(&self, encoder: Encoder) -> Option<Bytes> {
        match self.frames.get(encoder.slot) {
            Some(slot) => slot.get_or_init(|| (encoder.encode)(&self.event)).clone(),
            None => (encoder.encode)(&self.event),
        }
    }
}
