//! Messages that came since the last picture of the screen, folded in together before the next one. A busy room says a
//! thousand things a second and the screen shows sixty pictures: what is done once for each picture leaves time for the
//! keys that somebody presses meanwhile.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use protocol::{Message, RoomId, ServerFrame};

use super::Conversations;
use crate::clock::now_ms;

/// Messages that wait for a picture at most; with as many there is no waiting any more.
const MAX_WAITING: usize = 500;

/// While more keeps coming, this many milliseconds pass between two folds: the pictures in between belong to the keys.
const APART_MS: i64 = 45;

/// A picture that shows what a key has done is for that alone. For so many milliseconds messages wait for keys.
const KEYS_FIRST_MS: i64 = 150;

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
    /// Whether a key was pressed since the last picture.
    has_key: bool,
    /// The room whose newest messages somebody follows.
    followed: Option<RoomId>,
    /// When what waited was last folded in, in milliseconds since 1970-01-01 UTC.
    folded_ms: i64,
    timer: Option<Timeout>,
}

impl Conversations {
    /// Sees to it that keys are shown first.
    pub(super) fn watch_keys(self) {
        let listener = window_event_listener_untyped("keydown", move |_| {
            self.batch.try_update_value(|batch| batch.has_key = true);
        });
        on_cleanup(move || listener.remove());
    }

    /// Somebody follows the newest messages of a room: what is far above may go, at a picture of its own. A list that
    /// grows and shrinks at once moves its rows about.
    pub fn followed(&self, room: &RoomId) {
        self.batch.try_update_value(|batch| batch.followed = Some(room.clone()));
    }

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
        let next = self.batch.try_update_value(|batch| {
            let since = now - batch.folded_ms;
            if std::mem::take(&mut batch.has_key) && (0..KEYS_FIRST_MS).contains(&since) {
                return (None, false);
            }
            (batch.followed.take(), !(0..APART_MS).contains(&since))
        });
        let (followed, is_due) = next.unwrap_or_default();
        if followed.is_some_and(|room| self.shorten(&room)) || !is_due {
            return self.await_picture();
        }
        self.batch.try_update_value(|batch| {
            batch.folded_ms = now;
            batch.is_open = false;
            batch.timer = None;
        });
        if self.fold_waiting() {
            self.await_picture();
        }
    }

    /// Returns whether something went.
    fn shorten(self, room: &RoomId) -> bool {
        let went = self.room(room).timeline.try_maybe_update(|timeline| {
            let went = timeline.followed();
            (went, went)
        });
        went == Some(true)
    }
}
