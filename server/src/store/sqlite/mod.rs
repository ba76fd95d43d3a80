//! Rooms, people, messages, inboxes and jobs in one SQLite file.
//!
//! One thread writes, see `writer.rs`; a few connections read what is committed. Each question is one statement, so what
//! it answers is one state of the database.

mod account_changes;
mod accounts;
mod append;
mod backup;
mod check;
mod desk;
mod ended_tokens;
mod files;
mod inbox;
mod jobs;
mod live;
mod lock;
mod look;
mod members;
mod messages;
mod notifications;
mod open;
mod own_sign_ins;
mod pen;
#[cfg(test)]
mod plans;
mod probe;
mod quotas;
mod renew;
mod restore;
mod rooms;
mod rows;
mod sign_in_quota;
mod sign_ins;
mod summaries;
mod writer;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use hub::model::{Membership, RoomRecord};
use hub::port::{Answer, Appended, MessageDraft, Page, RoomDraft, Slice, Store, StoreError};
use protocol::{Cursor, LiveChange, MessageId, Role, RoomId, RoomSummary, UserId};
use sqlx::sqlite::SqlitePool;
use tokio::sync::oneshot;

pub use backup::{Backup, BackupError, backup};
pub use check::{CheckError, Report, check};
pub use open::OpenError;
pub use restore::{Restore, RestoreError, restore};
pub use writer::Outage;
use writer::{Failure, Writer};

/// Everything in one SQLite file. Cloning copies one pointer.
#[derive(Clone)]
pub struct SqliteStore {
    shared: Arc<Shared>,
}

struct Shared {
    readers: SqlitePool,
    writer: Writer,
    /// Told when the writer has ended. A std mutex: held to take it out, never across an `.await`.
    end: Mutex<Option<oneshot::Receiver<()>>>,
}

impl SqliteStore {
    fn new(readers: SqlitePool, writer: Writer, end: oneshot::Receiver<()>) -> Self {
        let end = Mutex::new(Some(end));
        Self { shared: Arc::new(Shared { readers, writer, end }) }
    }

    /// Does what was asked before, moves the write-ahead log into the file and closes it. Whatever is asked later is
    /// answered with [`Outage::Closed`].
    pub async fn close(&self) {
        // Readers first, so that nobody reads from the log while the writer empties it.
        self.readers().close().await;
        self.writer().stop().await;
        let end = self.shared.end.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(end) = end
            && let Err(error) = end.await
        {
            tracing::error!(%error, "The writer of the database broke down");
        }
    }

    /// Asks whether the database still answers, to those who read and to the one who writes.
    ///
    /// # Errors
    /// [`Outage`] when it does not.
    pub async fn ping(&self) -> Result<(), Outage> {
        sqlx::query("SELECT 1 FROM sqlite_schema LIMIT 1").execute(self.readers()).await?;
        match self.writer().write(probe::Probe).await {
            Ok(()) => Ok(()),
            Err(Failure::Outage(outage)) => Err(outage),
        }
    }

    fn readers(&self) -> &SqlitePool {
        &self.shared.readers
    }

    fn writer(&self) -> &Writer {
        &self.shared.writer
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

impl From<Outage> for StoreError {
    fn from(outage: Outage) -> Self {
        Self::Unavailable(Arc::new(outage))
    }
}

impl From<Failure<Self>> for StoreError {
    fn from(failure: Failure<Self>) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal,
            Failure::Outage(outage) => outage.into(),
        }
    }
}

impl From<Failure<Infallible>> for StoreError {
    fn from(Failure::Outage(outage): Failure<Infallible>) -> Self {
        outage.into()
    }
}

/// What a failed question means to those who know the port only.
fn unread(error: sqlx::Error) -> StoreError {
    Outage::from(error).into()
}

impl Store for SqliteStore {
    fn create_room(&self, room: RoomDraft) -> Answer<'_, RoomRecord> {
        Box::pin(async move { Ok(self.writer().write(rooms::Create(room)).await?) })
    }

    fn room<'a>(&'a self, room: &'a RoomId) -> Answer<'a, Option<RoomRecord>> {
        Box::pin(async move { rooms::find(self.readers(), room).await.map_err(unread) })
    }

    fn live_room<'a>(
        &'a self,
        room: &'a RoomId,
        chat: &'a RoomId,
        epoch: u32,
        at_ms: i64,
    ) -> Answer<'a, Option<RoomRecord>> {
        Box::pin(async move {
            // Nearly always it is there, and then nobody has to write.
            if let Some(found) = rooms::find_live(self.readers(), chat).await.map_err(unread)? {
                return Ok(Some(found));
            }
            let work = live::Open { room: room.clone(), chat: chat.clone(), epoch, at_ms };
            self.writer().write(work).await?;
            rooms::find_live(self.readers(), chat).await.map_err(unread)
        })
    }

    fn set_live<'a>(&'a self, change: &'a LiveChange) -> Answer<'a, ()> {
        let work = live::Set(change.clone());
        Box::pin(async move { Ok(self.writer().write(work).await?) })
    }

    fn rename_room<'a>(&'a self, room: &'a RoomId, name: &'a str) -> Answer<'a, ()> {
        let work = rooms::Rename { room: room.clone(), name: name.to_owned() };
        Box::pin(async move { Ok(self.writer().write(work).await?) })
    }

    fn delete_room<'a>(&'a self, room: &'a RoomId) -> Answer<'a, ()> {
        let work = rooms::Delete(room.clone());
        Box::pin(async move { Ok(self.writer().write(work).await?) })
    }

    fn add_members<'a>(
        &'a self,
        room: &'a RoomId,
        people: &'a [UserId],
        at_ms: i64,
    ) -> Answer<'a, Vec<Membership>> {
        let work = members::Add { room: room.clone(), people: people.to_vec(), at_ms };
        Box::pin(async move { Ok(self.writer().write(work).await?) })
    }

    fn remove_member<'a>(&'a self, room: &'a RoomId, person: &'a UserId) -> Answer<'a, Option<UserId>> {
        let work = members::Remove { room: room.clone(), person: person.clone(), for_good: false };
        Box::pin(async move { Ok(self.writer().write(work).await?) })
    }

    fn leave_for_good<'a>(&'a self, room: &'a RoomId, user: &'a UserId) -> Answer<'a, Option<UserId>> {
        let work = members::Remove { room: room.clone(), person: user.clone(), for_good: true };
        Box::pin(async move { Ok(self.writer().write(work).await?) })
    }

    fn take_back_leaving<'a>(&'a self, room: &'a RoomId, users: &'a [UserId]) -> Answer<'a, u64> {
        let work = quotas::TakeBack { room: room.clone(), users: users.to_vec() };
        Box::pin(async move { Ok(self.writer().write(work).await?) })
    }

    fn rooms_owned<'a>(&'a self, user: &'a UserId) -> Answer<'a, u64> {
        Box::pin(async move { quotas::rooms_owned(self.readers(), user).await.map_err(unread) })
    }

    fn strangers<'a>(&'a self, user: &'a UserId, users: &'a [UserId]) -> Answer<'a, u64> {
        Box::pin(async move { quotas::strangers(self.readers(), user, users).await.map_err(unread) })
    }

    fn append<'a>(
        &'a self,
        room: &'a RoomId,
        drafts: Vec<MessageDraft>,
        at_ms: i64,
    ) -> Answer<'a, Vec<Appended>> {
        let append = append::Append { room: room.clone(), drafts, at_ms };
        Box::pin(async move { Ok(self.writer().append(append).await?) })
    }

    fn mark_read<'a>(&'a self, room: &'a RoomId, marks: &'a [(UserId, u64)]) -> Answer<'a, ()> {
        let work = members::MarkRead { room: room.clone(), marks: marks.to_vec() };
        Box::pin(async move { Ok(self.writer().write(work).await?) })
    }

    fn page<'a>(&'a self, room: &'a RoomId, slice: Slice, limit: u32) -> Answer<'a, Page> {
        Box::pin(async move { messages::page(self.readers(), room, slice, limit).await.map_err(unread) })
    }

    fn page_for<'a>(
        &'a self,
        room: &'a RoomId,
        person: &'a UserId,
        slice: Slice,
        limit: u32,
    ) -> Answer<'a, Option<Page>> {
        Box::pin(async move {
            messages::page_for(self.readers(), room, person, slice, limit).await.map_err(unread)
        })
    }

    fn find_message(&self, message: MessageId) -> Answer<'_, Option<(RoomId, Cursor)>> {
        Box::pin(async move { messages::find(self.readers(), message).await.map_err(unread) })
    }

    fn heads_of<'a>(&'a self, person: &'a UserId) -> Answer<'a, Vec<(RoomId, Cursor)>> {
        Box::pin(async move { members::heads_of(self.readers(), person).await.map_err(unread) })
    }

    fn role<'a>(&'a self, room: &'a RoomId, person: &'a UserId) -> Answer<'a, Option<Role>> {
        Box::pin(async move { members::role(self.readers(), room, person).await.map_err(unread) })
    }

    fn summary<'a>(&'a self, room: &'a RoomId, person: &'a UserId) -> Answer<'a, Option<RoomSummary>> {
        Box::pin(async move { summaries::one(self.readers(), room, person).await.map_err(unread) })
    }

    fn summaries<'a>(
        &'a self,
        person: &'a UserId,
        after: Option<&'a RoomId>,
        limit: u32,
    ) -> Answer<'a, Vec<RoomSummary>> {
        Box::pin(async move { summaries::page(self.readers(), person, after, limit).await.map_err(unread) })
    }
}
