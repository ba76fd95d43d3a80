//! The display name of a room, and when those who follow are told of another one.
//!
//! A name may change as often as its owner likes. Followers hear of a change at once, and of the next ones a few times a
//! second: always the last one.

use std::time::Duration;

use protocol::RoomName;
use send_queue::DeliveryPolicy;
use tokio::time::Instant;

use crate::conflation;
use crate::envelope::Envelope;
use crate::event::Event;

use super::Room;

/// Between two times that followers are told of another name.
const TICK: Duration = Duration::from_millis(500);

/// A name, and how far it was told.
pub(super) struct Name {
    text: String,
    /// When followers were last told of another one.
    told_at: Option<Instant>,
    /// They were not told of this one yet.
    is_news: bool,
}

impl Name {
    /// A name that everybody knows who looks.
    pub(super) fn known(text: String) -> Self {
        Self { text, told_at: None, is_news: false }
    }

    /// Whether this is the name.
    pub(super) fn is(&self, text: &str) -> bool {
        self.text == text
    }

    /// When followers are to be told; `None` while there is nothing to tell.
    pub(super) fn next_news(&self) -> Option<Instant> {
        self.told_at.filter(|_| self.is_news).map(|told_at| told_at + TICK)
    }

    /// The name that followers are to be told now.
    fn take_news(&mut self, now: Instant) -> Option<String> {
        if !self.is_news || self.next_news().is_some_and(|moment| moment > now) {
            return None;
        }
        (self.told_at, self.is_news) = (Some(now), false);
        Some(self.text.clone())
    }
}

impl Room {
    /// The room has another name from now on.
    pub(super) fn take_name(&mut self, name: String) {
        (self.name.text, self.name.is_news) = (name, true);
        self.tell_name();
    }

    /// Tells followers of another name, if the last time is a while ago.
    pub(super) fn tell_name(&mut self) {
        let Some(name) = self.name.take_news(Instant::now()) else { return };
        let room = self.id.clone();
        let delivery = DeliveryPolicy::ReliableLatest(conflation::name(&room));
        self.deliver_to(&Envelope::new(Event::RoomRenamed(RoomName { room, name })), delivery, |_| true);
    }
}
