//! View state: facts about the rooms that no page shows. It knows which room or live session is open, which joins are under
//! way, what was sent of one's own typing, and where the reader left each room.

use protocol::RoomId;

use crate::model::own_typing::OwnTyping;
use crate::model::place::ReadingPlace;

#[derive(Debug, Default)]
pub(super) struct ViewState {
    /// The room in view. A live session is a room of its own.
    open: Option<RoomId>,
    /// The room whose live session is in view.
    chat: Option<RoomId>,
    /// Whether there was a connection before.
    was_connected: bool,
    /// Rooms whose missing messages were asked for and have not come yet; hardly ever more than one.
    rejoining: Vec<RoomId>,
    /// What the others were sent of one's own typing, for the rooms where they were; that is one or two.
    own_typing: Vec<(RoomId, OwnTyping)>,
    /// Where the reader was in rooms that were left further up than their newest message.
    places: Vec<(RoomId, ReadingPlace)>,
}

impl ViewState {
    /// The room comes into view.
    pub(super) fn open(&mut self, room: &RoomId) {
        self.open = Some(room.clone());
        self.chat = None;
    }

    /// The live session of a room comes into view.
    pub(super) fn enter(&mut self, chat: &RoomId, session: &RoomId) {
        self.open = Some(session.clone());
        self.chat = Some(chat.clone());
    }

    /// The room whose live session this is, if that is in view.
    pub(super) fn chat_of(&self, session: &RoomId) -> Option<RoomId> {
        self.chat.clone().filter(|_| self.is_open(session))
    }

    /// The room is not in view any more, if it was.
    pub(super) fn close(&mut self, room: &RoomId) {
        if self.is_open(room) {
            (self.open, self.chat) = (None, None);
        }
    }

    pub(super) fn is_open(&self, room: &RoomId) -> bool {
        self.open.as_ref() == Some(room)
    }

    /// A connection begins, and with it nothing is asked for or sent yet. Returns the room in view, and whether there was
    /// a connection before.
    pub(super) fn connected(&mut self) -> (Option<RoomId>, bool) {
        self.rejoining.clear();
        self.own_typing.clear();
        (self.open.clone(), std::mem::replace(&mut self.was_connected, true))
    }

    /// Missing messages of a room are needed. Returns whether to ask for them: once until the answer comes.
    pub(super) fn begin_rejoin(&mut self, room: &RoomId) -> bool {
        let is_first = !self.rejoining.contains(room);
        if is_first {
            self.rejoining.push(room.clone());
        }
        is_first
    }

    /// The answer to a join came.
    pub(super) fn end_rejoin(&mut self, room: &RoomId) {
        self.rejoining.retain(|it| it != room);
    }

    /// A key was pressed in the field of a room at `now`. Returns whether to send that.
    pub(super) fn typed(&mut self, room: &RoomId, now: i64) -> bool {
        if let Some((_, own)) = self.own_typing.iter_mut().find(|(it, _)| it == room) {
            return own.key(now);
        }
        let mut own = OwnTyping::default();
        let is_due = own.key(now);
        self.own_typing.push((room.clone(), own));
        is_due
    }

    /// The user does not type in a room any more. Returns whether to send that.
    pub(super) fn stopped_typing(&mut self, room: &RoomId) -> bool {
        let at = self.own_typing.iter().position(|(it, _)| it == room);
        at.is_some_and(|at| self.own_typing.swap_remove(at).1.stop())
    }

    /// The user is not in a room any more, so nobody there hears of their typing.
    pub(super) fn forget_typing(&mut self, room: &RoomId) {
        self.own_typing.retain(|(it, _)| it != room);
    }

    /// Where the reader left a room.
    pub(super) fn place(&self, room: &RoomId) -> Option<ReadingPlace> {
        self.places.iter().find(|(it, _)| it == room).map(|(_, place)| place.clone())
    }

    /// The reader leaves a room here; `None` at its newest message.
    pub(super) fn leave_place(&mut self, room: &RoomId, place: Option<ReadingPlace>) {
        self.places.retain(|(it, _)| it != room);
        self.places.extend(place.map(|place| (room.clone(), place)));
    }
}
