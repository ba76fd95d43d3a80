//! The rooms of a person, as in the list: the one with the newest activity first. Live sessions that were entered are known
//! as rooms, too, but they are in no list.

use protocol::limits::MAX_UNREAD;
use protocol::{
    Cursor, JoinedRoom, Message, Preview, RoomId, RoomKind, RoomName, RoomSummary, UserId, is_reserved,
    live_room,
};

use super::timeline::Outcome;

/// The list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rooms {
    me: Option<UserId>,
    list: Vec<RoomSummary>,
    sessions: Vec<RoomSummary>,
}

impl Rooms {
    /// The rooms of this person.
    pub fn new(me: Option<UserId>, rooms: Vec<RoomSummary>) -> Self {
        let mut list = Self { me, list: Vec::with_capacity(rooms.len()), sessions: Vec::new() };
        for room in rooms {
            list.put(room);
        }
        list
    }

    /// Newest activity first.
    pub fn list(&self) -> &[RoomSummary] {
        &self.list
    }

    /// One room, or a live session that was entered.
    pub fn get(&self, room: &RoomId) -> Option<&RoomSummary> {
        self.list.iter().chain(&self.sessions).find(|summary| summary.id == *room)
    }

    /// Whether this is a live session. Older versions made other rooms with such ids.
    pub fn is_session(&self, room: &RoomId) -> bool {
        is_reserved(room) && self.get(room).is_none_or(|summary| summary.kind == RoomKind::Live)
    }

    /// Takes the room that the page was rendered with, which may be a live session.
    pub fn rendered(&mut self, open: &JoinedRoom) {
        let is_chat = |room: &&RoomSummary| live_room(&room.id).as_ref() == Some(&open.room);
        let chat = self.list.iter().find(|room| self.is_session(&open.room) && is_chat(room));
        if let Some(chat) = chat.map(|room| room.id.clone()) {
            self.entered(&chat, open);
        }
    }

    /// The user has joined the live session of a room. Returns whether that is news.
    pub fn entered(&mut self, chat: &RoomId, session: &JoinedRoom) -> bool {
        if self.get(&session.room).is_some() {
            return false;
        }
        let Some(chat) = self.get(chat).cloned() else { return false };
        let (id, kind, head) = (session.room.clone(), RoomKind::Live, session.head);
        let read_seq = self.own_mark(session);
        self.sessions.push(RoomSummary { id, kind, head, read_seq, unread: 0, last: None, ..chat });
        true
    }

    /// How far the user has read, as the answer to a join has it.
    fn own_mark(&self, joined: &JoinedRoom) -> u64 {
        let own = joined.members.iter().find(|member| Some(&member.id) == self.me.as_ref());
        own.map_or(0, |member| member.read_seq)
    }

    /// Folds in a message of any room.
    pub fn message(&mut self, message: &Message) -> Outcome {
        let mine = self.me.as_ref() == Some(&message.author);
        let Some(room) = self.find(&message.room) else {
            return Outcome::Known;
        };
        match room.head.gap_to(message.cursor) {
            None if room.head.epoch == message.cursor.epoch => return Outcome::Known,
            Some(0) => return Outcome::Known,
            Some(1) => {}
            // Counting what is unread needs every message, so the missing ones come first.
            None | Some(_) => return Outcome::Gap,
        }
        room.head = message.cursor;
        room.last = Some(Preview::of(message));
        if !mine && message.cursor.seq > room.read_seq {
            room.unread = (room.unread + 1).min(MAX_UNREAD);
        }
        self.reorder(&message.room);
        Outcome::News
    }

    /// Folds in the answer to a join.
    pub fn joined(&mut self, joined: &JoinedRoom) {
        let (me, own_mark) = (self.me.clone(), self.own_mark(joined));
        let Some(room) = self.find(&joined.room) else {
            return;
        };
        room.member_count = u32::try_from(joined.members.len()).unwrap_or(u32::MAX);
        let other_life = room.head.epoch != joined.head.epoch;
        if other_life {
            room.read_seq = 0;
        }
        // Another tab or device may have read on while this one was away.
        let read = own_mark.max(room.read_seq);
        let news = other_life || joined.head.seq > room.head.seq;
        if news {
            let from = if joined.recovered && !other_life { room.head.seq.max(read) } else { read };
            let known =
                if joined.recovered && !other_life { room.unread.min(distance(read, room.head)) } else { 0 };
            // Who said what lies before the page is not known; all of it counts.
            let hidden = joined.messages.first().map_or(0, |first| first.cursor.seq.saturating_sub(from + 1));
            let of_others = |it: &&Message| it.cursor.seq > from && Some(&it.author) != me.as_ref();
            let counted = joined.messages.iter().filter(of_others).count();
            let more = u32::try_from(hidden.saturating_add(counted as u64)).unwrap_or(u32::MAX);
            room.unread = known.saturating_add(more).min(MAX_UNREAD);
            room.head = joined.head;
            room.last = joined.messages.last().map(Preview::of).or(room.last.take());
        } else {
            room.unread = room.unread.min(distance(read, room.head));
        }
        room.read_seq = read;
        self.reorder(&joined.room);
    }

    /// Somebody has read a room; only one's own marks (from this or another tab) change the list.
    pub fn read(&mut self, room: &RoomId, user: &UserId, seq: u64) -> bool {
        if self.me.as_ref() != Some(user) {
            return false;
        }
        let Some(room) = self.find(room) else { return false };
        if seq <= room.read_seq {
            return false;
        }
        room.read_seq = seq;
        room.unread = room.unread.min(distance(seq, room.head));
        true
    }

    /// A room was read up to a number, and so many messages of others come after it. Returns the number to tell the
    /// server, if it rose.
    pub fn mark_read(&mut self, room: &RoomId, seq: u64, left: usize) -> Option<u64> {
        let room = self.find(room)?;
        let seq = seq.min(room.head.seq);
        if seq <= room.read_seq {
            return None;
        }
        room.read_seq = seq;
        room.unread = u32::try_from(left).unwrap_or(u32::MAX).min(distance(seq, room.head));
        Some(seq)
    }

    /// One is in a room. Returns whether that is news.
    pub fn added(&mut self, summary: &RoomSummary) -> bool {
        if self.get(&summary.id).is_some() {
            return false;
        }
        self.put(summary.clone());
        true
    }

    /// One is not in a room any more. Returns whether that is news.
    pub fn removed(&mut self, room: &RoomId) -> bool {
        let before = self.list.len();
        self.list.retain(|summary| summary.id != *room);
        self.sessions.retain(|session| live_room(room).as_ref() != Some(&session.id));
        self.list.len() != before
    }

    /// A room has another name. Returns whether that is news.
    pub fn renamed(&mut self, change: &RoomName) -> bool {
        match self.find(&change.room) {
            Some(room) if room.name != change.name => {
                room.name.clone_from(&change.name);
                true
            }
            _ => false,
        }
    }

    /// So many people are in a room. Returns whether that is news.
    pub fn count(&mut self, room: &RoomId, people: usize) -> bool {
        let people = u32::try_from(people).unwrap_or(u32::MAX);
        match self.find(room) {
            Some(room) if room.member_count != people => {
                room.member_count = people;
                true
            }
            _ => false,
        }
    }

    fn find(&mut self, room: &RoomId) -> Option<&mut RoomSummary> {
        self.list.iter_mut().chain(&mut self.sessions).find(|summary| summary.id == *room)
    }

    /// Puts a room in where its activity belongs. Rooms come nearly in order, so hardly anything moves.
    fn put(&mut self, room: RoomSummary) {
        let activity = |room: &RoomSummary| room.last.as_ref().map_or(room.created_at_ms, |last| last.at_ms);
        let at = self.list.partition_point(|it| {
            activity(&room).cmp(&activity(it)).then_with(|| it.id.cmp(&room.id)).is_lt()
        });
        self.list.insert(at, room);
    }

    /// Moves a room that has news.
    fn reorder(&mut self, room: &RoomId) {
        if let Some(at) = self.list.iter().position(|it| it.id == *room) {
            let room = self.list.remove(at);
            self.put(room);
        }
    }
}

/// Messages after `read`, counted up to the limit.
fn distance(read: u64, head: Cursor) -> u32 {
    u32::try_from(head.seq.saturating_sub(read)).unwrap_or(u32::MAX).min(MAX_UNREAD)
}

#[cfg(test)]
#[path = "rooms_tests.rs"]
mod tests;
