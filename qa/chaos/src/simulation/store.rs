//! Simulated store: the hub's store traits over the simulated disk, where each call waits for its verdict.

use async_trait::async_trait;
use hub::model::{Membership, RoomHead, RoomRecord};
use hub::store::{
    Appended, ChangeBatch, ChangeDraft, ChangeRecord, Delivered, Entry, HistoryRange, InboxKind, InboxState,
    InboxStore, JobWrite, MessageDraft, NewEntry, Notifications, Page, ReadNotifications, RoomDraft, Store,
    StoreError, Version,
};
use protocol::{
    Cursor, Job, JobId, LiveChange, MessageId, NotificationId, Role, RoomId, RoomSummary, UserId,
};

use super::call::{Proven, Write};
use super::disk::SimulatedStore;

#[async_trait]
impl Store for SimulatedStore {
    async fn create_room(&self, draft: RoomDraft) -> Result<RoomRecord, StoreError> {
        self.write("rooms", Write::Create(draft.clone()), self.memory.create_room(draft)).await
    }

    async fn room(&self, room: &RoomId) -> Result<Option<RoomRecord>, StoreError> {
        self.query(room.as_str(), self.memory.room(room)).await
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
        users: &[UserId],
        at_ms: i64,
    ) -> Result<Vec<Membership>, StoreError> {
        let write = Write::Add(room.clone(), users.to_vec(), at_ms);
        self.write(room.as_str(), write, self.memory.add_members(room, users, at_ms)).await
    }

    async fn remove_member(&self, room: &RoomId, user: &UserId) -> Result<Option<UserId>, StoreError> {
        let write = Write::Remove(room.clone(), user.clone());
        self.write(room.as_str(), write, self.memory.remove_member(room, user)).await
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
        self.write(room.as_str(), write, self.memory.append(room, drafts, at_ms)).await
    }

    async fn change(
        &self,
        room: &RoomId,
        drafts: Vec<ChangeDraft>,
        at_ms: i64,
    ) -> Result<ChangeBatch, StoreError> {
        let write = Write::Change(room.clone(), drafts.clone(), at_ms);
        self.write(room.as_str(), write, self.memory.change(room, drafts, at_ms)).await
    }

    async fn messages_changed_after(
        &self,
        room: &RoomId,
        rev: u64,
        upto: u64,
        limit: u32,
    ) -> Result<Page, StoreError> {
        self.query(room.as_str(), self.memory.messages_changed_after(room, rev, upto, limit)).await
    }

    async fn changes_after(
        &self,
        room: &RoomId,
        rev: u64,
        limit: u32,
    ) -> Result<Vec<ChangeRecord>, StoreError> {
        self.query(room.as_str(), self.memory.changes_after(room, rev, limit)).await
    }

    async fn versions(&self, room: &RoomId, seq: u64) -> Result<Vec<Version>, StoreError> {
        self.query(room.as_str(), self.memory.versions(room, seq)).await
    }

    async fn mark_read(&self, room: &RoomId, marks: &[(UserId, u64)]) -> Result<(), StoreError> {
        let write = Write::Mark(room.clone(), marks.to_vec());
        self.write(room.as_str(), write, self.memory.mark_read(room, marks)).await
    }

    async fn page(&self, room: &RoomId, slice: HistoryRange, limit: u32) -> Result<Page, StoreError> {
        self.query(room.as_str(), self.memory.page(room, slice, limit)).await
    }

    async fn page_for(
        &self,
        room: &RoomId,
        user: &UserId,
        slice: HistoryRange,
        limit: u32,
    ) -> Result<Option<Page>, StoreError> {
        self.query(room.as_str(), self.memory.page_for(room, user, slice, limit)).await
    }

    async fn find_message(&self, message: MessageId) -> Result<Option<(RoomId, Cursor)>, StoreError> {
        self.query("messages", self.memory.find_message(message)).await
    }

    async fn room_heads(&self, user: &UserId) -> Result<Vec<RoomHead>, StoreError> {
        self.query(user.as_str(), self.memory.room_heads(user)).await
    }

    async fn role(&self, room: &RoomId, user: &UserId) -> Result<Option<Role>, StoreError> {
        self.query(user.as_str(), self.memory.role(room, user)).await
    }

    async fn summary(&self, room: &RoomId, user: &UserId) -> Result<Option<RoomSummary>, StoreError> {
        self.query(user.as_str(), self.memory.summary(room, user)).await
    }

    async fn summaries(
        &self,
        user: &UserId,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Vec<RoomSummary>, StoreError> {
        self.query(user.as_str(), self.memory.summaries(user, after, limit)).await
    }
}

#[async_trait]
impl InboxStore for SimulatedStore {
    async fn put_in_inbox(
        &self,
        user: &UserId,
        entries: Vec<NewEntry>,
        job: Option<JobWrite>,
        at_ms: i64,
    ) -> Result<Vec<u64>, StoreError> {
        let write = Write::Inbox(user.clone(), entries.clone(), job.clone().map(Box::new), at_ms);
        self.write(user.as_str(), write, self.memory.put_in_inbox(user, entries, job, at_ms)).await
    }

    async fn inbox_state(&self, user: &UserId) -> Result<InboxState, StoreError> {
        self.query(user.as_str(), self.memory.inbox_state(user)).await
    }

    async fn inbox_after(
        &self,
        user: &UserId,
        seq: u64,
        limit: u32,
    ) -> Result<Option<Vec<Entry>>, StoreError> {
        self.query(user.as_str(), self.memory.inbox_after(user, seq, limit)).await
    }

    async fn inbox_waiting(
        &self,
        user: &UserId,
        kinds: &[InboxKind],
        after: u64,
        upto: u64,
    ) -> Result<Vec<Entry>, StoreError> {
        self.query(user.as_str(), self.memory.inbox_waiting(user, kinds, after, upto)).await
    }

    async fn mark_inbox_delivered(&self, user: &UserId, which: Delivered<'_>) -> Result<u64, StoreError> {
        let write = Write::Delivered(user.clone(), Proven::new(which));
        self.write(user.as_str(), write, self.memory.mark_inbox_delivered(user, which)).await
    }

    async fn job(&self, job: JobId) -> Result<Option<Job>, StoreError> {
        self.query("jobs", self.memory.job(job)).await
    }

    async fn jobs_of(
        &self,
        user: &UserId,
        before: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        self.memory.jobs_of(user, before, limit).await
    }

    async fn running_jobs(
        &self,
        user: &UserId,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        self.query(user.as_str(), self.memory.running_jobs(user, after, limit)).await
    }

    async fn running_count(&self, user: &UserId) -> Result<u64, StoreError> {
        self.query(user.as_str(), self.memory.running_count(user)).await
    }

    async fn notifications(
        &self,
        user: &UserId,
        before: Option<NotificationId>,
        limit: u32,
    ) -> Result<Notifications, StoreError> {
        self.memory.notifications(user, before, limit).await
    }

    async fn read_notifications(
        &self,
        user: &UserId,
        which: Option<&[NotificationId]>,
    ) -> Result<ReadNotifications, StoreError> {
        self.memory.read_notifications(user, which).await
    }
}
