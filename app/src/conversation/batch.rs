//! Messages that came since the last picture of the screen, folded in together before the next one. A busy room says a
//! thousand things a second and the screen shows sixty pictures: what is done once for each picture leaves time for the
//! keys that somebody presses meanwhile.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use protocol::{Message, ServerFrame};

use super::Conversations;
use crate::clock::now_ms;

/// Messages that wait for a picture at most; with as many there is no waiting any more.
const MAX_WAITING: usize = 500;

/// While more keeps coming, this many milliseconds pass between two folds: the pictures in between belong to the keys.
const APART_MS: i64 = 45;

/// A tab out of view gets no pictures: then this many milliseconds are one.
const NO_PICTURE_MS: u32 = 250;

/// What waits for the next picture.
#[derive(Debug, Default)]
pub(super) struct Batch {
    waiting: Vec<Message>,
    /// Whether the next picture is waited for. Before that nothing waits: what comes after a silence is shown at once.
    is_open: bool,
    /// Whether the browser was asked to say when it paints.
    has_asked: bool,
    /// When what waited was last folded in, in milliseconds since 1970-01-01 UTC.
    folded_ms: i64,
    timer: Option<Timeout>,
}

impl Conversations {
    /// Folds a frame in, a message maybe a little later. Nothing overtakes a message, except marks of who has read what:
    /// they mean the same before it and after it.
    pub(super) fn hear(self, frame: &ServerFrame) {
        match frame {
            ServerFrame::Message { data } if self.waits(data) => {}
            ServerFrame::Message { .. } => {
                self.fold_waiting();
                self.fold(frame);
                self.await_picture();
            }
            ServerFrame::Read { .. } => self.fold(frame),
            _ => {
                self.fold_waiting();
                self.fold(frame);
            }
        }
    }

    /// Whether a message is kept for the next picture.
    fn waits(self, message: &Message) -> bool {
        let kept = self.batch.try_update_value(|batch| {
            let has_room = batch.is_open && batch.waiting.len() < MAX_WAITING;
            if has_room {
                batch.waiting.push(message.clone());
            }
            has_room
        });
        kept.unwrap_or(false)
    }

    /// Returns whether there was something.
    fn fold_waiting(self) -> bool {
        let waiting = self.batch.try_update_value(|batch| std::mem::take(&mut batch.waiting));
        let waiting = waiting.unwrap_or_default();
        self.messages(&waiting);
        !waiting.is_empty()
    }

    fn await_picture(self) {
        let has_asked = self.batch.try_update_value(|batch| {
            batch.is_open = true;
            batch.timer = Some(Timeout::new(NO_PICTURE_MS, move || self.picture()));
            std::mem::replace(&mut batch.has_asked, true)
        });
        if has_asked == Some(false) {
            request_animation_frame(move || {
                self.batch.try_update_value(|batch| batch.has_asked = false);
                self.picture();
            });
        }
    }

    /// The next picture is about to be painted, or there is none.
    fn picture(self) {
        let now = now_ms();
        let is_due = self.batch.try_update_value(|batch| {
            let is_due = !(0..APART_MS).contains(&(now - batch.folded_ms));
            if is_due {
                batch.folded_ms = now;
                batch.is_open = false;
                batch.timer = None;
            }
            is_due
        });
        if is_due == Some(false) || self.fold_waiting() {
            self.await_picture();
        }
    }
}
