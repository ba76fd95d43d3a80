//! Simulated store: the hub's store traits over the simulated disk, where each call waits for its verdict.

use async_trait::async_trait;
use hub::model::{Membership, RoomRecord};
use hub::port::{
    Appended, Delivered, Entry, InboxKind, InboxState, InboxStore, JobWrite, MessageDraft, NewEntry,
    Notifications, Page, ReadNotifications, RoomDraft, Slice, Store, StoreError,
};
use protocol::{
    Cursor, Job, JobId, LiveChange, MessageId, NotificationId, Role, RoomId, RoomSummary, UserId,
};

use super::call::{Proven, Write};
use super::disk::SimulatedStore;

#[async_trait]
impl Store for SimulatedStore {
    async fn create_room(&self, draft: RoomDraft) -> Result<RoomRecord, StoreError> {
        self.change("rooms", Write::Create(draft.clone()), self.memory.create_room(draft)).await
    }

    async fn room(&self, room: &RoomId) -> Result<Option<RoomRecord>, StoreError> {
        self.look(room.as_str(), self.memory.room(room)).await
    }

    async fn live_room(
        &self,
        room: &RoomId,
        chat: &RoomId,
        epoch: u32,
        at_ms: i64,
    ) -> Result<Option<RoomRecord>, StoreError> {
        self.memory.live_room(room, chat, epoch, at_ms).await
    }

    async fn set_live(&self, change: &LiveChange) -> Result<(), StoreError> {
        self.memory.set_live(change).await
    }

    async fn rename_room(&self, room: &RoomId, name: &str) -> Result<(), StoreError> {
        self.memory.rename_room(room, name).await
    }

    async fn delete_room(&self, room: &RoomId) -> Result<(), StoreError> {
        self.memory.delete_room(room).await
    }

    async fn add_members(
        &self,
        room: &RoomId,
        people: &[UserId],
        at_ms: i64,
    ) -> Result<Vec<Membership>, StoreError> {
        let write = Write::Add(room.clone(), people.to_vec(), at_ms);
        self.change(room.as_str(), write, self.memory.add_members(room, people, at_ms)).await
    }

    async fn remove_member(&self, room: &RoomId, person: &UserId) -> Result<Option<UserId>, StoreError> {
        let write = Write::Remove(room.clone(), person.clone());
        self.change(room.as_str(), write, self.memory.remove_member(room, person)).await
    }

    async fn leave_for_good(&self, room: &RoomId, user: &UserId) -> Result<Option<UserId>, StoreError> {
        self.memory.leave_for_good(room, user).await
    }

    async fn take_back_leaving(&self, room: &RoomId, users: &[UserId]) -> Result<u64, StoreError> {
        self.memory.take_back_leaving(room, users).await
    }

    async fn rooms_owned(&self, user: &UserId) -> Result<u64, StoreError> {
        self.memory.rooms_owned(user).await
    }

    async fn strangers(&self, user: &UserId, users: &[UserId]) -> Result<u64, StoreError> {
        self.memory.strangers(user, users).await
    }

    async fn append(
        &self,
        room: &RoomId,
        drafts: Vec<MessageDraft>,
        at_ms: i64,
    ) -> Result<Vec<Appended>, StoreError> {
        let write = Write::Append(room.clone(), drafts.clone(), at_ms);
        self.change(room.as_str(), write, self.memory.append(room, drafts, at_ms)).await
    }

    async fn mark_read(&self, room: &RoomId, marks: &[(UserId, u64)]) -> Result<(), StoreError> {
        let write = Write::Mark(room.clone(), marks.to_vec());
        self.change(room.as_str(), write, self.memory.mark_read(room, marks)).await
    }

    async fn page(&self, room: &RoomId, slice: Slice, limit: u32) -> Result<Page, StoreError> {
        self.look(room.as_str(), self.memory.page(room, slice, limit)).await
    }

    async fn page_for(
        &self,
        room: &RoomId,
        person: &UserId,
        slice: Slice,
        limit: u32,
    ) -> Result<Option<Page>, StoreError> {
        self.look(room.as_str(), self.memory.page_for(room, person, slice, limit)).await
    }

    async fn find_message(&self, message: MessageId) -> Result<Option<(RoomId, Cursor)>, StoreError> {
        self.look("messages", self.memory.find_message(message)).await
    }

    async fn heads_of(&self, person: &UserId) -> Result<Vec<(RoomId, Cursor)>, StoreError> {
        self.look(person.as_str(), self.memory.heads_of(person)).await
    }

    async fn role(&self, room: &RoomId, person: &UserId) -> Result<Option<Role>, StoreError> {
        self.look(person.as_str(), self.memory.role(room, person)).await
    }

    async fn summary(&self, room: &RoomId, person: &UserId) -> Result<Option<RoomSummary>, StoreError> {
        self.look(person.as_str(), self.memory.summary(room, person)).await
    }

    async fn summaries(
        &self,
        person: &UserId,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Vec<RoomSummary>, StoreError> {
        self.look(person.as_str(), self.memory.summaries(person, after, limit)).await
    }
}

#[async_trait]
impl InboxStore for SimulatedStore {
    async fn put_in_inbox(
        &self,
        person: &UserId,
        entries: Vec<NewEntry>,
        job: Option<JobWrite>,
        at_ms: i64,
    ) -> Result<Vec<u64>, StoreError> {
        let write = Write::Inbox(person.clone(), entries.clone(), job.clone().map(Box::new), at_ms);
        self.change(person.as_str(), write, self.memory.put_in_inbox(person, entries, job, at_ms)).await
    }

    async fn inbox_state(&self, person: &UserId) -> Result<InboxState, StoreError> {
        self.look(person.as_str(), self.memory.inbox_state(person)).await
    }

    async fn inbox_after(
        &self,
        person: &UserId,
        seq: u64,
        limit: u32,
    ) -> Result<Option<Vec<Entry>>, StoreError> {
        self.look(person.as_str(), self.memory.inbox_after(person, seq, limit)).await
    }

    async fn inbox_waiting(
        &self,
        person: &UserId,
        kinds: &[InboxKind],
        after: u64,
        upto: u64,
    ) -> Result<Vec<Entry>, StoreError> {
        self.look(person.as_str(), self.memory.inbox_waiting(person, kinds, after, upto)).await
    }

    async fn inbox_delivered(&self, person: &UserId, which: Delivered<'_>) -> Result<u64, StoreError> {
        let write = Write::Delivered(person.clone(), Proven::new(which));
        self.change(person.as_str(), write, self.memory.inbox_delivered(person, which)).await
    }

    async fn job(&self, job: JobId) -> Result<Option<Job>, StoreError> {
        self.look("jobs", self.memory.job(job)).await
    }

    async fn jobs_of(
        &self,
        person: &UserId,
        before: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        self.memory.jobs_of(person, before, limit).await
    }

    async fn running_jobs(
        &self,
        person: &UserId,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        self.look(person.as_str(), self.memory.running_jobs(person, after, limit)).await
    }

    async fn running_count(&self, person: &UserId) -> Result<u64, StoreError> {
        self.look(person.as_str(), self.memory.running_count(person)).await
    }

    async fn notifications(
        &self,
        person: &UserId,
        before: Option<NotificationId>,
        limit: u32,
    ) -> Result<Notifications, StoreError> {
        self.memory.notifications(person, before, limit).await
    }

    async fn read_notifications(
        &self,
        person: &UserId,
        which: Option<&[NotificationId]>,
    ) -> Result<ReadNotifications, StoreError> {
        self.memory.read_notifications(person, which).await
    }
}
