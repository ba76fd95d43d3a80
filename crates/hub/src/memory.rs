//! Memory: a store that ends with the process, and clocks, for tests and measurements.
//! Long because it has one method for each of the store's.

mod changes;
mod clock;
mod inbox;
mod inbox_store;
mod injected_errors;
mod members;
mod room;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use protocol::{Cursor, Job, JobId, LiveChange, MessageId, Role, RoomId, RoomKind, RoomSummary, UserId};

pub use clock::{ManualClock, SystemClock};
use inbox::Inbox;
pub use injected_errors::{HeldRead, InjectedErrors};
use room::{MemberRow, Room, index};

use crate::model::{Membership, RoomHead, RoomRecord, User};
use crate::store::{
    Appended, ChangeBatch, ChangeDraft, ChangeRecord, HistoryRange, MessageDraft, Page, RoomDraft, Store,
    StoreError, Version,
};

/// A [`Store`] in memory, for tests and measurements. It has the same contract as those on disk, except that nothing outlives
/// it.
#[derive(Debug, Default)]
pub struct MemoryStore {
    /// A std mutex: held for one call, never across an `.await`.
    state: Mutex<State>,
    injected: InjectedErrors,
}

#[derive(Debug, Default)]
struct State {
    users: HashMap<UserId, Arc<User>>,
    rooms: BTreeMap<RoomId, Room>,
    /// The live rooms of chats.
    live_rooms: HashMap<RoomId, RoomId>,
    /// The ids of rooms that were deleted.
    deleted: HashSet<RoomId>,
    /// The latest activity of any room.
    latest_active_ms: i64,
    /// The room and the position of every message.
    positions: HashMap<MessageId, (RoomId, Cursor)>,
    inboxes: HashMap<UserId, Inbox>,
    /// By identifier, which is by time.
    jobs: BTreeMap<JobId, Job>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a user, or replaces the user of the same id. Members of rooms have to be known.
    pub fn put_user(&self, user: User) {
        self.state().users.insert(user.id.clone(), Arc::new(user));
    }

    /// Plans failures, for tests.
    pub fn inject(&self) -> &InjectedErrors {
        &self.injected
    }

    /// No change here can panic, so a poisoned lock means a panic elsewhere.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn room(&mut self, room: &RoomId) -> Result<&mut Room, StoreError> {
        self.rooms.get_mut(room).ok_or(StoreError::NoSuchRoom)
    }

    /// A room with members and a name of its own, which a live room has not.
    fn chat(&mut self, room: &RoomId) -> Result<&mut Room, StoreError> {
        self.room(room)
            .and_then(|room| if room.chat.is_none() { Ok(room) } else { Err(StoreError::NoSuchRoom) })
    }

    /// Whether a room of this id may be created.
    fn is_free(&self, room: &RoomId) -> Result<(), StoreError> {
        if self.rooms.contains_key(room) {
            return Err(StoreError::RoomTaken);
        }
        if self.deleted.contains(room) { Err(StoreError::RoomDeleted) } else { Ok(()) }
    }

    fn user(&self, id: &UserId) -> Result<&Arc<User>, StoreError> {
        self.users.get(id).ok_or_else(|| StoreError::NoSuchUser(id.clone()))
    }

    /// The time of activity of a room with a new event: later than all before, even if the given time is not.
    fn next_active_ms(&mut self, at_ms: i64) -> i64 {
        let before = std::mem::replace(&mut self.latest_active_ms, at_ms);
        self.latest_active_ms = if at_ms < before { before + 1 } else { at_ms };
        self.latest_active_ms
    }

    /// The room whose members are those of `room`: of a live room, its chat.
    fn host<'a>(&'a self, room: &'a Room) -> &'a Room {
        room.chat.as_ref().and_then(|chat| self.rooms.get(chat)).unwrap_or(room)
    }

    /// The last status of a chat's live session.
    fn session_of(&self, chat: &RoomId) -> Option<LiveChange> {
        let live = self.live_rooms.get(chat).and_then(|live| self.rooms.get(live));
        live.and_then(|live| live.live.clone())
    }

    fn membership(&self, room: &Room, member: &MemberRow) -> Result<Membership, StoreError> {
        Ok(Membership {
            user: self.user(&member.user)?.clone(),
            role: member.role,
            // The marks are the chat's.
            read_seq: if room.chat.is_none() { member.read_seq } else { 0 },
        })
    }

    fn record(&self, id: &RoomId, room: &Room) -> Result<RoomRecord, StoreError> {
        let host = self.host(room);
        let members = host.members.iter().map(|member| self.membership(room, member));
        Ok(RoomRecord {
            id: id.clone(),
            name: host.name.clone(),
            kind: room.kind,
            chat: room.chat.clone(),
            head: room.head(),
            rev: room.changes.rev(),
            created_at_ms: room.created_at_ms,
            active_at_ms: room.active_at_ms,
            members: members.collect::<Result<_, _>>()?,
            live: room.live.clone(),
            session: self.session_of(id),
        })
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn create_room(&self, draft: RoomDraft) -> Result<RoomRecord, StoreError> {
        let mut state = self.state();
        state.is_free(&draft.id)?;
        let mut seen = HashSet::new();
        let mut members = Vec::new();
        for user in std::iter::once(&draft.owner).chain(&draft.members) {
            state.user(user)?;
            if seen.insert(user) {
                let role = if *user == draft.owner { Role::Owner } else { Role::Member };
                members.push(MemberRow { user: user.clone(), role, read_seq: 0 });
            }
        }
        let room = Room {
            name: draft.name,
            kind: draft.kind,
            epoch: draft.epoch,
            created_at_ms: draft.at_ms,
            active_at_ms: state.next_active_ms(draft.at_ms),
            members,
            ..Room::default()
        };
        let record = state.record(&draft.id, &room)?;
        state.rooms.insert(draft.id, room);
        Ok(record)
    }

    async fn room(&self, id: &RoomId) -> Result<Option<RoomRecord>, StoreError> {
        self.injected.before_record()?;
        let state = self.state();
        state.rooms.get(id).map(|room| state.record(id, room)).transpose()
    }

    async fn live_room(
        &self,
        id: &RoomId,
        chat: &RoomId,
        epoch: u32,
        at_ms: i64,
    ) -> Result<Option<RoomRecord>, StoreError> {
        let mut state = self.state();
        if !state.live_rooms.contains_key(chat) && !state.rooms.contains_key(id) && state.chat(chat).is_ok() {
            let room = Room {
                kind: RoomKind::Live,
                epoch,
                created_at_ms: at_ms,
                active_at_ms: at_ms,
                chat: Some(chat.clone()),
                ..Room::default()
            };
            state.rooms.insert(id.clone(), room);
            state.live_rooms.insert(chat.clone(), id.clone());
        }
        let live = state.live_rooms.get(chat);
        let live = live.and_then(|live| state.rooms.get_key_value(live));
        live.map(|(id, room)| state.record(id, room)).transpose()
    }

    async fn set_live(&self, change: &LiveChange) -> Result<(), StoreError> {
        if let Some(room) = self.state().rooms.get_mut(&change.room) {
            room.live = Some(change.clone());
        }
        Ok(())
    }

    async fn rename_room(&self, room: &RoomId, name: &str) -> Result<(), StoreError> {
        name.clone_into(&mut self.state().chat(room)?.name);
        self.injected.after_change()
    }

    async fn delete_room(&self, deleted: &RoomId) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.rooms.contains_key(deleted) && !protocol::is_reserved(deleted) {
            state.deleted.insert(deleted.clone());
        }
        state.rooms.retain(|id, room| id != deleted && room.chat.as_ref() != Some(deleted));
        let State { rooms, live_rooms, positions, .. } = &mut *state;
        live_rooms.retain(|_, live| rooms.contains_key(live));
        positions.retain(|_, (room, _)| rooms.contains_key(room));
        self.injected.after_change()
    }

    async fn add_members(
        &self,
        id: &RoomId,
        users: &[UserId],
        _: i64,
    ) -> Result<Vec<Membership>, StoreError> {
        let added = self.state().add_members(id, users)?;
        self.injected.after_change()?;
        Ok(added)
    }

    async fn remove_member(&self, room: &RoomId, user: &UserId) -> Result<Option<UserId>, StoreError> {
        let successor = self.state().remove_member(room, user, false);
        self.injected.after_change()?;
        Ok(successor)
    }

    async fn leave_for_good(&self, room: &RoomId, user: &UserId) -> Result<Option<UserId>, StoreError> {
        let successor = self.state().remove_member(room, user, true);
        self.injected.after_change()?;
        Ok(successor)
    }

    async fn take_back_leaving(&self, room: &RoomId, users: &[UserId]) -> Result<u64, StoreError> {
        Ok(self.state().take_back_leaving(room, users))
    }

    async fn rooms_owned(&self, user: &UserId) -> Result<u64, StoreError> {
        Ok(self.state().rooms_owned(user))
    }

    async fn strangers(&self, user: &UserId, users: &[UserId]) -> Result<u64, StoreError> {
        Ok(self.state().strangers(user, users))
    }

    async fn append(
        &self,
        id: &RoomId,
        drafts: Vec<MessageDraft>,
        at_ms: i64,
    ) -> Result<Vec<Appended>, StoreError> {
        self.injected.before_append()?;
        let mut state = self.state();
        state.room(id)?;
        for draft in &drafts {
            state.user(&draft.author.id)?;
        }
        let active_at_ms = state.next_active_ms(at_ms);
        let room = state.room(id)?;
        let append = |draft| room.append(id, draft, at_ms, active_at_ms);
        let answers: Vec<_> = drafts.into_iter().map(append).collect();
        for answer in &answers {
            if let Appended::New(message) = answer {
                state.positions.insert(message.id, (id.clone(), message.cursor));
            }
        }
        self.injected.after_change()?;
        Ok(answers)
    }

    async fn change(
        &self,
        id: &RoomId,
        drafts: Vec<ChangeDraft>,
        at_ms: i64,
    ) -> Result<ChangeBatch, StoreError> {
        self.injected.before_append()?;
        let mut state = self.state();
        state.room(id)?;
        for draft in &drafts {
            state.user(&draft.author.id)?;
        }
        let batch = state.room(id)?.change(&drafts, at_ms);
        self.injected.after_change()?;
        Ok(batch)
    }

    async fn messages_changed_after(
        &self,
        room: &RoomId,
        rev: u64,
        upto: u64,
        limit: u32,
    ) -> Result<Page, StoreError> {
        self.injected.before_page().await?;
        let state = self.state();
        let room = state.rooms.get(room);
        Ok(room.map_or_else(Page::default, |room| room.messages_changed_after(rev, upto, limit)))
    }

    async fn changes_after(
        &self,
        room: &RoomId,
        rev: u64,
        limit: u32,
    ) -> Result<Vec<ChangeRecord>, StoreError> {
        self.injected.before_page().await?;
        let state = self.state();
        let records = state.rooms.get(room).into_iter().flat_map(|room| room.changes.after(rev));
        Ok(records.take(index(limit.into())).cloned().collect())
    }

    async fn versions(&self, room: &RoomId, seq: u64) -> Result<Vec<Version>, StoreError> {
        Ok(self.state().rooms.get(room).map(|room| room.changes.versions(seq)).unwrap_or_default())
    }

    async fn mark_read(&self, room: &RoomId, marks: &[(UserId, u64)]) -> Result<(), StoreError> {
        let mut state = self.state();
        let Some(room) = state.rooms.get_mut(room) else {
            return Ok(());
        };
        let head = room.head().seq;
        for (user, seq) in marks {
            if let Some(member) = room.members.iter_mut().find(|member| member.user == *user) {
                member.read_seq = member.read_seq.max(head.min(*seq));
            }
        }
        Ok(())
    }

    async fn page(&self, room: &RoomId, slice: HistoryRange, limit: u32) -> Result<Page, StoreError> {
        self.injected.before_page().await?;
        let state = self.state();
        let room = state.rooms.get(room);
        Ok(room.map_or_else(Page::default, |room| room.page(slice, limit)))
    }

    async fn page_for(
        &self,
        room: &RoomId,
        user: &UserId,
        slice: HistoryRange,
        limit: u32,
    ) -> Result<Option<Page>, StoreError> {
        self.injected.before_page().await?;
        let state = self.state();
        let room = state.rooms.get(room).filter(|room| state.host(room).member(user).is_some());
        Ok(room.map(|room| room.page(slice, limit)))
    }

    async fn find_message(&self, message: MessageId) -> Result<Option<(RoomId, Cursor)>, StoreError> {
        Ok(self.state().positions.get(&message).cloned())
    }

    async fn room_heads(&self, user: &UserId) -> Result<Vec<RoomHead>, StoreError> {
        let state = self.state();
        let theirs = state.rooms.iter().filter(|(_, room)| state.host(room).member(user).is_some());
        let head = |(id, room): (&RoomId, &Room)| RoomHead {
            room: id.clone(),
            head: room.head(),
            rev: room.changes.rev(),
        };
        Ok(theirs.map(head).collect())
    }

    async fn role(&self, room: &RoomId, user: &UserId) -> Result<Option<Role>, StoreError> {
        Ok(self.state().role(room, user))
    }

    async fn summary(&self, id: &RoomId, user: &UserId) -> Result<Option<RoomSummary>, StoreError> {
        self.injected.before_summary()?;
        let state = self.state();
        let room = state.rooms.get(id);
        Ok(room.and_then(|room| room.member(user).map(|member| room.summary(id, member))))
    }

    async fn summaries(
        &self,
        user: &UserId,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Vec<RoomSummary>, StoreError> {
        let state = self.state();
        let mut theirs: Vec<_> = state
            .rooms
            .iter()
            .filter_map(|(id, room)| room.member(user).map(|member| (id, room, member)))
            .collect();
        // Stable, so that rooms of the same moment stay in the order of their ids.
        theirs.sort_by_key(|(_, room, _)| std::cmp::Reverse(room.active_at_ms));
        let start = match after {
            None => 0,
            Some(last) => theirs.iter().position(|(id, ..)| *id == last).map_or(theirs.len(), |at| at + 1),
        };
        let page = theirs.into_iter().skip(start).take(index(limit.into()));
        Ok(page.map(|(id, room, member)| room.summary(id, member)).collect())
    }
}
