//! Reducer: folds frames and actions into the state of the chat. It sends nothing and waits for nothing: what is to be done
//! outside it returns as [`Effect`]s, so every case can happen in a test.

mod sessions;

use leptos::prelude::*;
use protocol::limits::MAX_ROOMS_PER_CONNECTION;
use protocol::{
    ClientFrame, DraftId, ErrorCode, ErrorData, JoinedRoom, Message, RoomId, RoomSummary, ServerFrame,
};

use super::effect::Effect;
use super::room_state::{RoomState, any};
use super::view_state::ViewState;
use crate::model::live_rooms::LiveRooms;
use crate::model::place::ReadingPlace;
use crate::model::rooms::Rooms;
use crate::model::timeline::Outcome;
use crate::pending_posts::{NOT_A_MEMBER, OutboxEvent};
use crate::start::{Account, Start};

/// Rooms that a page is rendered with at most.
const ROOMS_OF_A_PAGE: usize = 200;

/// The list of rooms and the state of each. Copying it copies a few indexes.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChatState {
    me: StoredValue<Option<Account>>,
    list: RwSignal<Rooms>,
    /// The rooms that were opened or heard of: few, so a list is searched.
    rooms: StoredValue<Vec<(RoomId, RoomState)>>,
    /// The rooms whose live session is on.
    live: RwSignal<LiveRooms>,
    view: StoredValue<ViewState>,
}

impl ChatState {
    /// What the page was rendered with.
    pub(super) fn new(start: &Start) -> Self {
        let me = start.account.clone();
        let mut list = Rooms::new(me.as_ref().map(|me| me.id.clone()), start.rooms.clone());
        start.open.iter().for_each(|open| list.rendered(open));
        let read = start.open.as_ref().and_then(|open| list.get(&open.room)).map_or(0, |room| room.read_seq);
        let this = Self {
            list: RwSignal::new(list),
            me: StoredValue::new(me),
            rooms: StoredValue::default(),
            live: RwSignal::default(),
            view: StoredValue::default(),
        };
        if let Some(open) = &start.open {
            this.room(&open.room).rendered(open, read);
            open.live.iter().for_each(|status| this.status_changed(status));
        }
        this
    }

    pub(super) fn me(self) -> Option<Account> {
        self.me.get_value()
    }

    pub(super) fn list(self) -> ReadSignal<Rooms> {
        self.list.read_only()
    }

    /// The rooms whose live session is on.
    pub(super) fn live(self) -> ReadSignal<LiveRooms> {
        self.live.read_only()
    }

    /// The state of a room, made when it is first asked for.
    pub(super) fn room(self, room: &RoomId) -> RoomState {
        let known = self
            .rooms
            .with_value(|rooms| rooms.iter().find(|(id, _)| id == room).map(|(_, state)| state.clone()));
        if let Some(known) = known {
            return known;
        }
        let fresh = RoomState::new(self.me().map(|me| (me.id, me.name)));
        self.rooms.update_value(|rooms| rooms.push((room.clone(), fresh.clone())));
        fresh
    }

    fn known_rooms(self) -> Vec<RoomState> {
        self.rooms.with_value(|rooms| rooms.iter().map(|(_, room)| room.clone()).collect())
    }

    fn view<T>(self, act: impl FnOnce(&mut ViewState) -> T) -> Option<T> {
        self.view.try_update_value(act)
    }

    fn is_open(self, room: &RoomId) -> bool {
        self.view.with_value(|view| view.is_open(room))
    }

    /// Where the user has read a room up to, if something after it is unread.
    pub(super) fn unread_from(self, room: &RoomId) -> Option<u64> {
        self.list.with_untracked(|list| {
            list.get(room).filter(|summary| summary.unread != 0).map(|summary| summary.read_seq)
        })
    }
}

/// Frames.
impl ChatState {
    /// Folds a frame in. `is_pending`: whether a draft will be sent again by itself.
    pub(super) fn apply(
        self,
        frame: &ServerFrame,
        now: i64,
        is_pending: impl FnOnce(DraftId) -> bool,
    ) -> Vec<Effect> {
        match frame {
            ServerFrame::Welcome { .. } => return self.connected(),
            ServerFrame::Joined { data } => return self.joined(data, now),
            ServerFrame::Message { data } => return self.messages(std::slice::from_ref(data)),
            ServerFrame::Posted { data } => self.room(&data.room).posted(data),
            ServerFrame::Typing { data } => {
                self.room(&data.room).typing_changed(data, now);
                return vec![Effect::WatchTyping];
            }
            ServerFrame::Read { data } => {
                self.room(&data.room).read(&data.user, data.seq);
                self.list.maybe_update(|list| list.read(&data.room, &data.user, data.seq));
            }
            ServerFrame::Presence { data } => self.room(&data.room).presence(data),
            ServerFrame::MemberAdded { data } => {
                self.members_added(&data.room, std::slice::from_ref(&data.member));
            }
            ServerFrame::MemberRemoved { data } => {
                self.room(&data.room).member_removed(&data.user);
                self.count_members(&data.room);
            }
            ServerFrame::Live { data } => self.status_changed(data),
            ServerFrame::RoomRenamed { data } => self.list.maybe_update(|list| list.renamed(data)),
            ServerFrame::RoomAdded { data } => return self.room_added(data),
            ServerFrame::RoomRemoved { data } => return self.room_removed(&data.room),
            ServerFrame::Error { message, data } => return self.refused(message, data, is_pending),
            ServerFrame::Authenticated { .. }
            | ServerFrame::Expiring { .. }
            | ServerFrame::Left { .. }
            | ServerFrame::Broadcast { .. }
            | ServerFrame::Changed { .. }
            | ServerFrame::Done { .. }
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
        Vec::new()
    }

    /// A new connection: subscribe to every room again from where it was left, the one in view first.
    fn connected(self) -> Vec<Effect> {
        let Some((open, again)) = self.view(ViewState::connected) else { return Vec::new() };
        let others: Vec<RoomId> = self.list.with_untracked(|list| {
            let others =
                list.list().iter().map(|room| room.id.clone()).filter(|room| Some(room) != open.as_ref());
            others.take(MAX_ROOMS_PER_CONNECTION - 1).collect()
        });
        let mut effects: Vec<Effect> = open.iter().chain(&others).map(|room| self.subscribe(room)).collect();
        // The page came with its newest rooms, and frames tell of changes; only an absence can have hidden some.
        if again || others.len() + 1 >= ROOMS_OF_A_PAGE {
            effects.push(Effect::RefreshRooms);
        }
        effects
    }

    /// Joins a room from where it was left: where its messages end if they are here, else (unless it is in view and
    /// needs its newest page) where the list's count ends.
    fn subscribe(self, room: &RoomId) -> Effect {
        let seen = self.room(room).loaded_head();
        let counted = || self.list.with_untracked(|list| list.get(room).map(|summary| summary.head));
        let since = if self.is_open(room) { seen } else { seen.or_else(counted) };
        Effect::Send(ClientFrame::Join { room: room.clone(), since, changes: None })
    }

    fn joined(self, joined: &JoinedRoom, now: i64) -> Vec<Effect> {
        if joined.recovered && joined.has_more {
            // A long absence: the newest page is what is read first; older ones come by scrolling.
            return vec![Effect::Send(ClientFrame::Join {
                room: joined.room.clone(),
                since: None,
                changes: None,
            })];
        }
        self.view(|view| view.end_rejoin(&joined.room));
        let is_known = self.list.with_untracked(|list| list.get(&joined.room).is_some());
        let room = self.room(&joined.room);
        let was_loaded = room.is_loaded();
        room.joined(joined, now);
        joined.live.iter().for_each(|status| self.status_changed(status));
        let mut effects = vec![Effect::WatchTyping];
        self.list.update(|list| list.joined(joined));
        if let Some(chat) = self.view.with_value(|view| view.chat_of(&joined.room)) {
            self.session_joined(&chat, joined);
        }
        if was_loaded && self.is_open(&joined.room) && !joined.messages.is_empty() {
            self.returned(&joined.room);
        }
        // Marks that rose while there was no connection.
        let me = self.me().map(|me| me.id);
        let sent = joined.members.iter().find(|member| Some(&member.id) == me.as_ref()).map(|it| it.read_seq);
        let read = self.list.with_untracked(|list| list.get(&joined.room).map(|room| room.read_seq));
        if let (true, Some(sent), Some(seq)) = (is_known, sent, read)
            && seq > sent
        {
            effects.push(Effect::Send(ClientFrame::Read { room: joined.room.clone(), seq }));
        }
        effects
    }

    /// Folds messages in, in the order they came. What follows from them is worked out once for each run of one room.
    pub(super) fn messages(self, messages: &[Message]) -> Vec<Effect> {
        let runs = messages.chunk_by(|one, next| one.room == next.room);
        runs.filter_map(|run| self.run(run)).collect()
    }

    fn run(self, run: &[Message]) -> Option<Effect> {
        let room = &run.first()?.room;
        if self.is_outside(room) {
            return None;
        }
        let mut has_gap = self.room(room).messages(run);
        self.list.maybe_update(|list| {
            any(run, |message| {
                let outcome = list.message(message);
                has_gap |= outcome == Outcome::Gap;
                outcome == Outcome::News
            })
        });
        if has_gap { self.fill_gap(room) } else { None }
    }

    /// Asks for what is missing, once until the answer comes.
    fn fill_gap(self, room: &RoomId) -> Option<Effect> {
        let is_first = !self.is_outside(room) && self.view(|view| view.begin_rejoin(room)) == Some(true);
        is_first.then(|| self.subscribe(room))
    }

    /// These are in a room now, if they were not before.
    pub(super) fn members_added(self, room: &RoomId, members: &[protocol::Member]) {
        self.room(room).members_added(members);
        self.count_members(room);
    }

    fn count_members(self, room: &RoomId) {
        let count = self.room(room).member_count();
        self.list.maybe_update(|list| list.count(room, count));
    }

    /// The user is in a room that is new here.
    pub(super) fn room_added(self, summary: &RoomSummary) -> Vec<Effect> {
        let is_news = self.list.try_maybe_update(|list| {
            let is_news = list.added(summary);
            (is_news, is_news)
        });
        if is_news == Some(true) { vec![self.subscribe(&summary.id)] } else { Vec::new() }
    }

    /// The user is not in a room any more. Its messages stay on screen until the page turns.
    pub(super) fn room_removed(self, room: &RoomId) -> Vec<Effect> {
        self.list.maybe_update(|list| list.removed(room));
        self.live.maybe_update(|live| live.removed(room));
        self.room(room).all_failed(NOT_A_MEMBER);
        self.view(|view| view.forget_typing(room));
        vec![Effect::ForgetRoom(room.clone())]
    }

    fn refused(
        self,
        message: &str,
        error: &ErrorData,
        is_pending: impl FnOnce(DraftId) -> bool,
    ) -> Vec<Effect> {
        let Some(room) = &error.room else { return Vec::new() };
        if let Some(draft) = error.draft
            && !is_pending(draft)
        {
            self.room(room).failed(draft, message);
        }
        let is_lost = error.code == ErrorCode::NotJoined;
        let is_lost = is_lost && self.list.with_untracked(|list| list.get(room).is_some());
        if is_lost { self.fill_gap(room).into_iter().collect() } else { Vec::new() }
    }

    /// Takes the list as the server has it now. Those of `before` that are not in it are gone.
    pub(super) fn rooms_listed(self, list: &[RoomSummary], before: &[RoomId]) -> Vec<Effect> {
        let mut effects = Vec::new();
        for summary in list {
            let name = protocol::RoomName { room: summary.id.clone(), name: summary.name.clone() };
            self.list.maybe_update(|list| list.renamed(&name));
            effects.extend(self.room_added(summary));
        }
        for room in before {
            if !list.iter().any(|summary| summary.id == *room) {
                effects.extend(self.room_removed(room));
            }
        }
        effects
    }

    /// Folds in what becomes of posts that this tab has not seen being written.
    pub(super) fn outbox(self, event: &OutboxEvent) {
        match event {
            OutboxEvent::Pending(post) => self.room(&post.room).pending(post),
            OutboxEvent::Gone(draft) => {
                for room in self.known_rooms() {
                    room.discard(*draft);
                }
            }
        }
    }

    /// When the first of those who type would have to be heard of.
    pub(super) fn next_typing_expiry(self) -> Option<i64> {
        self.rooms.with_value(|rooms| rooms.iter().filter_map(|(_, room)| room.next_typing_expiry()).min())
    }

    /// Those who were not heard of for too long do not type any more.
    pub(super) fn expire_typing(self, now: i64) {
        for room in self.known_rooms() {
            room.expire_typing(now);
        }
    }
}

/// Actions.
impl ChatState {
    /// A room comes into view.
    pub(super) fn open(self, room: &RoomId) -> Option<Effect> {
        self.view(|view| view.open(room));
        let read = self.list.with_untracked(|list| list.get(room).map_or(0, |summary| summary.read_seq));
        let state = self.room(room);
        state.opened(read);
        // Without a connection the frame is dropped, and the next one asks again.
        let join = || Effect::Send(ClientFrame::Join { room: room.clone(), since: None, changes: None });
        (!state.is_loaded()).then(join)
    }

    /// The room that was in view is not any more.
    pub(super) fn close(self, room: &RoomId) {
        self.view(|view| view.close(room));
    }

    /// A key was pressed in the field of a room.
    pub(super) fn typed(self, room: &RoomId, now: i64) -> Option<Effect> {
        let is_due = self.view(|view| view.typed(room, now)) == Some(true);
        is_due.then(|| Effect::Send(ClientFrame::Typing { room: room.clone(), on: true }))
    }

    /// The user does not type in a room any more.
    pub(super) fn stopped_typing(self, room: &RoomId) -> Option<Effect> {
        let is_due = self.view(|view| view.stopped_typing(room)) == Some(true);
        is_due.then(|| Effect::Send(ClientFrame::Typing { room: room.clone(), on: false }))
    }

    /// A room was read up to a number.
    pub(super) fn mark_read(self, room: &RoomId, seq: u64) -> Option<Effect> {
        let left = self.room(room).unread_after(seq);
        let risen = self.list.try_maybe_update(|list| {
            let risen = list.mark_read(room, seq, left);
            (risen.is_some(), risen)
        });
        let seq = risen.flatten()?;
        Some(Effect::Send(ClientFrame::Read { room: room.clone(), seq }))
    }

    /// The reader of an open room comes back to it.
    pub(super) fn returned(self, room: &RoomId) {
        if let Some(read) = self.unread_from(room) {
            self.room(room).returned(read);
        }
    }

    /// Where the reader left a room.
    pub(super) fn place(self, room: &RoomId) -> Option<ReadingPlace> {
        self.view.with_value(|view| view.place(room))
    }

    /// The reader leaves a room here; `None` at its newest message.
    pub(super) fn leave_place(self, room: &RoomId, place: Option<ReadingPlace>) {
        self.view(|view| view.leave_place(room, place));
    }
}
