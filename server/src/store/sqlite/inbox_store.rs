//! `InboxStore` for `SqliteStore`, in the manner of `room_store.rs`.

use async_trait::async_trait;
use hub::store::{
    Delivered, Entry, InboxKind, InboxState, InboxStore, JobWrite, NewEntry, Notifications,
    ReadNotifications, StoreError,
};
use protocol::{Job, JobId, NotificationId, UserId};

use super::store::SqliteStore;
use super::tables::{inbox, jobs, notifications};
use super::unavailable::read_error;

#[async_trait]
impl InboxStore for SqliteStore {
    async fn put_in_inbox(
        &self,
        user: &UserId,
        entries: Vec<NewEntry>,
        job: Option<JobWrite>,
        at_ms: i64,
    ) -> Result<Vec<u64>, StoreError> {
        let user = user.clone();
        self.writer().write(move |tx| inbox::put(tx, &user, &entries, job.as_ref(), at_ms)).await
    }

    async fn inbox_state(&self, user: &UserId) -> Result<InboxState, StoreError> {
        inbox::state(self.readers(), user).await.map_err(read_error)
    }

    async fn inbox_after(
        &self,
        user: &UserId,
        seq: u64,
        limit: u32,
    ) -> Result<Option<Vec<Entry>>, StoreError> {
        inbox::after(self.readers(), user, seq, limit).await.map_err(read_error)
    }

    async fn inbox_waiting(
        &self,
        user: &UserId,
        kinds: &[InboxKind],
        after: u64,
        upto: u64,
    ) -> Result<Vec<Entry>, StoreError> {
        inbox::waiting(self.readers(), user, kinds, after, upto).await.map_err(read_error)
    }

    async fn mark_inbox_delivered(&self, user: &UserId, which: Delivered<'_>) -> Result<u64, StoreError> {
        let user = user.clone();
        match which {
            Delivered::These(seqs) => {
                let seqs = seqs.to_vec();
                self.writer().write(move |tx| inbox::mark_delivered(tx, &user, Delivered::These(&seqs))).await
            }
            Delivered::UpTo(seq) => {
                self.writer().write(move |tx| inbox::mark_delivered(tx, &user, Delivered::UpTo(seq))).await
            }
        }
    }

    async fn job(&self, job: JobId) -> Result<Option<Job>, StoreError> {
        jobs::find(self.readers(), job).await.map_err(read_error)
    }

    async fn jobs_of(
        &self,
        user: &UserId,
        before: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        jobs::page(self.readers(), user, before, limit).await.map_err(read_error)
    }

    async fn running_jobs(
        &self,
        user: &UserId,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        jobs::running(self.readers(), user, after, limit).await.map_err(read_error)
    }

    async fn running_count(&self, user: &UserId) -> Result<u64, StoreError> {
        jobs::running_count(self.readers(), user).await.map_err(read_error)
    }

    async fn notifications(
        &self,
        user: &UserId,
        before: Option<NotificationId>,
        limit: u32,
    ) -> Result<Notifications, StoreError> {
        notifications::page(self.readers(), user, before, limit).await.map_err(read_error)
    }

    async fn read_notifications(
        &self,
        user: &UserId,
        which: Option<&[NotificationId]>,
    ) -> Result<ReadNotifications, StoreError> {
        let (user, which) = (user.clone(), which.map(<[_]>::to_vec));
        self.writer().write(move |tx| inbox::read_notifications(tx, &user, which.as_deref())).await
    }
}
