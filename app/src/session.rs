//! A live session beside its conversation: who takes part, where it stands, what its owner says, and the way out. The
//! messages are those of any room, see [`crate::chat`].

use std::time::Duration;

use leptos::prelude::*;
use protocol::{ClientFrame, ErrorCode, ErrorData, Role, RoomId, ServerFrame};

use crate::address::Place;
use crate::browser::attempt;
use crate::connection::{Connection, use_connection};
use crate::model::connection_state::ConnectionState;
use crate::model::session::{Session, Standing};
use crate::start::Start;

/// How long the server may take to answer a goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// A handle to the session of this page. Copying it copies a few indices.
#[derive(Debug, Clone, Copy)]
pub struct LiveSession {
    connection: Connection,
    /// The live room and its chat; `None` when the address names none that one may see.
    rooms: StoredValue<Option<(RoomId, RoomId)>>,
    /// Whether the person who looks may say where the session stands.
    pub is_owner: bool,
    /// Who takes part and where it stands.
    pub session: RwSignal<Session>,
    /// What the owner asked for and the server has not answered yet.
    pub asked: RwSignal<Option<Standing>>,
    /// Why the server did not do what the owner asked for.
    pub problem: RwSignal<Option<String>>,
    /// Whether one was shown out, or the session is not there any more.
    pub is_gone: RwSignal<bool>,
    is_leaving: RwSignal<bool>,
}

impl LiveSession {
    /// The session that the page was rendered with. A connection must stand above.
    pub fn provide(start: &Start) -> Self {
        let connection = use_connection();
        let chat = if let Place::Live(chat) = Place::of(&start.path) { chat } else { None };
        let rooms = start.open.as_ref().map(|open| open.room.clone()).zip(chat);
        let session = Self {
            connection,
            rooms: StoredValue::new(rooms),
            is_owner: start.rooms.first().is_some_and(|room| room.role == Role::Owner),
            session: RwSignal::new(start.open.as_ref().map(Session::peeked).unwrap_or_default()),
            asked: RwSignal::new(None),
            problem: RwSignal::new(None),
            is_gone: RwSignal::new(false),
            is_leaving: RwSignal::new(false),
        };
        connection.on_frame(move |frame| session.fold(frame));
        Effect::new(move |_| {
            // What was asked of a connection that is gone is not answered any more.
            if connection.state.with(|status| *status != ConnectionState::Connected) {
                session.asked.set(None);
            }
        });
        session
    }

    /// The live room.
    pub fn room(self) -> Option<RoomId> {
        self.rooms.with_value(|rooms| rooms.as_ref().map(|(room, _)| room.clone()))
    }

    /// Link target of the Leave button: the chat.
    pub fn way_out(self) -> String {
        let chat = self.rooms.with_value(|rooms| rooms.as_ref().map(|(_, chat)| chat.clone()));
        chat.map_or_else(|| "/".to_owned(), |chat| format!("/rooms/{chat}"))
    }

    /// Says where the session stands from now on.
    pub fn say(self, standing: Standing) {
        let Some(room) = self.room() else { return };
        let status = standing.word().to_owned();
        self.problem.set(None);
        self.asked.set(Some(standing));
        self.connection.send(ClientFrame::Live { room, status, details: serde_json::Map::new() });
    }

    /// Leaves, so that the others know at once, and then goes to the chat. The browser would drop what is on its way
    /// when the page goes, hence the answer is waited for, though not for long.
    pub fn leave(self) {
        match self.room() {
            Some(room) if self.connection.is_connected() && !self.is_leaving.get_untracked() => {
                self.is_leaving.set(true);
                self.connection.send(ClientFrame::Leave { room });
                set_timeout(move || self.go(), GOODBYE);
            }
            _ => self.go(),
        }
    }

    fn go(self) {
        self.connection.disconnect();
        attempt("going to the room", location().assign(&self.way_out()));
    }

    fn fold(self, frame: &ServerFrame) {
        let Some((room, chat)) = self.rooms.get_value() else { return };
        match frame {
            ServerFrame::Joined { data } if data.room == room => {
                self.session.update(|session| session.joined(data));
            }
            ServerFrame::Participant { data } if data.room == room => {
                self.session.maybe_update(|session| session.participant(data));
            }
            ServerFrame::Live { data } if data.room == room => {
                self.session.update(|session| session.live(data));
                self.asked.set(None);
            }
            ServerFrame::Left { data } if data.room == room && self.is_leaving.get_untracked() => self.go(),
            ServerFrame::Left { data } if data.room == room => self.is_gone.set(true),
            ServerFrame::RoomRemoved { data } if data.room == chat => self.is_gone.set(true),
            ServerFrame::Error { message, data } if data.room.as_ref() == Some(&room) => {
                self.refused(message, data);
            }
            _ => {}
        }
    }

    fn refused(self, message: &str, error: &ErrorData) {
        if error.code == ErrorCode::NotFound {
            self.is_gone.set(true);
        } else if error.draft.is_none() && self.asked.get_untracked().is_some() {
            self.asked.set(None);
            self.problem.set(Some(message.to_owned()));
        }
    }
}
