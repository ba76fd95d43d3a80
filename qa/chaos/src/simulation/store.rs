//! Simulated store: the hub's store traits over the simulated disk, where each call waits for its verdict.

use hub::model::{Membership, RoomRecord};
use hub::port::{
    Answer, Appended, Delivered, Entry, InboxKind, InboxState, InboxStore, JobWrite, MessageDraft, NewEntry,
    Notifications, Page, ReadNotifications, RoomDraft, Slice, Store,
};
use protocol::{
    Cursor, Job, JobId, LiveChange, MessageId, NotificationId, Role, RoomId, RoomSummary, UserId,
};

use super::call::{Proven, Write};
use super::disk::SimulatedStore;

impl Store for SimulatedStore {
    fn create_room(&self, draft: RoomDraft) -> Answer<'_, RoomRecord> {
        self.change("rooms", Write::Create(draft.clone()), self.memory.create_room(draft))
    }

    fn room<'a>(&'a self, room: &'a RoomId) -> Answer<'a, Option<RoomRecord>> {
        self.look(room.as_str(), self.memory.room(room))
    }

    fn live_room<'a>(
        &'a self,
        room: &'a RoomId,
        chat: &'a RoomId,
        epoch: u32,
        at_ms: i64,
    ) -> Answer<'a, Option<RoomRecord>> {
        self.memory.live_room(room, chat, epoch, at_ms)
    }

    fn set_live<'a>(&'a self, change: &'a LiveChange) -> Answer<'a, ()> {
        self.memory.set_live(change)
    }

    fn rename_room<'a>(&'a self, room: &'a RoomId, name: &'a str) -> Answer<'a, ()> {
        self.memory.rename_room(room, name)
    }

    fn delete_room<'a>(&'a self, room: &'a RoomId) -> Answer<'a, ()> {
        self.memory.delete_room(room)
    }

    fn add_members<'a>(
        &'a self,
        room: &'a RoomId,
        people: &'a [UserId],
        at_ms: i64,
    ) -> Answer<'a, Vec<Membership>> {
        let write = Write::Add(room.clone(), people.to_vec(), at_ms);
        self.change(room.as_str(), write, self.memory.add_members(room, people, at_ms))
    }

    fn remove_member<'a>(&'a self, room: &'a RoomId, person: &'a UserId) -> Answer<'a, Option<UserId>> {
        let write = Write::Remove(room.clone(), person.clone());
        self.change(room.as_str(), write, self.memory.remove_member(room, person))
    }

    fn leave_for_good<'a>(&'a self, room: &'a RoomId, user: &'a UserId) -> Answer<'a, Option<UserId>> {
        self.memory.leave_for_good(room, user)
    }

    fn take_back_leaving<'a>(&'a self, room: &'a RoomId, users: &'a [UserId]) -> Answer<'a, u64> {
        self.memory.take_back_leaving(room, users)
    }

    fn rooms_owned<'a>(&'a self, user: &'a UserId) -> Answer<'a, u64> {
        self.memory.rooms_owned(user)
    }

    fn strangers<'a>(&'a self, user: &'a UserId, users: &'a [UserId]) -> Answer<'a, u64> {
        self.memory.strangers(user, users)
    }

    fn append<'a>(
        &'a self,
        room: &'a RoomId,
        drafts: Vec<MessageDraft>,
        at_ms: i64,
    ) -> Answer<'a, Vec<Appended>> {
        let write = Write::Append(room.clone(), drafts.clone(), at_ms);
        self.change(room.as_str(), write, self.memory.append(room, drafts, at_ms))
    }

    fn mark_read<'a>(&'a self, room: &'a RoomId, marks: &'a [(UserId, u64)]) -> Answer<'a, ()> {
        let write = Write::Mark(room.clone(), marks.to_vec());
        self.change(room.as_str(), write, self.memory.mark_read(room, marks))
    }

    fn page<'a>(&'a self, room: &'a RoomId, slice: Slice, limit: u32) -> Answer<'a, Page> {
        self.look(room.as_str(), self.memory.page(room, slice, limit))
    }

    fn page_for<'a>(
        &'a self,
        room: &'a RoomId,
        person: &'a UserId,
        slice: Slice,
        limit: u32,
    ) -> Answer<'a, Option<Page>> {
        self.look(room.as_str(), self.memory.page_for(room, person, slice, limit))
    }

    fn find_message(&self, message: MessageId) -> Answer<'_, Option<(RoomId, Cursor)>> {
        self.look("messages", self.memory.find_message(message))
    }

    fn heads_of<'a>(&'a self, person: &'a UserId) -> Answer<'a, Vec<(RoomId, Cursor)>> {
        self.look(person.as_str(), self.memory.heads_of(person))
    }

    fn role<'a>(&'a self, room: &'a RoomId, person: &'a UserId) -> Answer<'a, Option<Role>> {
        self.look(person.as_str(), self.memory.role(room, person))
    }

    fn summary<'a>(&'a self, room: &'a RoomId, person: &'a UserId) -> Answer<'a, Option<RoomSummary>> {
        self.look(person.as_str(), self.memory.summary(room, person))
    }

    fn summaries<'a>(
        &'a self,
        person: &'a UserId,
        after: Option<&'a RoomId>,
        limit: u32,
    ) -> Answer<'a, Vec<RoomSummary>> {
        self.look(person.as_str(), self.memory.summaries(person, after, limit))
    }
}

impl InboxStore for SimulatedStore {
    fn put_in_inbox<'a>(
        &'a self,
        person: &'a UserId,
        entries: Vec<NewEntry>,
        job: Option<JobWrite>,
        at_ms: i64,
    ) -> Answer<'a, Vec<u64>> {
        let write = Write::Inbox(person.clone(), entries.clone(), job.clone().map(Box::new), at_ms);
        self.change(person.as_str(), write, self.memory.put_in_inbox(person, entries, job, at_ms))
    }

    fn inbox_state<'a>(&'a self, person: &'a UserId) -> Answer<'a, InboxState> {
        self.look(person.as_str(), self.memory.inbox_state(person))
    }

    fn inbox_after<'a>(&'a self, person: &'a UserId, seq: u64, limit: u32) -> Answer<'a, Option<Vec<Entry>>> {
        self.look(person.as_str(), self.memory.inbox_after(person, seq, limit))
    }

    fn inbox_waiting<'a>(
        &'a self,
        person: &'a UserId,
        kinds: &'a [InboxKind],
        after: u64,
        upto: u64,
    ) -> Answer<'a, Vec<Entry>> {
        self.look(person.as_str(), self.memory.inbox_waiting(person, kinds, after, upto))
    }

    fn inbox_delivered<'a>(&'a self, person: &'a UserId, which: Delivered<'a>) -> Answer<'a, u64> {
        let write = Write::Delivered(person.clone(), Proven::new(which));
        self.change(person.as_str(), write, self.memory.inbox_delivered(person, which))
    }

    fn job(&self, job: JobId) -> Answer<'_, Option<Job>> {
        self.look("jobs", self.memory.job(job))
    }

    fn jobs_of<'a>(&'a self, person: &'a UserId, before: Option<JobId>, limit: u32) -> Answer<'a, Vec<Job>> {
        self.memory.jobs_of(person, before, limit)
    }

    fn running_jobs<'a>(
        &'a self,
        person: &'a UserId,
        after: Option<JobId>,
        limit: u32,
    ) -> Answer<'a, Vec<Job>> {
        self.look(person.as_str(), self.memory.running_jobs(person, after, limit))
    }

    fn running_count<'a>(&'a self, person: &'a UserId) -> Answer<'a, u64> {
        self.look(person.as_str(), self.memory.running_count(person))
    }

    fn notifications<'a>(
        &'a self,
        person: &'a UserId,
        before: Option<NotificationId>,
        limit: u32,
    ) -> Answer<'a, Notifications> {
        self.memory.notifications(person, before, limit)
    }

    fn read_notifications<'a>(
        &'a self,
        person: &'a UserId,
        which: Option<&'a [NotificationId]>,
    ) -> Answer<'a, ReadNotifications> {
        self.memory.read_notifications(person, which)
    }
}
