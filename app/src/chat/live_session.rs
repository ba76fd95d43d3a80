//! Live session: the one that the page shows. Who takes part in it, where it stands, and what its owner asks for. Its
//! messages are those of any room.

use leptos::prelude::*;
use protocol::{ClientFrame, ErrorCode, ErrorData, Role, RoomId, RoomKind, ServerFrame, live_room};

use super::ChatStore;
use crate::connection::Connection;
use crate::model::connection_state::ConnectionState;
use crate::model::session::{Session, Standing};

/// A handle to the session. Copying it copies a few indices.
#[derive(Debug, Clone, Copy)]
pub struct LiveSession {
    connection: Connection,
    chat: StoredValue<RoomId>,
    room: StoredValue<RoomId>,
    /// Whether the user may say where the session stands.
    pub is_owner: Memo<bool>,
    /// Who takes part and where it stands.
    pub session: RwSignal<Session>,
    /// What the owner asked for and the server has not answered yet.
    pub asked: RwSignal<Option<Standing>>,
    /// Why the server did not do what the owner asked for.
    pub problem: RwSignal<Option<String>>,
    /// Whether the user was shown out, or the session is not there any more.
    pub is_gone: RwSignal<bool>,
}

impl ChatStore {
    /// The live session of a room, for the page that shows it; `None` where there can be none. The user takes part from
    /// [`ChatStore::enter`] to [`ChatStore::leave`].
    pub fn live_session(&self, chat: &RoomId) -> Option<LiveSession> {
        let (connection, summary) = (self.connection, self.summary(chat));
        let room = live_room(chat)?;
        // Where the list knows better, nothing is joined; where it does not, the answer to the join says so.
        if self.summary(&room).with_untracked(|it| it.as_ref().is_some_and(|it| it.kind != RoomKind::Live)) {
            return None;
        }
        let session = LiveSession {
            connection,
            room: StoredValue::new(room),
            chat: StoredValue::new(chat.clone()),
            is_owner: Memo::new(move |_| {
                summary.with(|room| room.as_ref().is_some_and(|room| room.role == Role::Owner))
            }),
            session: RwSignal::new(Session::peeked(self.state.room(chat).session().get_untracked())),
            asked: RwSignal::new(None),
            problem: RwSignal::new(None),
            is_gone: RwSignal::new(false),
        };
        connection.on_frame(move |frame| session.fold(frame));
        Effect::new(move |_| {
            // What was asked of a connection that is gone is not answered any more.
            if connection.state.with(|state| *state != ConnectionState::Connected) {
                session.asked.set(None);
            }
        });
        Some(session)
    }
}

impl LiveSession {
    /// The room of the session, with its conversation.
    pub fn room(self) -> RoomId {
        self.room.get_value()
    }

    /// Says where the session stands from now on.
    pub fn say(self, standing: Standing) {
        let status = standing.word().to_owned();
        self.problem.set(None);
        self.asked.set(Some(standing));
        self.connection.send(ClientFrame::Live {
            room: self.room(),
            status,
            details: serde_json::Map::new(),
        });
    }

    fn fold(self, frame: &ServerFrame) {
        let is_here = |room: &RoomId| self.room.with_value(|it| it == room);
        match frame {
            ServerFrame::Joined { data } if is_here(&data.room) => {
                // What the room is counts, and not how its id is spelt: somebody may own another with this one.
                if self.chat.with_value(|chat| data.chat.as_ref() != Some(chat)) {
                    self.is_gone.set(true);
                }
                self.session.update(|session| session.joined(data));
            }
            ServerFrame::Participant { data } if is_here(&data.room) => {
                self.session.maybe_update(|session| session.participant(data));
            }
            ServerFrame::Live { data } if is_here(&data.room) => {
                self.session.update(|session| session.live(data));
                self.asked.set(None);
            }
            // Before the join it answers that the session was left a moment ago.
            ServerFrame::Left { data } if is_here(&data.room) => {
                self.is_gone.set(self.session.with_untracked(|session| session.participants().is_some()));
            }
            ServerFrame::RoomRemoved { data } if self.chat.with_value(|chat| *chat == data.room) => {
                self.is_gone.set(true);
            }
            ServerFrame::Error { message, data } if data.room.as_ref().is_some_and(is_here) => {
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
