//! Stored inbox: one user's inbox in the store, with its state in memory, so that most reads of it cost nothing.

use std::sync::Arc;

use protocol::{JobId, JobStatus, NotificationId, UserId, limits};

use crate::store::{Delivered, Entry, InboxKind, InboxState, JobWrite, NewEntry, Store, StoreError};

pub(super) struct StoredInbox {
    store: Arc<dyn Store>,
    user: UserId,
    /// `None` if the store has to be asked, as after a change with an unknown outcome.
    state: Option<InboxState>,
}

impl StoredInbox {
    pub(super) fn new(store: Arc<dyn Store>, user: UserId, state: Option<InboxState>) -> Self {
        Self { store, user, state }
    }

    pub(super) fn user(&self) -> &UserId {
        &self.user
    }

    /// The state, if it is known without the store.
    pub(super) fn known_state(&self) -> Option<InboxState> {
        self.state
    }

    pub(super) async fn state(&mut self) -> Result<InboxState, StoreError> {
        let state = match self.state {
            Some(state) => state,
            None => self.store.inbox_state(&self.user).await?,
        };
        self.state = Some(state);
        Ok(state)
    }

    /// Whether a number was given here, and everything after it is kept.
    pub(super) async fn is_kept_after(&mut self, seq: u64) -> Result<bool, StoreError> {
        let Some(missed) = self.state().await?.head.checked_sub(seq) else { return Ok(false) };
        // Of older ones only those are kept that wait.
        let may_be_kept = missed <= u64::from(limits::MAX_INBOX_ITEMS);
        Ok(missed == 0 || may_be_kept && self.store.inbox_after(&self.user, seq, 1).await?.is_some())
    }

    /// The entries after a number, without gaps; `None` if the next one is not kept any more.
    pub(super) async fn after(&self, seq: u64, limit: u32) -> Result<Option<Vec<Entry>>, StoreError> {
        let page = self.store.inbox_after(&self.user, seq, limit).await?;
        Ok(page.filter(|page| !page.is_empty()))
    }

    /// The entries of these kinds that wait, after one number and up to another.
    pub(super) async fn waiting(
        &self,
        kinds: &[InboxKind],
        after: u64,
        upto: u64,
    ) -> Result<Vec<Entry>, StoreError> {
        self.store.inbox_waiting(&self.user, kinds, after, upto).await
    }

    /// Running jobs, oldest first, those after `after` if it is given.
    pub(super) async fn running_jobs(
        &mut self,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<protocol::Job>, StoreError> {
        if !self.state().await?.has_running {
            return Ok(Vec::new());
        }
        let jobs = self.store.running_jobs(&self.user, after, limit).await?;
        if after.is_none()
            && jobs.is_empty()
            && let Some(state) = &mut self.state
        {
            state.has_running = false;
        }
        Ok(jobs)
    }

    /// Stores entries, with the job that they are about. Returns their numbers.
    pub(super) async fn put(
        &mut self,
        entries: Vec<NewEntry>,
        job: Option<JobWrite>,
        at_ms: i64,
    ) -> Result<Vec<u64>, StoreError> {
        // Not known until the store has answered, and not after a failure.
        let before = self.state.take();
        let waiting_bytes: u64 = entries.iter().map(NewEntry::waiting_bytes).sum();
        let runs = matches!(&job, Some(JobWrite::Save(job)) if job.status == JobStatus::Running);
        let seqs = self.store.put_in_inbox(&self.user, entries, job, at_ms).await?;
        let is_next = |before: &InboxState| seqs.first().is_none_or(|first| *first == before.head + 1);
        // Otherwise an earlier write that was not confirmed has been stored after all.
        self.state = before.filter(is_next).map(|before| InboxState {
            head: seqs.last().copied().unwrap_or(before.head),
            waiting_bytes: before.waiting_bytes + waiting_bytes,
            has_running: before.has_running || runs,
        });
        Ok(seqs)
    }

    /// These entries do not wait any more. If that cannot be stored, they are sent once more at the next connection.
    pub(super) async fn mark_delivered(&mut self, which: Delivered<'_>) {
        let state = self.state.take();
        match self.store.mark_inbox_delivered(&self.user, which).await {
            Ok(bytes) => self.state = state.map(|state| without_waiting(state, bytes)),
            Err(error) => {
                let (error, user) = (&error as &dyn std::error::Error, &self.user);
                tracing::error!(error, user.id = %user, "Could not store what was delivered to `{user}`");
            }
        }
    }

    /// Marks notifications as read, these or all; returns how many were unread.
    pub(super) async fn read_notifications(
        &mut self,
        which: Option<&[NotificationId]>,
    ) -> Result<u32, StoreError> {
        let state = self.state.take();
        let read = self.store.read_notifications(&self.user, which).await?;
        self.state = state.map(|state| without_waiting(state, read.waiting_bytes));
        Ok(read.unread)
    }
}

fn without_waiting(state: InboxState, bytes: u64) -> InboxState {
    InboxState { waiting_bytes: state.waiting_bytes.saturating_sub(bytes), ..state }
}
