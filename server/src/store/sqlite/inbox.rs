//! Inboxes: numbered like rooms, one for each person, but old entries are let go.

use std::convert::Infallible;
use std::pin::pin;

use futures_util::{Stream, TryStreamExt};
use hub::port::{
    Answer, Delivered, Entry, InboxKind, InboxState, InboxStore, JobWrite, NewEntry, Notifications,
    ReadNotifications, StoreError,
};
use protocol::limits::{MAX_INBOX_ITEMS, PORTION_BYTES};
use protocol::{DirectMessage, InboxItem, Job, JobId, NotificationId, UserId};
use rusqlite::{Connection, ToSql, params};
use sqlx::sqlite::SqlitePool;
use sqlx::{FromRow, query_as, query_scalar};

use super::desk::person_key;
use super::rows::{from_json, json, number, seq_number};
use super::writer::{Broken, Change, Fault, Work};
use super::{SqliteStore, jobs, members, notifications, unread};

impl InboxStore for SqliteStore {
    fn put_in_inbox<'a>(
        &'a self,
        person: &'a UserId,
        entries: Vec<NewEntry>,
        job: Option<JobWrite>,
        at_ms: i64,
    ) -> Answer<'a, Vec<u64>> {
        let work = Put { person: person.clone(), entries, job, at_ms };
        Box::pin(async move { Ok(self.writer().write(work).await?) })
    }

    fn inbox_state<'a>(&'a self, person: &'a UserId) -> Answer<'a, InboxState> {
        Box::pin(async move { state(self.readers(), person).await.map_err(unread) })
    }

    fn inbox_after<'a>(&'a self, person: &'a UserId, seq: u64, limit: u32) -> Answer<'a, Option<Vec<Entry>>> {
        Box::pin(async move { after(self.readers(), person, seq, limit).await.map_err(unread) })
    }

    fn inbox_waiting<'a>(
        &'a self,
        person: &'a UserId,
        kinds: &'a [InboxKind],
        after: u64,
        upto: u64,
    ) -> Answer<'a, Vec<Entry>> {
        Box::pin(async move { waiting(self.readers(), person, kinds, after, upto).await.map_err(unread) })
    }

    fn inbox_delivered<'a>(&'a self, person: &'a UserId, which: Delivered<'a>) -> Answer<'a, u64> {
        let which = match which {
            Delivered::These(seqs) => Which::These(seqs.to_vec()),
            Delivered::UpTo(seq) => Which::UpTo(seq),
        };
        let work = NoteDelivered { person: person.clone(), which };
        Box::pin(async move { Ok(self.writer().write(work).await?) })
    }

    fn job(&self, job: JobId) -> Answer<'_, Option<Job>> {
        Box::pin(async move { jobs::find(self.readers(), job).await.map_err(unread) })
    }

    fn jobs_of<'a>(&'a self, person: &'a UserId, before: Option<JobId>, limit: u32) -> Answer<'a, Vec<Job>> {
        Box::pin(async move { jobs::page(self.readers(), person, before, limit).await.map_err(unread) })
    }

    fn running_jobs<'a>(
        &'a self,
        person: &'a UserId,
        after: Option<JobId>,
        limit: u32,
    ) -> Answer<'a, Vec<Job>> {
        Box::pin(async move { jobs::running(self.readers(), person, after, limit).await.map_err(unread) })
    }

    fn running_count<'a>(&'a self, person: &'a UserId) -> Answer<'a, u64> {
        Box::pin(async move { jobs::running_count(self.readers(), person).await.map_err(unread) })
    }

    fn notifications<'a>(
        &'a self,
        person: &'a UserId,
        before: Option<NotificationId>,
        limit: u32,
    ) -> Answer<'a, Notifications> {
        Box::pin(
            async move { notifications::page(self.readers(), person, before, limit).await.map_err(unread) },
        )
    }

    fn read_notifications<'a>(
        &'a self,
        person: &'a UserId,
        which: Option<&'a [NotificationId]>,
    ) -> Answer<'a, ReadNotifications> {
        let work = notifications::Read { person: person.clone(), which: which.map(<[_]>::to_vec) };
        Box::pin(async move { Ok(self.writer().write(work).await?) })
    }
}

/// See [`InboxStore::put_in_inbox`].
struct Put {
    person: UserId,
    entries: Vec<NewEntry>,
    job: Option<JobWrite>,
    at_ms: i64,
}

impl Change for Put {
    type Done = Vec<u64>;
    type Refusal = StoreError;
}

impl Work for Put {
    fn run(&self, connection: &Connection) -> Result<Vec<u64>, Fault<StoreError>> {
        let person = key_of(connection, &self.person)?;
        for entry in &self.entries {
            if let InboxItem::Direct(DirectMessage { room, author, to, .. }) = &entry.item {
                members::check(connection, room, author, StoreError::NoSuchRoom)?;
                members::check(connection, room, to, StoreError::NotMember)?;
            }
        }
        match &self.job {
            Some(JobWrite::Save(job)) => {
                let owner = if job.owner == self.person { person } else { key_of(connection, &job.owner)? };
                jobs::save(connection, owner, job)?;
            }
            Some(JobWrite::Delete(job)) => jobs::delete(connection, *job)?,
            None => {}
        }
        if self.entries.is_empty() {
            return Ok(Vec::new());
        }
        let count = self.entries.len() as u64;
        let mut move_head = connection.prepare_cached(
            "INSERT INTO inboxes (person, head) VALUES (?, ?)
             ON CONFLICT (person) DO UPDATE SET head = head + excluded.head RETURNING head",
        )?;
        let head = number(move_head.query_row(params![person, seq_number(count)], |row| row.get(0))?)?;
        let numbers: Vec<u64> = (head - count + 1..=head).collect();
        let mut insert = connection
            .prepare_cached("INSERT INTO inbox (person, seq, at_ms, waits, item) VALUES (?, ?, ?, ?, ?)")?;
        for (seq, entry) in numbers.iter().zip(&self.entries) {
            insert.execute(params![person, seq_number(*seq), self.at_ms, entry.waits, json(&entry.item)?])?;
        }
        let listed = self.entries.iter().filter_map(|entry| match &entry.item {
            InboxItem::Notification(notification) => Some(notification),
            InboxItem::Direct(_) | InboxItem::Job(_) | InboxItem::Signal(_) => None,
        });
        notifications::insert(connection, person, &listed.collect::<Vec<_>>())?;
        let gone = oldest_kept(head) - 1;
        if gone > 0 {
            // Only those that grew too old by these entries: the older ones that are still there wait.
            connection
                .prepare_cached("DELETE FROM inbox WHERE person = ? AND seq > ? AND seq <= ? AND NOT waits")?
                .execute(params![person, seq_number(gone.saturating_sub(count)), seq_number(gone)])?;
        }
        Ok(numbers)
    }
}

/// The first number that is not too old to be kept.
fn oldest_kept(head: u64) -> u64 {
    head.saturating_sub(MAX_INBOX_ITEMS.into()) + 1
}

/// See [`InboxStore::inbox_delivered`].
struct NoteDelivered {
    person: UserId,
    which: Which,
}

/// See [`Delivered`].
enum Which {
    These(Vec<u64>),
    UpTo(u64),
}

impl Change for NoteDelivered {
    type Done = u64;
    type Refusal = Infallible;
}

impl Work for NoteDelivered {
    fn run(&self, connection: &Connection) -> Result<u64, Fault<Infallible>> {
        let Some(person) = person_key(connection, &self.person)? else { return Ok(0) };
        let mut bytes = 0;
        match &self.which {
            Which::These(seqs) => {
                for seq in seqs {
                    bytes += settle(connection, person, "seq = ?2", seq_number(*seq))?;
                }
            }
            Which::UpTo(seq) => bytes = settle(connection, person, "seq <= ?2", seq_number(*seq))?,
        }
        Ok(bytes)
    }
}

/// Lets waiting entries for which a condition holds wait no more, and lets those go that were kept for their waiting alone.
/// Answers with their bytes. By the index, because the table would have every old entry read whole to see that it does not
/// wait.
pub(super) fn settle(
    connection: &Connection,
    person: i64,
    condition: &str,
    value: impl ToSql,
) -> Result<u64, Broken> {
    let mut settle = connection.prepare_cached(&settling(condition))?;
    let settled = settle.query_map(params![person, value], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let settled = settled.collect::<Result<Vec<(i64, i64)>, _>>()?;
    if settled.is_empty() {
        return Ok(0);
    }
    let head = connection
        .prepare_cached("SELECT head FROM inboxes WHERE person = ?")?
        .query_row([person], |row| row.get(0))?;
    let oldest = seq_number(oldest_kept(number(head)?));
    let mut drop_old = connection.prepare_cached("DELETE FROM inbox WHERE person = ? AND seq = ?")?;
    let mut bytes = 0;
    for (seq, size) in settled {
        bytes += number(size)?;
        if seq < oldest {
            drop_old.execute([person, seq])?;
        }
    }
    Ok(bytes)
}

/// The statement of [`settle`].
pub(super) fn settling(condition: &str) -> String {
    format!(
        "UPDATE inbox INDEXED BY inbox_waiting_by_kind SET waits = 0
         WHERE person = ?1 AND waits AND {condition} RETURNING seq, octet_length(item)"
    )
}

/// What other tables call somebody who must be there.
fn key_of(connection: &Connection, person: &UserId) -> Result<i64, Fault<StoreError>> {
    let key = person_key(connection, person)?;
    key.ok_or_else(|| Fault::Refused(StoreError::NoSuchPerson(person.clone())))
}

#[derive(FromRow)]
struct EntryRow {
    seq: u64,
    at_ms: i64,
    item: String,
    waits: bool,
}

impl EntryRow {
    fn entry(self) -> Result<Entry, sqlx::Error> {
        Ok(Entry { seq: self.seq, at_ms: self.at_ms, item: from_json(&self.item)?, waits: self.waits })
    }
}

/// Rows of one portion: at least one, then as many as it has bytes for. What comes after it is not read.
async fn portion(
    rows: impl Stream<Item = Result<EntryRow, sqlx::Error>>,
) -> Result<Vec<EntryRow>, sqlx::Error> {
    let mut rows = pin!(rows);
    let mut bytes = 0;
    let mut page: Vec<EntryRow> = Vec::new();
    while let Some(row) = rows.try_next().await? {
        bytes += row.item.len();
        if !page.is_empty() && bytes > PORTION_BYTES {
            break;
        }
        page.push(row);
    }
    Ok(page)
}

/// How an inbox stands.
pub(super) const STATE: &str = "SELECT COALESCE((SELECT head FROM inboxes WHERE person = p.key), 0),
            (SELECT COALESCE(SUM(bytes), 0) FROM inbox INDEXED BY inbox_waiting_by_kind
             WHERE person = p.key AND waits),
            EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_running WHERE person = p.key AND is_running)
     FROM people p WHERE p.id = ?";

/// See [`InboxStore::inbox_state`].
async fn state(readers: &SqlitePool, person: &UserId) -> Result<InboxState, sqlx::Error> {
    let state: Option<(u64, u64, bool)> =
        query_as(STATE).bind(person.as_str()).fetch_optional(readers).await?;
    Ok(state.map_or_else(InboxState::default, |(head, waiting_bytes, has_running)| InboxState {
        head,
        waiting_bytes,
        has_running,
    }))
}

/// See [`InboxStore::inbox_after`]. The newest entry is always kept, so one that was let go shows as a hole before the
/// first that is found; that one is asked for even when nobody wants any. Only after a restore there may be none at all
/// up to the head.
async fn after(
    readers: &SqlitePool,
    person: &UserId,
    seq: u64,
    limit: u32,
) -> Result<Option<Vec<Entry>>, sqlx::Error> {
    let rows = query_as::<_, EntryRow>(
        "SELECT seq, at_ms, item, waits FROM inbox WHERE person = (SELECT key FROM people WHERE id = ?) AND seq > ?
         ORDER BY seq LIMIT ?",
    )
    .bind(person.as_str())
    .bind(seq_number(seq))
    .bind(limit.max(1))
    .fetch(readers);
    let mut rows = portion(rows).await?;
    let is_hole = match rows.first() {
        Some(first) => first.seq > seq.saturating_add(1),
        None => is_behind(readers, person, seq).await?,
    };
    if is_hole {
        return Ok(None);
    }
    // Of old entries only those are kept that wait: what comes after a hole belongs to the next page.
    let dense =
        rows.iter().zip(seq.saturating_add(1)..).take_while(|(row, expected)| row.seq == *expected).count();
    rows.truncate(dense.min(usize::try_from(limit).unwrap_or(usize::MAX)));
    rows.into_iter().map(EntryRow::entry).collect::<Result<_, _>>().map(Some)
}

/// Whether numbers were given after this one, and nothing is kept of them.
async fn is_behind(readers: &SqlitePool, person: &UserId, seq: u64) -> Result<bool, sqlx::Error> {
    query_scalar(
        "SELECT EXISTS (SELECT 1 FROM inboxes h JOIN people p ON p.key = h.person
                        WHERE p.id = ?1 AND h.head > ?2
                        AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.person = p.key AND i.seq > ?2))",
    )
    .bind(person.as_str())
    .bind(seq_number(seq))
    .fetch_one(readers)
    .await
}

/// See [`InboxStore::inbox_waiting`]. Left to itself SQLite reads all of the inbox, because that is in the right order, too.
async fn waiting(
    readers: &SqlitePool,
    person: &UserId,
    kinds: &[InboxKind],
    after: u64,
    upto: u64,
) -> Result<Vec<Entry>, sqlx::Error> {
    let kind = |at: usize| kinds.get(at).map(|kind| kind.name());
    let rows = query_as::<_, EntryRow>(
        "SELECT seq, at_ms, item, waits FROM inbox INDEXED BY inbox_waiting_by_kind
         WHERE person = (SELECT key FROM people WHERE id = ?) AND waits AND seq > ? AND seq <= ?
         AND kind IN (?, ?, ?, ?) ORDER BY seq",
    )
    .bind(person.as_str())
    .bind(seq_number(after))
    .bind(seq_number(upto))
    .bind(kind(0))
    .bind(kind(1))
    .bind(kind(2))
    .bind(kind(3))
    .fetch(readers);
    portion(rows).await?.into_iter().map(EntryRow::entry).collect()
}
