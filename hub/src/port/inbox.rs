//! What the hub needs somebody to remember of each person.

use protocol::{InboxItem, Job, JobId, Notification, NotificationId, UserId};

use super::Answer;

/// Something to be put into a person's inbox.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// What.
    pub item: InboxItem,
    /// Whether it waits for a client that can be told, if there is none now.
    pub waits: bool,
}

/// Something in a person's inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number: 1 for the first one ever, without holes, but old entries are let go.
    pub seq: u64,
    /// When it was put there, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// What.
    pub item: InboxItem,
}

/// How somebody's inbox stands: what has to be known in order to follow it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InboxState {
    /// The number of the newest entry ever put there; 0 for none.
    pub head: u64,
    /// Whether entries wait for a client that can be told.
    pub has_waiting: bool,
    /// Whether jobs of the person are running.
    pub has_running: bool,
}

/// What becomes of a job, in the same transaction as what is told of it.
#[derive(Debug, Clone)]
pub enum JobWrite {
    /// It is kept as it stands now; made if it is new.
    Save(Job),
    /// It is not kept any more.
    Delete(JobId),
}

/// A part of somebody's notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notifications {
    /// Newest first.
    pub list: Vec<Notification>,
    /// Whether there are older ones.
    pub has_more: bool,
    /// How many of all that are kept have not been read.
    pub unread: u32,
}

/// Remembers what reached each person, and the jobs that each waits for.
///
/// Everything a call changes is changed in one transaction and is on disk when the answer arrives.
pub trait InboxStore: Send + Sync + 'static {
    /// Gives the entries the next numbers of the person's inbox, in their order, and writes the job that they tell of.
    /// Notifications among them are listed from then on. Entries beyond the newest
    /// [`protocol::limits::MAX_INBOX_ITEMS`] are let go, and so are as many notifications.
    /// Answers with the numbers.
    ///
    /// # Errors
    /// [`super::StoreError::NoSuchPerson`].
    fn put_in_inbox<'a>(
        &'a self,
        person: &'a UserId,
        entries: Vec<NewEntry>,
        job: Option<JobWrite>,
        at_ms: i64,
    ) -> Answer<'a, Vec<u64>>;

    /// How somebody's inbox stands; the empty one for an unknown person.
    fn inbox_state<'a>(&'a self, person: &'a UserId) -> Answer<'a, InboxState>;

    /// The entries after a number, oldest first, at most `limit`; `None` when some of them have been let go.
    fn inbox_after<'a>(&'a self, person: &'a UserId, seq: u64, limit: u32) -> Answer<'a, Option<Vec<Entry>>>;

    /// The entries that wait for a client that can be told, oldest first.
    fn inbox_waiting<'a>(&'a self, person: &'a UserId) -> Answer<'a, Vec<Entry>>;

    /// These entries wait no more.
    fn inbox_told<'a>(&'a self, person: &'a UserId, seqs: &'a [u64]) -> Answer<'a, ()>;

    /// A job, whoever waits for it.
    fn job(&self, job: JobId) -> Answer<'_, Option<Job>>;

    /// Somebody's jobs, newest first, those before `before` if it is given.
    fn jobs_of<'a>(&'a self, person: &'a UserId, before: Option<JobId>, limit: u32) -> Answer<'a, Vec<Job>>;

    /// Somebody's jobs that are under way, oldest first.
    fn running_jobs<'a>(&'a self, person: &'a UserId) -> Answer<'a, Vec<Job>>;

    /// Somebody's notifications, newest first, those before `before` if it is given.
    fn notifications<'a>(
        &'a self,
        person: &'a UserId,
        before: Option<NotificationId>,
        limit: u32,
    ) -> Answer<'a, Notifications>;

    /// Marks notifications of somebody as read: these, or all of them. Answers how many were unread before; unknown ones
    /// are passed over.
    fn read_notifications<'a>(
        &'a self,
        person: &'a UserId,
        which: Option<&'a [NotificationId]>,
    ) -> Answer<'a, u32>;
}
