//! Inboxes: numbered like rooms, one for each person, but old entries are let go.

use std::convert::Infallible;

use hub::port::{Answer, Entry, InboxState, InboxStore, JobWrite, NewEntry, Notifications, StoreError};
use protocol::limits::MAX_INBOX_ITEMS;
use protocol::{InboxItem, Job, JobId, NotificationId, UserId};
use rusqlite::{Connection, params};
use sqlx::sqlite::SqlitePool;
use sqlx::{FromRow, query_as, query_scalar};

use super::desk::person_key;
use super::rows::{from_json, json, number, seq_number};
use super::writer::{Change, Fault, Work};
use super::{SqliteStore, jobs, notifications, unread};

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

    fn inbox_waiting<'a>(&'a self, person: &'a UserId) -> Answer<'a, Vec<Entry>> {
        Box::pin(async move { waiting(self.readers(), person).await.map_err(unread) })
    }

    fn inbox_told<'a>(&'a self, person: &'a UserId, seqs: &'a [u64]) -> Answer<'a, ()> {
        let work = Told { person: person.clone(), seqs: seqs.to_vec() };
        Box::pin(async move { Ok(self.writer().write(work).await?) })
    }

    fn job(&self, job: JobId) -> Answer<'_, Option<Job>> {
        Box::pin(async move { jobs::find(self.readers(), job).await.map_err(unread) })
    }

    fn jobs_of<'a>(&'a self, person: &'a UserId, before: Option<JobId>, limit: u32) -> Answer<'a, Vec<Job>> {
        Box::pin(async move { jobs::page(self.readers(), person, before, limit).await.map_err(unread) })
    }

    fn running_jobs<'a>(&'a self, person: &'a UserId) -> Answer<'a, Vec<Job>> {
        Box::pin(async move { jobs::running(self.readers(), person).await.map_err(unread) })
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
    ) -> Answer<'a, u32> {
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
        let gone = head.saturating_sub(MAX_INBOX_ITEMS.into());
        if gone > 0 {
            connection
                .prepare_cached("DELETE FROM inbox WHERE person = ? AND seq <= ?")?
                .execute(params![person, seq_number(gone)])?;
        }
        Ok(numbers)
    }
}

/// See [`InboxStore::inbox_told`].
struct Told {
    person: UserId,
    seqs: Vec<u64>,
}

impl Change for Told {
    type Done = ();
    type Refusal = Infallible;
}

impl Work for Told {
    fn run(&self, connection: &Connection) -> Result<(), Fault<Infallible>> {
        let Some(person) = person_key(connection, &self.person)? else { return Ok(()) };
        let mut tell =
            connection.prepare_cached("UPDATE inbox SET waits = 0 WHERE person = ? AND seq = ? AND waits")?;
        for seq in &self.seqs {
            tell.execute(params![person, seq_number(*seq)])?;
        }
        Ok(())
    }
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
}

impl EntryRow {
    fn entry(self) -> Result<Entry, sqlx::Error> {
        Ok(Entry { seq: self.seq, at_ms: self.at_ms, item: from_json(&self.item)? })
    }
}

/// See [`InboxStore::inbox_state`].
async fn state(readers: &SqlitePool, person: &UserId) -> Result<InboxState, sqlx::Error> {
    let state: Option<(u64, bool, bool)> = query_as(
        "SELECT COALESCE((SELECT head FROM inboxes WHERE person = p.key), 0),
                EXISTS (SELECT 1 FROM inbox INDEXED BY inbox_waiting WHERE person = p.key AND waits),
                EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_running WHERE person = p.key AND is_running)
         FROM people p WHERE p.id = ?",
    )
    .bind(person.as_str())
    .fetch_optional(readers)
    .await?;
    Ok(state.map_or_else(InboxState::default, |(head, has_waiting, has_running)| InboxState {
        head,
        has_waiting,
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
    let mut rows: Vec<EntryRow> = query_as(
        "SELECT seq, at_ms, item FROM inbox WHERE person = (SELECT key FROM people WHERE id = ?) AND seq > ?
         ORDER BY seq LIMIT ?",
    )
    .bind(person.as_str())
    .bind(seq_number(seq))
    .bind(limit.max(1))
    .fetch_all(readers)
    .await?;
    let is_hole = match rows.first() {
        Some(first) => first.seq > seq + 1,
        None => is_behind(readers, person, seq).await?,
    };
    if is_hole {
        return Ok(None);
    }
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
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
async fn waiting(readers: &SqlitePool, person: &UserId) -> Result<Vec<Entry>, sqlx::Error> {
    let rows: Vec<EntryRow> = query_as(
        "SELECT seq, at_ms, item FROM inbox INDEXED BY inbox_waiting
         WHERE person = (SELECT key FROM people WHERE id = ?) AND waits ORDER BY seq",
    )
    .bind(person.as_str())
    .fetch_all(readers)
    .await?;
    rows.into_iter().map(EntryRow::entry).collect()
}
