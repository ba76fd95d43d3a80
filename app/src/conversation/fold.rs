//! From a frame to the models. One arm for each frame that changes what is shown.

use leptos::prelude::*;
use protocol::limits::MAX_ROOMS_PER_CONNECTION;
use protocol::{ClientFrame, ErrorCode, ErrorData, JoinedRoom, Message, RoomId, ServerFrame};

use super::Conversations;
use crate::clock::now_ms;
use crate::link::NOT_A_MEMBER;
use crate::model::roster::Roster;
use crate::model::session::Standing;
use crate::model::timeline::Outcome;

/// Rooms that a page is rendered with at most.
const ROOMS_OF_A_PAGE: usize = 200;

impl Conversations {
    /// Folds one frame in.
    pub(super) fn fold(self, frame: &ServerFrame) {
        match frame {
            ServerFrame::Welcome { .. } => self.welcomed(),
            ServerFrame::Joined { data } => self.joined(data),
            ServerFrame::Message { data } => self.messages(std::slice::from_ref(data)),
            ServerFrame::Posted { data } => {
                self.room(&data.room)
                    .timeline
                    .maybe_update(|timeline| timeline.posted(data) == Outcome::News);
            }
            ServerFrame::Typing { data } => {
                self.room(&data.room).typing.maybe_update(|typing| typing.apply(data, now_ms()));
                self.watch_typing();
            }
            ServerFrame::Read { data } => {
                self.room(&data.room).roster.maybe_update(|roster| roster.read(&data.user, data.seq));
                self.rooms.maybe_update(|rooms| rooms.read(&data.room, &data.user, data.seq));
            }
            ServerFrame::Presence { data } => {
                let room = self.room(&data.room);
                room.roster.maybe_update(|roster| roster.presence(data));
                for user in &data.offline {
                    room.typing.maybe_update(|typing| typing.ceased(user));
                }
            }
            ServerFrame::MemberAdded { data } => {
                let room = self.room(&data.room);
                room.roster.update(|roster| roster.added(&data.member));
                self.count_people(&data.room);
            }
            ServerFrame::MemberRemoved { data } => {
                let room = self.room(&data.room);
                room.roster.maybe_update(|roster| roster.removed(&data.user));
                room.typing.maybe_update(|typing| typing.ceased(&data.user));
                self.count_people(&data.room);
            }
            ServerFrame::Live { data } => {
                if let Some(chat) = &data.chat {
                    self.room(chat).session.set(Standing::of(&data.status));
                }
            }
            ServerFrame::RoomRenamed { data } => self.rooms.maybe_update(|rooms| rooms.renamed(data)),
            ServerFrame::RoomAdded { data } if !self.is_closed => self.add_room(data),
            ServerFrame::RoomRemoved { data } => self.remove_room(&data.room),
            ServerFrame::Error { message, data } => self.refused(message, data),
            ServerFrame::Authenticated { .. }
            | ServerFrame::Expiring { .. }
            | ServerFrame::Left { .. }
            | ServerFrame::Broadcast { .. }
            | ServerFrame::RoomAdded { .. }
            | ServerFrame::Participant { .. }
            | ServerFrame::Notification { .. }
            | ServerFrame::Direct { .. }
            | ServerFrame::Job { .. }
            | ServerFrame::Inbox { .. }
            | ServerFrame::Signal { .. }
            | ServerFrame::Maintenance { .. }
            | ServerFrame::Pong { .. }
            | ServerFrame::Progress { .. }
            | ServerFrame::Finished { .. }
            | ServerFrame::Closing { .. } => {}
        }
    }

    /// A new connection: follow every room again from where it was left, the one in view first.
    fn welcomed(self) {
        let desk = self.desk.try_update_value(|desk| {
            desk.rejoining.clear();
            desk.own_typing.clear();
            (desk.open.clone(), std::mem::replace(&mut desk.welcomed, true))
        });
        let Some((open, again)) = desk else { return };
        if let Some(room) = &open {
            self.follow(room);
        }
        let others: Vec<RoomId> = self.rooms.with_untracked(|rooms| {
            let others =
                rooms.list().iter().map(|room| room.id.clone()).filter(|room| Some(room) != open.as_ref());
            others.take(MAX_ROOMS_PER_CONNECTION - 1).collect()
        });
        for room in &others {
            self.follow(room);
        }
        // The page came with its newest rooms, and frames tell of changes; only an absence can have hidden some.
        if !self.is_closed && (again || others.len() + 1 >= ROOMS_OF_A_PAGE) {
            self.refresh_rooms();
        }
    }

    /// Takes the list as the server has it now. Those of `before` that are not in it are gone.
    #[cfg_attr(not(any(test, target_arch = "wasm32")), expect(dead_code, reason = "only a browser asks"))]
    pub(super) fn take_rooms(self, list: &[protocol::RoomSummary], before: Vec<RoomId>) {
        for summary in list {
            let name = protocol::RoomName { room: summary.id.clone(), name: summary.name.clone() };
            self.rooms.maybe_update(|rooms| rooms.renamed(&name));
            self.add_room(summary);
        }
        for room in before {
            if !list.iter().any(|summary| summary.id == room) {
                self.remove_room(&room);
            }
        }
    }

    /// Joins a room from where it was left: where its messages end if they are here, else (unless it is in view and
    /// needs its newest page) where the list's count ends.
    pub(super) fn follow(self, room: &RoomId) {
        let seen =
            self.room(room).timeline.with_untracked(|timeline| timeline.head().filter(|_| timeline.loaded));
        let in_view = self.desk.with_value(|desk| desk.open.as_ref() == Some(room));
        let counted = || self.rooms.with_untracked(|rooms| rooms.get(room).map(|summary| summary.head));
        let since = if in_view { seen } else { seen.or_else(counted) };
        self.link.send(ClientFrame::Join { room: room.clone(), since });
    }

    fn joined(self, joined: &JoinedRoom) {
        if joined.recovered && joined.has_more {
            // A long absence: the newest page is what is read first; older ones come by scrolling.
            return self.link.send(ClientFrame::Join { room: joined.room.clone(), since: None });
        }
        self.desk.update_value(|desk| {
            desk.rejoining.retain(|room| *room != joined.room);
        });
        let known = self.rooms.with_untracked(|rooms| rooms.get(&joined.room).map(|room| room.head));
        let room = self.room(&joined.room);
        let was_loaded = room.timeline.with_untracked(|timeline| timeline.loaded);
        room.timeline.update(|timeline| timeline.joined(joined));
        room.roster.set(Roster::of(&joined.members));
        room.session.set(Standing::of_chat(joined));
        room.typing.update(|typing| typing.start_over(&joined.typing, now_ms()));
        self.watch_typing();
        self.rooms.update(|rooms| rooms.joined(joined));
        let is_open = self.desk.with_value(|desk| desk.open.as_ref() == Some(&joined.room));
        if was_loaded && is_open && !joined.messages.is_empty() {
            self.returned(&joined.room);
        }
        // Marks that rose while there was no connection.
        let me = self.me.with_value(|me| me.as_ref().map(|me| me.id.clone()));
        let told = joined.members.iter().find(|member| Some(&member.id) == me.as_ref()).map(|it| it.read_seq);
        let read = self.rooms.with_untracked(|rooms| rooms.get(&joined.room).map(|room| room.read_seq));
        if let (Some(told), Some(seq), Some(_)) = (told, read, known)
            && seq > told
        {
            self.link.send(ClientFrame::Read { room: joined.room.clone(), seq });
        }
    }

    /// Without a screen there is no next picture to wait for.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn hear(self, frame: &ServerFrame) {
        self.fold(frame);
    }

    /// Folds messages in, in the order they came. What follows from them is worked out once for each run of one room.
    pub(super) fn messages(self, messages: &[Message]) {
        for run in messages.chunk_by(|one, next| one.room == next.room) {
            self.run(run);
        }
    }

    fn run(self, run: &[Message]) {
        let Some(first) = run.first() else { return };
        let room = self.room(&first.room);
        room.typing.maybe_update(|typing| any(run, |message| typing.ceased(&message.author)));
        let mut has_gap = false;
        let mut is_news = |outcome: Outcome| {
            has_gap |= outcome == Outcome::Gap;
            outcome == Outcome::News
        };
        room.timeline.maybe_update(|timeline| any(run, |message| is_news(timeline.message(message))));
        self.rooms.maybe_update(|rooms| any(run, |message| is_news(rooms.message(message))));
        if has_gap {
            self.fill_gap(&first.room);
        }
    }

    /// Asks for what is missing, once until the answer comes.
    fn fill_gap(self, room: &RoomId) {
        let first = self.desk.try_update_value(|desk| {
            let first = !desk.rejoining.contains(room);
            if first {
                desk.rejoining.push(room.clone());
            }
            first
        });
        if first == Some(true) {
            self.follow(room);
        }
    }

    fn count_people(self, room: &RoomId) {
        let people = self.room(room).roster.with_untracked(|roster| roster.members().len());
        self.rooms.maybe_update(|rooms| rooms.count(room, people));
    }

    /// One is in a room that is new here.
    pub(super) fn add_room(self, summary: &protocol::RoomSummary) {
        let news = self.rooms.try_maybe_update(|rooms| {
            let news = rooms.added(summary);
            (news, news)
        });
        if news == Some(true) {
            self.follow(&summary.id);
        }
    }

    /// One is not in a room any more. Its messages stay on screen until the page turns.
    pub(super) fn remove_room(self, room: &RoomId) {
        self.rooms.maybe_update(|rooms| rooms.removed(room));
        self.link.forget_room(room);
        self.room(room).timeline.update(|timeline| timeline.all_failed(NOT_A_MEMBER));
        self.desk.update_value(|desk| {
            desk.own_typing.retain(|(it, _)| it != room);
        });
    }

    fn refused(self, message: &str, error: &ErrorData) {
        let Some(room) = &error.room else { return };
        if let Some(draft) = error.draft {
            // A draft that the link still holds will be sent again by itself.
            if !self.link.holds(draft) {
                self.room(room).timeline.maybe_update(|timeline| timeline.failed(draft, message));
            }
        }
        if error.code == ErrorCode::NotJoined && self.rooms.with_untracked(|rooms| rooms.get(room).is_some())
        {
            self.fill_gap(room);
        }
    }
}

/// Whether one of them is news; each is folded in.
fn any(messages: &[Message], mut is_news: impl FnMut(&Message) -> bool) -> bool {
    let mut news = false;
    for message in messages {
        news |= is_news(message);
    }
    news
}
