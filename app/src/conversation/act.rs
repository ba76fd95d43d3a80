//! What a person does in a room, and where it goes.

use leptos::prelude::*;
use protocol::{ClientFrame, RoomId};

use super::Conversations;
use crate::api::{self, ApiError};
use crate::clock::now_ms;
use crate::model::own_typing::OwnTyping;
#[cfg(target_arch = "wasm32")]
use crate::model::typing::Typing;

/// Timers that end something. Setting one again cancels the one before; dropping them cancels them.
#[cfg(target_arch = "wasm32")]
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// Others who are not heard of any more stop typing.
    others: Option<gloo_timers::callback::Timeout>,
    /// So does oneself.
    own: Option<gloo_timers::callback::Timeout>,
}

impl Conversations {
    /// A room comes into view: its newest page is asked for if it is not here yet, and its "new" mark is set.
    pub fn open(&self, room: RoomId) {
        self.desk.update_value(|desk| desk.open = Some(room.clone()));
        let read = self.rooms.with_untracked(|rooms| rooms.get(&room).map_or(0, |summary| summary.read_seq));
        let timeline = self.room(&room).timeline;
        timeline.update(|timeline| timeline.opened(read));
        if !timeline.with_untracked(|timeline| timeline.loaded) {
            // Without a connection this does nothing, and the next one asks again.
            self.link.send(ClientFrame::Join { room, since: None });
        }
        // Whoever had disconnected wants to talk now.
        if self.me.with_value(Option::is_some) {
            self.link.connect();
        }
    }

    /// The room that was in view is not any more.
    pub fn close(&self, room: &RoomId) {
        self.stopped_typing(room);
        self.desk.update_value(|desk| {
            if desk.open.as_ref() == Some(room) {
                desk.open = None;
            }
        });
    }

    /// A key was pressed in the field of a room. Call it at each; it tells the others now and then.
    pub fn typed(&self, room: &RoomId) {
        let now = now_ms();
        let due = self.desk.try_update_value(|desk| {
            if let Some((_, own)) = desk.own_typing.iter_mut().find(|(it, _)| it == room) {
                return own.key(now);
            }
            let mut own = OwnTyping::default();
            let due = own.key(now);
            desk.own_typing.push((room.clone(), own));
            due
        });
        if due == Some(true) {
            self.link.send(ClientFrame::Typing { room: room.clone(), on: true });
        }
        self.watch_silence(room);
    }

    /// The text was cleared or the field was left.
    pub fn stopped_typing(&self, room: &RoomId) {
        let due = self.desk.try_update_value(|desk| {
            let at = desk.own_typing.iter().position(|(it, _)| it == room)?;
            Some(desk.own_typing.swap_remove(at).1.stop())
        });
        let due = due.flatten();
        if due == Some(true) {
            self.link.send(ClientFrame::Typing { room: room.clone(), on: false });
        }
    }

    /// Makes a room with oneself as its owner and these people in it.
    ///
    /// # Errors
    /// [`ApiError`] for people to read; its field is `name` or `usernames` where one of them is wrong.
    pub async fn create_room(&self, name: String, usernames: Vec<String>) -> Result<RoomId, ApiError> {
        let me = self.me.with_value(|me| me.as_ref().map(|me| me.name.clone())).unwrap_or_default();
        let mut others: Vec<String> = Vec::new();
        for username in usernames {
            let known = others.iter().any(|other| other.eq_ignore_ascii_case(&username));
            if !known && !me.eq_ignore_ascii_case(&username) {
                others.push(username);
            }
        }
        let summary = api::create_room(name, &others).await?;
        self.add_room(&summary);
        Ok(summary.id)
    }

    /// Puts people into a room.
    ///
    /// # Errors
    /// [`ApiError`] for people to read.
    pub async fn invite(&self, room: &RoomId, usernames: Vec<String>) -> Result<(), ApiError> {
        let added = api::invite(room, usernames).await?;
        self.room(room).roster.update(|roster| added.iter().for_each(|member| roster.added(member)));
        let people = self.room(room).roster.with_untracked(|roster| roster.members().len());
        self.rooms.maybe_update(|rooms| rooms.count(room, people));
        Ok(())
    }

    /// Leaves a room.
    ///
    /// # Errors
    /// [`ApiError`] for people to read.
    pub async fn leave_room(&self, room: &RoomId) -> Result<(), ApiError> {
        let Some(me) = self.me.with_value(|me| me.as_ref().map(|me| me.id.clone())) else {
            return Ok(());
        };
        api::leave(room, &me).await?;
        self.remove_room(room);
        Ok(())
    }
}

/// In a browser: what needs a timer or a request of its own.
#[cfg(target_arch = "wasm32")]
impl Conversations {
    /// Looks again when the first of those who type would have to be heard of.
    pub(super) fn watch_typing(self) {
        let next = self.state.with_value(|state| {
            let expiries =
                state.iter().filter_map(|(_, room)| room.typing.with_untracked(Typing::next_expiry));
            expiries.min()
        });
        let wait = next.map(|at| u32::try_from((at - now_ms()).max(0)).unwrap_or(0));
        self.timers.update_value(|timers| {
            timers.others =
                wait.map(|wait| gloo_timers::callback::Timeout::new(wait, move || self.expire_typing()));
        });
    }

    fn expire_typing(self) {
        let typing = self
            .state
            .with_value(|state| state.iter().map(|(_, room)| room.typing.clone()).collect::<Vec<_>>());
        for typing in typing {
            typing.maybe_update(|typing| typing.expire(now_ms()));
        }
        self.watch_typing();
    }

    fn watch_silence(self, room: &RoomId) {
        let room = room.clone();
        let silence = crate::model::own_typing::SILENCE_MS;
        self.timers.update_value(|timers| {
            timers.own = Some(gloo_timers::callback::Timeout::new(silence, move || {
                self.stopped_typing(&room);
            }));
        });
    }

    /// Learns of rooms that were joined, left or renamed while there was no connection, and of those beyond the first
    /// page.
    pub(super) fn refresh_rooms(self) {
        // Only what was known before the question can be missing from the answer.
        let before: Vec<RoomId> =
            self.rooms.with_untracked(|rooms| rooms.list().iter().map(|room| room.id.clone()).collect());
        leptos::task::spawn_local(async move {
            match api::rooms().await {
                Ok((rooms, complete)) => {
                    let gone = if complete { before } else { Vec::new() };
                    self.take_rooms(&rooms, gone);
                }
                Err(error) => leptos::logging::warn!("the list of rooms could not be refreshed: {error}"),
            }
        });
    }
}

/// On the server nothing passes, so nothing is waited for.
#[cfg(not(target_arch = "wasm32"))]
#[expect(clippy::unused_self, reason = "the same methods as in a browser, which use it")]
impl Conversations {
    /// Only a browser shows so much that some of it has to go.
    pub fn followed(&self, _room: &RoomId) {}
    pub(super) fn watch_typing(self) {}
    fn watch_silence(self, _room: &RoomId) {}
    pub(super) fn refresh_rooms(self) {}
}
