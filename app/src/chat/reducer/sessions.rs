//! Live sessions of the rooms: which are on, and which one this tab is in. The conversation of a session is a room of its
//! own; joining that room is taking part.

use leptos::prelude::*;
use protocol::{ClientFrame, JoinedRoom, LiveChange, RoomId};

use super::super::effect::Effect;
use super::ChatState;

impl ChatState {
    /// The live session of a room comes into view: it is joined from where it was left.
    pub(in crate::chat) fn enter(self, chat: &RoomId, session: &RoomId) -> Effect {
        self.view(|view| view.enter(chat, session));
        if let Some(read) = self.list.with_untracked(|list| list.get(session).map(|it| it.read_seq)) {
            self.room(session).opened(read);
        }
        self.subscribe(session)
    }

    /// The live session that was in view is not any more: the others are told at once.
    pub(in crate::chat) fn leave(self, session: &RoomId) -> Effect {
        self.view(|view| {
            view.close(session);
            view.end_rejoin(session);
        });
        Effect::Send(ClientFrame::Leave { room: session.clone() })
    }

    /// The first answer to a join of a live session says how far the user has read it.
    pub(super) fn session_joined(self, chat: &RoomId, joined: &JoinedRoom) {
        if self.list.try_maybe_update(|list| (false, list.entered(chat, joined))) == Some(true) {
            let read = self.list.with_untracked(|list| list.get(&joined.room).map_or(0, |it| it.read_seq));
            self.room(&joined.room).opened(read);
        }
    }

    /// The live session of a room has this status, if it is one of a room.
    pub(super) fn status_changed(self, status: &LiveChange) {
        if let Some(chat) = &status.chat {
            self.room(chat).session_changed(status);
            self.live.maybe_update(|live| live.changed(chat, status));
        }
    }

    /// Whether a room is a live session that this tab is not in. Frames of it come where another tab is.
    pub(super) fn is_outside(self, room: &RoomId) -> bool {
        !self.is_open(room) && self.list.with_untracked(|list| list.is_session(room))
    }
}
