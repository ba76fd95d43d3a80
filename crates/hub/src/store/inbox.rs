//! Inbox store: the trait that stores the entries, jobs and notifications of each user.

use async_trait::async_trait;
use protocol::{InboxItem, Job, JobId, Notification, NotificationId, UserId};

use super::error::StoreError;

/// An entry to be put into a user's inbox.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// The item.
    pub item: InboxItem,
    /// Whether it waits until a client has proven that it received it.
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
    // The store rejects an item that cannot be encoded.
    serde_json::to_writer(&mut counter, item).ok();
    counter.0
}

/// An entry of a user's inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number: 1 for the first one ever, without gaps, but old entries are deleted.
    pub seq: u64,
    /// When it was put there, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// The item.
    pub item: InboxItem,
    /// Whether its delivery is still to be proven.
    pub waits: bool,
}

/// The kind of an entry's item.
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

/// The state of a user's inbox: what is needed to subscribe a client to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InboxState {
    /// The number of the newest entry ever put there; 0 for none.
    pub head: u64,
    /// Bytes of the entries whose delivery is still to be proven, as [`NewEntry::waiting_bytes`] counts them; 0: there is none.
    pub waiting_bytes: u64,
    /// Whether jobs of the user are running.
    pub has_running: bool,
}

/// A write of a job, in the same transaction as the entries about it.
#[derive(Debug, Clone)]
pub enum JobWrite {
    /// Store it as it is now; create it if it is new.
    Save(Job),
    /// Delete it.
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

/// The result of reading notifications.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadNotifications {
    /// How many were unread before.
    pub unread: u32,
    /// The bytes that their entries took of what waits.
    pub waiting_bytes: u64,
}

/// A page of a user's notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notifications {
    /// Newest first.
    pub list: Vec<Notification>,
    /// Whether there are older ones.
    pub has_more: bool,
    /// How many of all that are kept have not been read.
    pub unread: u32,
}

/// Stores the inbox entries, jobs and notifications of each user.
///
/// Every call changes everything in one transaction, which is on disk when the call returns.
#[async_trait]
pub trait InboxStore: Send + Sync + 'static {
    /// Gives the entries the next numbers of the user's inbox, in their order, and writes the job that they are about.
    /// Notifications among them are listed from then on. Entries beyond the newest
    /// [`protocol::limits::MAX_INBOX_ITEMS`] are deleted unless they wait, and so are notifications beyond as many.
    /// Returns the numbers.
    ///
    /// A direct message is stored only while both its author and its recipient are members of its room.
    ///
    /// # Errors
    /// [`StoreError::NoSuchUser`]; [`StoreError::NoSuchRoom`] if the author of a direct message is no member of its room,
    /// [`StoreError::NotMember`] if the recipient is none.
    async fn put_in_inbox(
        &self,
        user: &UserId,
        entries: Vec<NewEntry>,
        job: Option<JobWrite>,
        at_ms: i64,
    ) -> Result<Vec<u64>, StoreError>;

    /// The state of a user's inbox; the empty one for an unknown user.
    async fn inbox_state(&self, user: &UserId) -> Result<InboxState, StoreError>;

    /// The entries after a number, oldest first, without a gap: at most `limit`, of at most about
    /// [`protocol::limits::PORTION_BYTES`], and at least one if there is one. `None` when the next one was deleted.
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

    /// Marks entries whose delivery is proven: they do not wait any more. Returns the bytes that they took of what waits.
    async fn mark_inbox_delivered(&self, user: &UserId, which: Delivered<'_>) -> Result<u64, StoreError>;

    /// A job of any user.
    async fn job(&self, job: JobId) -> Result<Option<Job>, StoreError>;

    /// A user's jobs, newest first, those before `before` if it is given.
    async fn jobs_of(&self, user: &UserId, before: Option<JobId>, limit: u32)
    -> Result<Vec<Job>, StoreError>;

    /// A user's running jobs, oldest first, those after `after` if it is given.
    async fn running_jobs(
        &self,
        user: &UserId,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError>;

    /// The number of a user's running jobs.
    async fn running_count(&self, user: &UserId) -> Result<u64, StoreError>;

    /// A user's notifications, newest first, those before `before` if it is given.
    async fn notifications(
        &self,
        user: &UserId,
        before: Option<NotificationId>,
        limit: u32,
    ) -> Result<Notifications, StoreError>;

    /// Marks notifications of a user as read: these, or all of them. Their entries do not wait any more. Unknown ones are
    /// ignored.
    async fn read_notifications(
        &self,
        user: &UserId,
        which: Option<&[NotificationId]>,
    ) -> Result<ReadNotifications, StoreError>;
}

#[cfg(test)]
mod tests {
    use protocol::{
        DirectMessage, JobChange, JobKind, JobStatus, JobStep, MessageId, MessageKind, Opaque, RoomId, Signal,
    };
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn items() -> [InboxItem; 4] {
        let user = UserId::parse("ann").unwrap();
        let notification = Notification {
            id: NotificationId(Uuid::from_u128(1)),
            title: "Tea".to_owned(),
            message: "is \"ready\"".to_owned(),
            kind: "info".to_owned(),
            at_ms: 1,
            is_read: false,
        };
        let direct = DirectMessage {
            id: MessageId(Uuid::from_u128(2)),
            room: RoomId::parse("kitchen").unwrap(),
            author: user.clone(),
            name: "ann".to_owned(),
            email: "ann@example.org".to_owned(),
            is_active: true,
            author_created_at_ms: 0,
            to: UserId::parse("bob").unwrap(),
            body: "Küche".to_owned(),
            kind: MessageKind::Text,
            at_ms: 2,
        };
        let job = Job {
            id: JobId(Uuid::from_u128(3)),
            owner: user,
            kind: JobKind::default(),
            subject: None,
            title: "Import".to_owned(),
            status: JobStatus::Running,
            progress: 0,
            stage: None,
            message: None,
            result: Opaque(None),
            error: None,
            retryable: false,
            created_at_ms: 3,
            updated_at_ms: 3,
        };
        [
            InboxItem::Notification(notification),
            InboxItem::Direct(direct),
            InboxItem::Job(JobChange { step: JobStep::Started, job }),
            InboxItem::Signal(Signal { name: "ping".to_owned(), data: Opaque(json!([1, 2])) }),
        ]
    }

    #[test]
    fn item_takes_the_bytes_of_its_json_and_its_kind_is_the_tag() {
        for item in items() {
            assert_eq!(item_bytes(&item), serde_json::to_vec(&item).unwrap().len() as u64);
            assert_eq!(serde_json::to_value(&item).unwrap()["type"], InboxKind::of(&item).name());
        }
    }

    #[test]
    fn only_an_entry_that_waits_takes_waiting_bytes() {
        let [item, ..] = items();
        let bytes = item_bytes(&item);
        for (waits, expected) in [(true, bytes), (false, 0)] {
            assert_eq!(NewEntry { item: item.clone(), waits }.waiting_bytes(), expected);
        }
    }
}
