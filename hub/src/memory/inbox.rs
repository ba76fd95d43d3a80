//! Inboxes, jobs and notifications in memory.

use std::collections::{BTreeMap, VecDeque};

use protocol::limits::MAX_INBOX_ITEMS;
use protocol::{InboxItem, Job, JobId, JobStatus, Notification, NotificationId, UserId};

use super::room::index;
use super::{MemoryStore, State};
use crate::port::{Answer, Entry, InboxState, InboxStore, JobWrite, NewEntry, Notifications};

/// What reached one person.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    head: u64,
    /// Oldest first, without holes; the last one has the number `head`.
    entries: VecDeque<Kept>,
    /// By identifier, which is by time.
    notifications: BTreeMap<NotificationId, Notification>,
}

#[derive(Debug)]
struct Kept {
    entry: Entry,
    waits: bool,
}

impl Inbox {
    fn put(&mut self, new: NewEntry, at_ms: i64) -> u64 {
        let limit = index(MAX_INBOX_ITEMS.into());
        if let InboxItem::Notification(notification) = &new.item {
            self.notifications.insert(notification.id, notification.clone());
            if self.notifications.len() > limit {
                self.notifications.pop_first();
            }
        }
        self.head += 1;
        let entry = Entry { seq: self.head, at_ms, item: new.item };
        self.entries.push_back(Kept { entry, waits: new.waits });
        if self.entries.len() > limit {
            self.entries.pop_front();
        }
        self.head
    }

    fn after(&self, seq: u64, limit: u32) -> Option<Vec<Entry>> {
        let gone = self.head - self.entries.len() as u64;
        if seq < gone {
            return None;
        }
        let entries = self.entries.iter().skip(index(seq - gone)).take(index(limit.into()));
        Some(entries.map(|kept| kept.entry.clone()).collect())
    }

    fn notifications(&self, before: Option<NotificationId>, limit: u32) -> Notifications {
        let mut older =
            self.notifications.values().rev().skip_while(|it| before.is_some_and(|id| it.id >= id));
        let list = older.by_ref().take(index(limit.into())).cloned().collect();
        let has_more = older.next().is_some();
        let unread = self.notifications.values().filter(|it| !it.is_read).count();
        Notifications { list, has_more, unread: u32::try_from(unread).unwrap_or(u32::MAX) }
    }
}

impl State {
    /// Somebody's jobs, oldest first.
    fn jobs_of(&self, person: &UserId) -> impl DoubleEndedIterator<Item = &Job> {
        self.jobs.values().filter(move |job| job.owner == *person)
    }
}

impl InboxStore for MemoryStore {
    fn put_in_inbox<'a>(
        &'a self,
        person: &'a UserId,
        entries: Vec<NewEntry>,
        job: Option<JobWrite>,
        at_ms: i64,
    ) -> Answer<'a, Vec<u64>> {
        Box::pin(async move {
            let mut state = self.state();
            state.person(person)?;
            match job {
                Some(JobWrite::Save(job)) => {
                    state.person(&job.owner)?;
                    state.jobs.insert(job.id, job);
                }
                Some(JobWrite::Delete(job)) => {
                    state.jobs.remove(&job);
                }
                None => {}
            }
            let inbox = state.inboxes.entry(person.clone()).or_default();
            Ok(entries.into_iter().map(|entry| inbox.put(entry, at_ms)).collect())
        })
    }

    fn inbox_state<'a>(&'a self, person: &'a UserId) -> Answer<'a, InboxState> {
        Box::pin(async move {
            let state = self.state();
            let inbox = state.inboxes.get(person);
            Ok(InboxState {
                head: inbox.map_or(0, |inbox| inbox.head),
                has_waiting: inbox.is_some_and(|inbox| inbox.entries.iter().any(|kept| kept.waits)),
                has_running: state.jobs_of(person).any(|job| job.status == JobStatus::Running),
            })
        })
    }

    fn inbox_after<'a>(&'a self, person: &'a UserId, seq: u64, limit: u32) -> Answer<'a, Option<Vec<Entry>>> {
        Box::pin(async move {
            let state = self.state();
            Ok(state.inboxes.get(person).map_or(Some(Vec::new()), |inbox| inbox.after(seq, limit)))
        })
    }

    fn inbox_waiting<'a>(&'a self, person: &'a UserId) -> Answer<'a, Vec<Entry>> {
        Box::pin(async move {
            let state = self.state();
            let entries = state.inboxes.get(person).into_iter().flat_map(|inbox| &inbox.entries);
            Ok(entries.filter(|kept| kept.waits).map(|kept| kept.entry.clone()).collect())
        })
    }

    fn inbox_told<'a>(&'a self, person: &'a UserId, seqs: &'a [u64]) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut state = self.state();
            let entries = state.inboxes.get_mut(person).into_iter().flat_map(|inbox| &mut inbox.entries);
            for kept in entries.filter(|kept| seqs.contains(&kept.entry.seq)) {
                kept.waits = false;
            }
            Ok(())
        })
    }

    fn job(&self, job: JobId) -> Answer<'_, Option<Job>> {
        Box::pin(async move { Ok(self.state().jobs.get(&job).cloned()) })
    }

    fn jobs_of<'a>(&'a self, person: &'a UserId, before: Option<JobId>, limit: u32) -> Answer<'a, Vec<Job>> {
        Box::pin(async move {
            let state = self.state();
            let jobs = state.jobs_of(person).rev().skip_while(|job| before.is_some_and(|id| job.id >= id));
            Ok(jobs.take(index(limit.into())).cloned().collect())
        })
    }

    fn running_jobs<'a>(&'a self, person: &'a UserId) -> Answer<'a, Vec<Job>> {
        Box::pin(async move {
            let state = self.state();
            Ok(state.jobs_of(person).filter(|job| job.status == JobStatus::Running).cloned().collect())
        })
    }

    fn notifications<'a>(
        &'a self,
        person: &'a UserId,
        before: Option<NotificationId>,
        limit: u32,
    ) -> Answer<'a, Notifications> {
        Box::pin(async move {
            let state = self.state();
            let nothing = || Notifications { list: Vec::new(), has_more: false, unread: 0 };
            Ok(state.inboxes.get(person).map_or_else(nothing, |inbox| inbox.notifications(before, limit)))
        })
    }

    fn read_notifications<'a>(
        &'a self,
        person: &'a UserId,
        which: Option<&'a [NotificationId]>,
    ) -> Answer<'a, u32> {
        Box::pin(async move {
            let mut state = self.state();
            let all = state.inboxes.get_mut(person).into_iter().flat_map(|it| it.notifications.values_mut());
            let mut read = 0;
            for it in all.filter(|it| !it.is_read && which.is_none_or(|which| which.contains(&it.id))) {
                it.is_read = true;
                read += 1;
            }
            Ok(read)
        })
    }
}
