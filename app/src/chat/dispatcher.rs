//! Dispatcher: gives frames to the reducer and carries out its effects, by the connection, timers and the REST API.

use leptos::prelude::*;
use protocol::{RoomId, ServerFrame};

use super::effect::Effect;
use super::reducer::ChatState;
use super::timer::Timer;
use crate::browser::IS_BROWSER;
use crate::clock::now_ms;
use crate::connection::Connection;
use crate::model::own_typing::SILENCE_MS;

/// Copying it copies a few indexes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dispatcher {
    state: ChatState,
    connection: Connection,
    /// Ends the typing of others who are not heard of any more.
    others_typing: Timer,
    /// Ends one's own typing after a silence.
    own_typing: Timer,
}

impl Dispatcher {
    pub(super) fn new(state: ChatState, connection: Connection) -> Self {
        Self { state, connection, others_typing: Timer::new(), own_typing: Timer::new() }
    }

    /// Folds a frame in.
    pub(super) fn apply(self, frame: &ServerFrame) {
        self.run_all(self.state.apply(frame, now_ms(), |draft| self.connection.holds(draft)));
    }

    /// Folds messages in, in the order they came.
    pub(super) fn apply_messages(self, messages: &[protocol::Message]) {
        self.run_all(self.state.messages(messages));
    }

    /// The reader follows the newest messages of a room. Returns whether messages far above them went.
    pub(super) fn shorten(self, room: &RoomId) -> bool {
        self.state.room(room).shorten()
    }

    /// A key was pressed in the field of a room.
    pub(super) fn typed(self, room: &RoomId) {
        self.run(self.state.typed(room, now_ms()));
        let room = room.clone();
        self.own_typing.set(Some(SILENCE_MS), move || self.stopped_typing(&room));
    }

    /// The text was sent or cleared, or the field was left.
    pub(super) fn stopped_typing(self, room: &RoomId) {
        self.run(self.state.stopped_typing(room));
    }

    pub(super) fn run_all(self, effects: Vec<Effect>) {
        for effect in effects {
            self.run(Some(effect));
        }
    }

    pub(super) fn run(self, effect: Option<Effect>) {
        match effect {
            Some(Effect::Send(frame)) => self.connection.send(frame),
            Some(Effect::ForgetRoom(room)) => self.connection.forget_room(&room),
            Some(Effect::RefreshRooms) => self.refresh_rooms(),
            Some(Effect::WatchTyping) => self.watch_typing(),
            None => {}
        }
    }

    /// Looks again when the first of those who type would have to be heard of.
    fn watch_typing(self) {
        let next = self.state.next_typing_expiry();
        let wait_ms = next.map(|at| u32::try_from((at - now_ms()).max(0)).unwrap_or(0));
        self.others_typing.set(wait_ms, move || {
            self.state.expire_typing(now_ms());
            self.watch_typing();
        });
    }

    /// Learns of rooms that were joined, left or renamed while there was no connection, and of those beyond the first
    /// page.
    fn refresh_rooms(self) {
        if !IS_BROWSER {
            return;
        }
        // Only what was known before the question can be missing from the answer.
        let before: Vec<RoomId> =
            self.state.list().with_untracked(|list| list.list().iter().map(|room| room.id.clone()).collect());
        leptos::task::spawn_local(async move {
            match crate::api::rooms().await {
                Ok((rooms, complete)) => {
                    let gone = if complete { before } else { Vec::new() };
                    self.run_all(self.state.rooms_listed(&rooms, &gone));
                }
                Err(error) => leptos::logging::warn!("the list of rooms could not be refreshed: {error}"),
            }
        });
    }
}
