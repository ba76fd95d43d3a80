//! Frame batch: holds the messages that came since the last animation frame and folds them in together before the next one.
//! A busy room has a thousand messages a second and the screen sixty frames: what is done once for each of those leaves
//! time for the keys that a user presses meanwhile.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use protocol::{Message, RoomId, ServerFrame};

use super::dispatcher::Dispatcher;
use crate::browser::IS_BROWSER;
use crate::clock::now_ms;

/// Messages that wait for an animation frame at most; with as many there is no waiting any more.
const MAX_WAITING: usize = 500;

/// While more keeps coming, this many milliseconds pass between two folds: the frames in between belong to the keys.
const APART_MS: i64 = 45;

/// After a key press, the next animation frame paints only the input. For so many milliseconds messages wait for keys.
const KEYS_FIRST_MS: i64 = 150;

/// A tab out of view gets no animation frames: then a frame takes this many milliseconds.
const HIDDEN_FRAME_MS: u32 = 250;

/// Copying it copies a few indexes.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameBatch {
    dispatcher: Dispatcher,
    /// `None` on a server, which has no screen and no frames to wait for.
    batch: Option<StoredValue<Batch, LocalStorage>>,
}

/// What waits for the next animation frame.
#[derive(Debug, Default)]
struct Batch {
    waiting: Vec<Message>,
    /// Whether the next frame is waited for. Before that nothing waits: what comes after a silence is shown at once.
    is_open: bool,
    /// Whether the browser was asked to say when it paints.
    has_asked: bool,
    /// Whether a key was pressed since the last frame.
    has_key: bool,
    /// The room whose newest messages somebody follows.
    followed: Option<RoomId>,
    /// When what waited was last folded in, in milliseconds since 1970-01-01 UTC.
    folded_ms: i64,
    timer: Option<Timeout>,
}

impl FrameBatch {
    /// Watches keys from now on, so that they are shown first.
    pub(super) fn new(dispatcher: Dispatcher) -> Self {
        let batch = IS_BROWSER.then(|| StoredValue::new_local(Batch::default()));
        let this = Self { dispatcher, batch };
        if IS_BROWSER {
            let listener = window_event_listener_untyped("keydown", move |_| {
                this.update(|batch| batch.has_key = true);
            });
            on_cleanup(move || listener.remove());
        }
        this
    }

    /// `None` on a server, and once the pages are gone.
    fn update<T>(self, act: impl FnOnce(&mut Batch) -> T) -> Option<T> {
        self.batch?.try_update_value(act)
    }

    /// The reader follows the newest messages of a room: what is far above may go, in an animation frame of its own. A
    /// list that grows and shrinks at once moves its rows about.
    pub(super) fn followed(self, room: &RoomId) {
        self.update(|batch| batch.followed = Some(room.clone()));
    }

    /// Folds a frame in, a message maybe a little later. Nothing overtakes a message, except marks of who has read what:
    /// they mean the same before it and after it.
    pub(super) fn push(self, frame: &ServerFrame) {
        match frame {
            ServerFrame::Message { data } if self.waits(data) => {}
            ServerFrame::Message { .. } => {
                self.flush();
                self.dispatcher.apply(frame);
                self.await_frame();
            }
            ServerFrame::Read { .. } => self.dispatcher.apply(frame),
            _ => {
                self.flush();
                self.dispatcher.apply(frame);
            }
        }
    }

    /// Whether a message is kept for the next animation frame.
    fn waits(self, message: &Message) -> bool {
        let kept = self.update(|batch| {
            let has_room = batch.is_open && batch.waiting.len() < MAX_WAITING;
            if has_room {
                batch.waiting.push(message.clone());
            }
            has_room
        });
        kept.unwrap_or(false)
    }

    /// Returns whether there was something.
    fn flush(self) -> bool {
        let waiting = self.update(|batch| std::mem::take(&mut batch.waiting));
        let waiting = waiting.unwrap_or_default();
        self.dispatcher.apply_messages(&waiting);
        !waiting.is_empty()
    }

    fn await_frame(self) {
        let has_asked = self.update(|batch| {
            batch.is_open = true;
            batch.timer = Some(Timeout::new(HIDDEN_FRAME_MS, move || self.animation_frame()));
            std::mem::replace(&mut batch.has_asked, true)
        });
        if has_asked == Some(false) {
            request_animation_frame(move || {
                self.update(|batch| batch.has_asked = false);
                self.animation_frame();
            });
        }
    }

    /// The next frame is about to be painted, or the tab is hidden.
    fn animation_frame(self) {
        let now = now_ms();
        let next = self.update(|batch| {
            let since = now - batch.folded_ms;
            if std::mem::take(&mut batch.has_key) && (0..KEYS_FIRST_MS).contains(&since) {
                return (None, false);
            }
            (batch.followed.take(), !(0..APART_MS).contains(&since))
        });
        let (followed, is_due) = next.unwrap_or_default();
        if followed.is_some_and(|room| self.dispatcher.shorten(&room)) || !is_due {
            return self.await_frame();
        }
        self.update(|batch| {
            batch.folded_ms = now;
            batch.is_open = false;
            batch.timer = None;
        });
        if self.flush() {
            self.await_frame();
        }
    }
}
