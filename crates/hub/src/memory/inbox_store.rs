//! Inbox store in memory: the inboxes and jobs of all users.

use async_trait::async_trait;
use protocol::{InboxItem, Job, JobId, JobStatus, NotificationId, UserId};

use super::inbox::{Inbox, portion};
use super::room::index;
use super::{MemoryStore, State};
use crate::store::{
    Delivered, Entry, InboxKind, InboxState, InboxStore, JobWrite, NewEntry, Notifications,
    ReadNotifications, StoreError, item_bytes,
};

impl State {
    /// A user's jobs, oldest first.
    fn jobs_of(&self, user: &UserId) -> impl DoubleEndedIterator<Item = &Job> {
        self.jobs.values().filter(move |job| job.owner == *user)
    }
}

#[async_trait]
impl InboxStore for MemoryStore {
    async fn put_in_inbox(
        &self,
        user: &UserId,
        entries: Vec<NewEntry>,
        job: Option<JobWrite>,
        at_ms: i64,
    ) -> Result<Vec<u64>, StoreError> {
        let mut state = self.state();
        state.user(user)?;
        for entry in &entries {
            if let InboxItem::Direct(message) = &entry.item {
                state.role(&message.room, &message.author).ok_or(StoreError::NoSuchRoom)?;
                state.role(&message.room, &message.to).ok_or(StoreError::NotMember)?;
            }
        }
        match job {
            Some(JobWrite::Save(job)) => {
                state.user(&job.owner)?;
                state.jobs.insert(job.id, job);
            }
            Some(JobWrite::Delete(job)) => {
                state.jobs.remove(&job);
            }
            None => {}
        }
        let inbox = state.inboxes.entry(user.clone()).or_default();
        let seqs = entries.into_iter().map(|entry| inbox.put(entry, at_ms)).collect();
        self.injected.after_change()?;
        Ok(seqs)
    }

    async fn inbox_state(&self, user: &UserId) -> Result<InboxState, StoreError> {
        let state = self.state();
        let inbox = state.inboxes.get(user);
        Ok(InboxState {
            head: inbox.map_or(0, |inbox| inbox.head),
            waiting_bytes: inbox
                .map_or(0, |inbox| inbox.waiting().map(|entry| item_bytes(&entry.item)).sum()),
            has_running: state.jobs_of(user).any(|job| job.status == JobStatus::Running),
        })
    }

    async fn inbox_after(
        &self,
        user: &UserId,
        seq: u64,
        limit: u32,
    ) -> Result<Option<Vec<Entry>>, StoreError> {
        self.injected.before_page().await?;
        let state = self.state();
        Ok(state.inboxes.get(user).map_or(Some(Vec::new()), |inbox| inbox.after(seq, limit)))
    }

    async fn inbox_waiting(
        &self,
        user: &UserId,
        kinds: &[InboxKind],
        after: u64,
        upto: u64,
    ) -> Result<Vec<Entry>, StoreError> {
        let state = self.state();
        let entries = state.inboxes.get(user).into_iter().flat_map(Inbox::waiting);
        let meant = entries.filter(|entry| {
            entry.seq > after && entry.seq <= upto && kinds.contains(&InboxKind::of(&entry.item))
        });
        Ok(portion(meant))
    }

    async fn mark_inbox_delivered(&self, user: &UserId, which: Delivered<'_>) -> Result<u64, StoreError> {
        let mut state = self.state();
        let Some(inbox) = state.inboxes.get_mut(user) else { return Ok(0) };
        Ok(match which {
            Delivered::These(seqs) => inbox.deliver(|entry| seqs.contains(&entry.seq)),
            Delivered::UpTo(seq) => inbox.deliver(|entry| entry.seq <= seq),
        })
    }

    async fn job(&self, job: JobId) -> Result<Option<Job>, StoreError> {
        Ok(self.state().jobs.get(&job).cloned())
    }

    async fn jobs_of(
        &self,
        user: &UserId,
        before: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        let state = self.state();
        let jobs = state.jobs_of(user).rev().skip_while(|job| before.is_some_and(|id| job.id >= id));
        Ok(jobs.take(index(limit.into())).cloned().collect())
    }

    async fn running_jobs(
        &self,
        user: &UserId,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        let state = self.state();
        let running = state.jobs_of(user).filter(|job| job.status == JobStatus::Running);
        let later = running.filter(|job| after.is_none_or(|after| job.id > after));
        Ok(later.take(index(limit.into())).cloned().collect())
    }

    async fn running_count(&self, user: &UserId) -> Result<u64, StoreError> {
        let state = self.state();
        Ok(state.jobs_of(user).filter(|job| job.status == JobStatus::Running).count() as u64)
    }

    async fn notifications(
        &self,
        user: &UserId,
        before: Option<NotificationId>,
        limit: u32,
    ) -> Result<Notifications, StoreError> {
        let state = self.state();
        let nothing = || Notifications { list: Vec::new(), has_more: false, unread: 0 };
        Ok(state.inboxes.get(user).map_or_else(nothing, |inbox| inbox.notifications(before, limit)))
    }

    async fn read_notifications(
        &self,
        user: &UserId,
        which: Option<&[NotificationId]>,
    ) -> Result<ReadNotifications, StoreError> {
        let mut state = self.state();
        let Some(inbox) = state.inboxes.get_mut(user) else { return Ok(ReadNotifications::default()) };
        let is_meant = |id: &NotificationId| which.is_none_or(|which| which.contains(id));
        let mut unread = 0;
        for it in inbox.notifications.values_mut().filter(|it| !it.is_read && is_meant(&it.id)) {
            it.is_read = true;
            unread += 1;
        }
        let waiting_bytes = inbox.deliver(
                |entry| matches!(&entry.item, InboxItem::Notification(notification) if is_meant(&notification.id)),
            );
        Ok(ReadNotifications { unread, waiting_bytes })
    }
}
