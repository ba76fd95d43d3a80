//! Chat: everything that is live about the rooms of the user, that is the list, and for each room its messages, members
//! and who types.
//!
//! The reducer folds frames and actions into plain models, the dispatcher carries out what follows from them, and the frame
//! batch folds messages in once for each animation frame. [`ChatStore`] composes them: pages read its signals and call its
//! actions; they never see a frame.

mod actions;
mod dispatcher;
mod effect;
mod frame_batch;
mod live_session;
mod reducer;
mod room_state;
mod timer;
mod unfinished;
mod view_state;

use leptos::prelude::*;
use protocol::{Member, RoomId, RoomSummary};

use self::dispatcher::Dispatcher;
use self::frame_batch::FrameBatch;
pub use self::live_session::LiveSession;
use self::reducer::ChatState;
use crate::connection::{Connection, ConnectionOptions, provide_connection};
use crate::model::live_rooms::LiveRooms;
use crate::model::session::Standing;
use crate::model::timeline::Timeline;
use crate::start::Start;

/// A handle to all of it. Copying it copies a few indexes.
#[derive(Debug, Clone, Copy)]
pub struct ChatStore {
    connection: Connection,
    state: ChatState,
    dispatcher: Dispatcher,
    batch: FrameBatch,
}

/// Puts a [`ChatStore`] (and the [`Connection`] below it) into the context, once, at the root of the pages.
pub fn provide_chat_store(start: &Start) -> ChatStore {
    let account = start.account.as_ref().map(|me| me.id.clone());
    let connection = provide_connection(account.is_some(), ConnectionOptions { account, is_shared: true });
    let state = ChatState::new(start);
    let dispatcher = Dispatcher::new(state, connection);
    let store = ChatStore { connection, state, dispatcher, batch: FrameBatch::new(dispatcher) };
    connection.on_frame(move |frame| store.batch.push(frame));
    connection.on_outbox(move |event| state.outbox(event));
    provide_context(store);
    store
}

/// The chat of this tab.
///
/// # Panics
/// When no [`provide_chat_store`] stands above.
pub fn use_chat_store() -> ChatStore {
    expect_context::<ChatStore>()
}

impl ChatStore {
    /// The user's rooms, newest activity first, with live unread counts.
    pub fn rooms(&self) -> Memo<Vec<RoomSummary>> {
        let list = self.state.list();
        Memo::new(move |_| list.read().list().to_vec())
    }

    /// One room as in the list; `None` for one that the user is not in.
    pub fn summary(&self, room: &RoomId) -> Memo<Option<RoomSummary>> {
        let (list, room) = (self.state.list(), room.clone());
        Memo::new(move |_| list.read().get(&room).cloned())
    }

    /// What a room is called; `None` for one that the user is not in. Tracked.
    pub fn name(&self, room: &RoomId) -> Option<String> {
        self.state.list().read().get(room).map(|summary| summary.name.clone())
    }

    /// The messages of a room. Empty, and not [`Timeline::loaded`], until it was opened.
    pub fn timeline(&self, room: &RoomId) -> ReadSignal<Timeline> {
        self.state.room(room).timeline().into()
    }

    /// The members of a room: owners first, then by name.
    pub fn roster(&self, room: &RoomId) -> Memo<Vec<Member>> {
        let roster = self.state.room(room).roster();
        Memo::new(move |_| roster.read().members().to_vec())
    }

    /// The names of the others who type in a room, in the order they began.
    pub fn typing(&self, room: &RoomId) -> Memo<Vec<String>> {
        let room = self.state.room(room);
        let (typing, roster) = (room.typing(), room.roster());
        let me = self.state.me().map(|me| me.id);
        Memo::new(move |_| {
            let roster = roster.read();
            let typing = typing.read();
            let others = typing.people().filter(|who| Some(*who) != me.as_ref());
            others.filter_map(|who| roster.name_of(who).map(str::to_owned)).collect::<Vec<_>>()
        })
    }

    /// Where the live session of a room stands.
    pub fn session(&self, room: &RoomId) -> Memo<Standing> {
        let session = self.state.room(room).session();
        Memo::new(move |_| Standing::of_status(session.read().as_ref()))
    }

    /// The rooms whose live session is on.
    pub fn live_rooms(&self) -> ReadSignal<LiveRooms> {
        self.state.live()
    }
}

#[cfg(test)]
mod tests;
