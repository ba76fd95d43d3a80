//! Display name: the name of a room, and when subscribers receive another one. Pure: time is handed in.
//!
//! A name may change as often as its owner likes. Subscribers receive a change at once, and the next ones a few times a
//! second: always the last one.

use std::time::Duration;

use protocol::{RoomId, RoomName};
use tokio::time::Instant;

use crate::event::Event;
use crate::queue::{DeliveryPolicy, conflation};

use super::fanout::{Audience, RoomEvent};

/// Between two events about another name.
const TICK: Duration = Duration::from_millis(500);

/// A name, and whether subscribers have received it.
pub(super) struct DisplayName {
    text: String,
    /// When subscribers last received another one.
    sent_at: Option<Instant>,
    is_pending: bool,
}

impl DisplayName {
    /// The name that all subscribers know.
    pub(super) fn new(text: String) -> Self {
        Self { text, sent_at: None, is_pending: false }
    }

    /// The name.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether this is the name.
    pub(super) fn is(&self, text: &str) -> bool {
        self.text == text
    }

    /// Takes another name; the event if one is due.
    pub(super) fn set(&mut self, room: &RoomId, text: String, now: Instant) -> Option<RoomEvent> {
        (self.text, self.is_pending) = (text, true);
        self.take_due(room, now)
    }

    /// When an event is due; `None` while there is nothing to send.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.sent_at.filter(|_| self.is_pending).map(|sent_at| sent_at + TICK)
    }

    /// The event that is due now.
    pub(super) fn take_due(&mut self, room: &RoomId, now: Instant) -> Option<RoomEvent> {
        if !self.is_pending || self.next_deadline().is_some_and(|moment| moment > now) {
            return None;
        }
        (self.sent_at, self.is_pending) = (Some(now), false);
        Some(RoomEvent {
            delivery: DeliveryPolicy::ReliableLatest(conflation::name(room)),
            audience: Audience::Everyone,
            event: Event::RoomRenamed(RoomName { room: room.clone(), name: self.text.clone() }),
        })
    }
}
