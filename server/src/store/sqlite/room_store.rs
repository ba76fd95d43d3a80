//! `Store` for `SqliteStore`: each method names the table function that reads, or the write that the writer thread runs.

use async_trait::async_trait;
use hub::model::{Membership, RoomHead, RoomRecord};
use hub::store::{
    Appended, ChangeBatch, ChangeDraft, ChangeRecord, HistoryRange, MessageDraft, Page, RoomDraft, Store,
    StoreError, Version,
};
use protocol::{Cursor, LiveChange, MessageId, Role, RoomId, RoomSummary, UserId};

use super::store::SqliteStore;
use super::tables::append::Append;
use super::tables::{changes, live, members, messages, quotas, rooms, summaries};
use super::unavailable::read_error;

#[async_trait]
impl Store for SqliteStore {
    async fn create_room(&self, room: RoomDraft) -> Result<RoomRecord, StoreError> {
        self.writer().write(move |tx| rooms::create(tx, &room)).await
    }

    async fn room(&self, room: &RoomId) -> Result<Option<RoomRecord>, StoreError> {
        rooms::find(self.readers(), room).await.map_err(read_error)
    }

    async fn live_room(
        &self,
        room: &RoomId,
        chat: &RoomId,
        epoch: u32,
        at_ms: i64,
    ) -> Result<Option<RoomRecord>, StoreError> {
        // Nearly always it is there, and then nothing has to be written.
        if let Some(found) = rooms::find_live(self.readers(), chat).await.map_err(read_error::<StoreError>)? {
            return Ok(Some(found));
        }
        let (room, of) = (room.clone(), chat.clone());
        self.writer()
            .write::<_, StoreError, _, _>(move |tx| live::create(tx, &room, &of, epoch, at_ms))
            .await?;
        rooms::find_live(self.readers(), chat).await.map_err(read_error)
    }

    async fn set_live(&self, change: &LiveChange) -> Result<(), StoreError> {
        let change = change.clone();
        self.writer().write(move |tx| live::set(tx, &change)).await
    }

    async fn rename_room(&self, room: &RoomId, name: &str) -> Result<(), StoreError> {
        let (room, name) = (room.clone(), name.to_owned());
        self.writer().write(move |tx| rooms::rename(tx, &room, &name)).await
    }

    async fn delete_room(&self, room: &RoomId) -> Result<(), StoreError> {
        let room = room.clone();
        self.writer().write(move |tx| rooms::delete(tx, &room)).await
    }

    async fn add_members(
        &self,
        room: &RoomId,
        users: &[UserId],
        at_ms: i64,
    ) -> Result<Vec<Membership>, StoreError> {
        let (room, users) = (room.clone(), users.to_vec());
        self.writer().write(move |tx| members::add(tx, &room, &users, at_ms)).await
    }

    async fn remove_member(&self, room: &RoomId, user: &UserId) -> Result<Option<UserId>, StoreError> {
        let (room, user) = (room.clone(), user.clone());
        self.writer().write(move |tx| members::remove(tx, &room, &user)).await
    }

    async fn leave_for_good(&self, room: &RoomId, user: &UserId) -> Result<Option<UserId>, StoreError> {
        let (room, user) = (room.clone(), user.clone());
        self.writer().write(move |tx| members::leave_for_good(tx, &room, &user)).await
    }

    async fn take_back_leaving(&self, room: &RoomId, users: &[UserId]) -> Result<u64, StoreError> {
        let (room, users) = (room.clone(), users.to_vec());
        self.writer().write(move |tx| quotas::take_back_leaving(tx, &room, &users)).await
    }

    async fn rooms_owned(&self, user: &UserId) -> Result<u64, StoreError> {
        quotas::rooms_owned(self.readers(), user).await.map_err(read_error)
    }

    async fn strangers(&self, user: &UserId, users: &[UserId]) -> Result<u64, StoreError> {
        quotas::strangers(self.readers(), user, users).await.map_err(read_error)
    }

    async fn append(
        &self,
        room: &RoomId,
        drafts: Vec<MessageDraft>,
        at_ms: i64,
    ) -> Result<Vec<Appended>, StoreError> {
        self.writer().append(Append { room: room.clone(), drafts, at_ms }).await
    }

    async fn change(
        &self,
        room: &RoomId,
        drafts: Vec<ChangeDraft>,
        at_ms: i64,
    ) -> Result<ChangeBatch, StoreError> {
        let room = room.clone();
        self.writer().write(move |tx| changes::change(tx, &room, &drafts, at_ms)).await
    }

    async fn messages_changed_after(
        &self,
        room: &RoomId,
        rev: u64,
        upto: u64,
        limit: u32,
    ) -> Result<Page, StoreError> {
        messages::changed_after(self.readers(), room, rev, upto, limit).await.map_err(read_error)
    }

    async fn changes_after(
        &self,
        room: &RoomId,
        rev: u64,
        limit: u32,
    ) -> Result<Vec<ChangeRecord>, StoreError> {
        changes::after(self.readers(), room, rev, limit).await.map_err(read_error)
    }

    async fn versions(&self, room: &RoomId, seq: u64) -> Result<Vec<Version>, StoreError> {
        changes::versions(self.readers(), room, seq).await.map_err(read_error)
    }

    async fn mark_read(&self, room: &RoomId, marks: &[(UserId, u64)]) -> Result<(), StoreError> {
        let (room, marks) = (room.clone(), marks.to_vec());
        self.writer().write(move |tx| members::mark_read(tx, &room, &marks)).await
    }

    async fn page(&self, room: &RoomId, slice: HistoryRange, limit: u32) -> Result<Page, StoreError> {
        messages::page(self.readers(), room, slice, limit).await.map_err(read_error)
    }

    async fn page_for(
        &self,
        room: &RoomId,
        user: &UserId,
        slice: HistoryRange,
        limit: u32,
    ) -> Result<Option<Page>, StoreError> {
        messages::page_for(self.readers(), room, user, slice, limit).await.map_err(read_error)
    }

    async fn find_message(&self, message: MessageId) -> Result<Option<(RoomId, Cursor)>, StoreError> {
        messages::find(self.readers(), message).await.map_err(read_error)
    }

    async fn room_heads(&self, user: &UserId) -> Result<Vec<RoomHead>, StoreError> {
        members::room_heads(self.readers(), user).await.map_err(read_error)
    }

    async fn role(&self, room: &RoomId, user: &UserId) -> Result<Option<Role>, StoreError> {
        members::role(self.readers(), room, user).await.map_err(read_error)
    }

    async fn summary(&self, room: &RoomId, user: &UserId) -> Result<Option<RoomSummary>, StoreError> {
        summaries::one(self.readers(), room, user).await.map_err(read_error)
    }

    async fn summaries(
        &self,
        user: &UserId,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Vec<RoomSummary>, StoreError> {
        summaries::page(self.readers(), user, after, limit).await.map_err(read_error)
    }
}
