//! The store of inboxes: what reached each user, and the jobs that each waits for.

use async_trait::async_trait;
use protocol::{InboxItem, Job, JobId, Notification, NotificationId, UserId};

use super::error::StoreError;

/// Something to be put into a person's inbox.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// What.
    pub item: InboxItem,
    /// Whether it waits for a client that can be told, if there is none now.
    pub waits: bool,
}

impl NewEntry {
    /// Bytes that it adds to what waits: its item as JSON, which is how stores count it.
    pub fn waiting_bytes(&self) -> u64 {
        if self.waits { item_bytes(&self.item) } else { 0 }
    }
}

/// Bytes of an item as JSON.
pub(crate) fn item_bytes(item: &InboxItem) -> u64 {
    /// Counts what is written to it.
    struct Counter(u64);

    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let mut counter = Counter(0);
    // An item that cannot be written is refused by the store.
    serde_json::to_writer(&mut counter, item).ok();
    counter.0
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
    /// Whether its delivery is still to be proven.
    pub waits: bool,
}

/// What sort of item an entry has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InboxKind {
    /// [`InboxItem::Notification`].
    Notification,
    /// [`InboxItem::Direct`].
    Direct,
    /// [`InboxItem::Job`].
    Job,
    /// [`InboxItem::Signal`].
    Signal,
}

impl InboxKind {
    /// The kind of an item.
    pub fn of(item: &InboxItem) -> Self {
        match item {
            InboxItem::Notification(_) => Self::Notification,
            InboxItem::Direct(_) => Self::Direct,
            InboxItem::Job(_) => Self::Job,
            InboxItem::Signal(_) => Self::Signal,
        }
    }

    /// Its name: the tag of the item's JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Notification => "notification",
            Self::Direct => "direct",
            Self::Job => "job",
            Self::Signal => "signal",
        }
    }
}

/// How somebody's inbox stands: what has to be known in order to follow it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InboxState {
    /// The number of the newest entry ever put there; 0 for none.
    pub head: u64,
    /// Bytes of the entries whose delivery is still to be proven, as [`NewEntry::waiting_bytes`] counts them; 0: there is none.
    pub waiting_bytes: u64,
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

/// Which entries were delivered.
#[derive(Debug, Clone, Copy)]
pub enum Delivered<'a> {
    /// Those with these numbers.
    These(&'a [u64]),
    /// All up to and with this number.
    UpTo(u64),
}

/// What reading notifications changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadNotifications {
    /// How many were unread before.
    pub unread: u32,
    /// The bytes that their entries took of what waits.
    pub waiting_bytes: u64,
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
#[async_trait]
pub trait InboxStore: Send + Sync + 'static {
    /// Gives the entries the next numbers of the person's inbox, in their order, and writes the job that they tell of.
    /// Notifications among them are listed from then on. Entries beyond the newest
    /// [`protocol::limits::MAX_INBOX_ITEMS`] are let go unless they wait, and so are as many notifications.
    /// Answers with the numbers.
    ///
    /// A direct message is stored while both, its author and the one it is for, are in its room, and only then.
    ///
    /// # Errors
    /// [`StoreError::NoSuchPerson`]; [`StoreError::NoSuchRoom`] if an author is not in the room of a direct
    /// message, [`StoreError::NotMember`] if the one it is for is not.
    async fn put_in_inbox(
        &self,
        user: &UserId,
        entries: Vec<NewEntry>,
        job: Option<JobWrite>,
        at_ms: i64,
    ) -> Result<Vec<u64>, StoreError>;

    /// How somebody's inbox stands; the empty one for an unknown person.
    async fn inbox_state(&self, user: &UserId) -> Result<InboxState, StoreError>;

    /// The entries after a number, oldest first, without a hole: at most `limit`, of at most about
    /// [`protocol::limits::PORTION_BYTES`], and at least one if there is one. `None` when the next one has been let go.
    async fn inbox_after(
        &self,
        user: &UserId,
        seq: u64,
        limit: u32,
    ) -> Result<Option<Vec<Entry>>, StoreError>;

    /// The entries of these kinds that wait and have a number after `after`, up to and with `upto`, oldest first: of at most
    /// about [`protocol::limits::PORTION_BYTES`], and at least one if there is one.
    async fn inbox_waiting(
        &self,
        user: &UserId,
        kinds: &[InboxKind],
        after: u64,
        upto: u64,
    ) -> Result<Vec<Entry>, StoreError>;

    /// These entries wait no more, because their delivery is proven. Answers with the bytes that they took of what waits.
    async fn mark_inbox_delivered(&self, user: &UserId, which: Delivered<'_>) -> Result<u64, StoreError>;

    /// A job, whoever waits for it.
    async fn job(&self, job: JobId) -> Result<Option<Job>, StoreError>;

    /// Somebody's jobs, newest first, those before `before` if it is given.
    async fn jobs_of(&self, user: &UserId, before: Option<JobId>, limit: u32)
    -> Result<Vec<Job>, StoreError>;

    /// Somebody's jobs that are under way, oldest first, those after `after` if it is given.
    async fn running_jobs(
        &self,
        user: &UserId,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError>;

    /// How many jobs of somebody are under way.
    async fn running_count(&self, user: &UserId) -> Result<u64, StoreError>;

    /// Somebody's notifications, newest first, those before `before` if it is given.
    async fn notifications(
        &self,
        user: &UserId,
        before: Option<NotificationId>,
        limit: u32,
    ) -> Result<Notifications, StoreError>;

    /// Marks notifications of somebody as read: these, or all of them. Their entries wait no more. Unknown ones are passed
    /// over.
    async fn read_notifications(
        &self,
        user: &UserId,
        which: Option<&[NotificationId]>,
    ) -> Result<ReadNotifications, StoreError>;
}
