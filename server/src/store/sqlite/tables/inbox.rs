//! The inbox table: entries of each user, numbered like a room's messages, but old ones are deleted.

use std::pin::pin;

use futures_util::{Stream, TryStreamExt};
use hub::store::{
    Delivered, Entry, InboxKind, InboxState, JobWrite, NewEntry, ReadNotifications, StoreError,
};
use protocol::limits::{MAX_INBOX_ITEMS, PORTION_BYTES};
use protocol::{DirectMessage, InboxItem, NotificationId, UserId};
use rusqlite::{Connection, ToSql, params};
use sqlx::sqlite::SqlitePool;
use sqlx::{FromRow, query_as, query_scalar};

use super::keys::user_key;
use super::row_mapping::{from_json, json, number, seq_number};
use super::{jobs, members, notifications};
use crate::store::sqlite::write_tx::WriteError;

/// See [`InboxStore::put_in_inbox`](hub::store::InboxStore::put_in_inbox).
pub(crate) fn put(
    connection: &Connection,
    user: &UserId,
    entries: &[NewEntry],
    job: Option<&JobWrite>,
    at_ms: i64,
) -> Result<Vec<u64>, WriteError<StoreError>> {
    let key = key_of(connection, user)?;
    for entry in entries {
        if let InboxItem::Direct(DirectMessage { room, author, to, .. }) = &entry.item {
            members::check(connection, room, author, StoreError::NoSuchRoom)?;
            members::check(connection, room, to, StoreError::NotMember)?;
        }
    }
    match job {
        Some(JobWrite::Save(job)) => {
            let owner = if job.owner == *user { key } else { key_of(connection, &job.owner)? };
            jobs::save(connection, owner, job)?;
        }
        Some(JobWrite::Delete(job)) => jobs::delete(connection, *job)?,
        None => {}
    }
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let count = entries.len() as u64;
    let mut move_head = connection.prepare_cached(
        "INSERT INTO inboxes (person, head) VALUES (?, ?)
             ON CONFLICT (person) DO UPDATE SET head = head + excluded.head RETURNING head",
    )?;
    let head = number(move_head.query_row(params![key, seq_number(count)], |row| row.get(0))?)?;
    let numbers: Vec<u64> = (head - count + 1..=head).collect();
    let mut insert = connection
        .prepare_cached("INSERT INTO inbox (person, seq, at_ms, waits, item) VALUES (?, ?, ?, ?, ?)")?;
    for (seq, entry) in numbers.iter().zip(entries) {
        insert.execute(params![key, seq_number(*seq), at_ms, entry.waits, json(&entry.item)?])?;
    }
    let listed = entries.iter().filter_map(|entry| match &entry.item {
        InboxItem::Notification(notification) => Some(notification),
        InboxItem::Direct(_) | InboxItem::Job(_) | InboxItem::Signal(_) => None,
    });
    notifications::insert(connection, key, &listed.collect::<Vec<_>>())?;
    let gone = oldest_kept(head) - 1;
    if gone > 0 {
        // Only those that grew too old by these entries: the older ones that are still there wait.
        connection
            .prepare_cached("DELETE FROM inbox WHERE person = ? AND seq > ? AND seq <= ? AND NOT waits")?
            .execute(params![key, seq_number(gone.saturating_sub(count)), seq_number(gone)])?;
    }
    Ok(numbers)
}

/// The first number that is not too old to be kept.
fn oldest_kept(head: u64) -> u64 {
    head.saturating_sub(MAX_INBOX_ITEMS.into()) + 1
}

/// See [`InboxStore::mark_inbox_delivered`](hub::store::InboxStore::mark_inbox_delivered).
pub(crate) fn mark_delivered(
    connection: &Connection,
    user: &UserId,
    which: Delivered<'_>,
) -> Result<u64, rusqlite::Error> {
    let Some(key) = user_key(connection, user)? else { return Ok(0) };
    match which {
        Delivered::These(seqs) => {
            let mut bytes = 0;
            for seq in seqs {
                bytes += settle(connection, key, "seq = ?2", seq_number(*seq))?;
            }
            Ok(bytes)
        }
        Delivered::UpTo(seq) => settle(connection, key, "seq <= ?2", seq_number(seq)),
    }
}

/// See [`InboxStore::read_notifications`](hub::store::InboxStore::read_notifications).
pub(crate) fn read_notifications(
    connection: &Connection,
    user: &UserId,
    which: Option<&[NotificationId]>,
) -> Result<ReadNotifications, rusqlite::Error> {
    let Some(key) = user_key(connection, user)? else { return Ok(ReadNotifications::default()) };
    let unread = notifications::mark_read(connection, key, which)?;
    let Some(which) = which else {
        let waiting_bytes = settle(connection, key, "kind = ?2", InboxKind::Notification.name())?;
        return Ok(ReadNotifications { unread, waiting_bytes });
    };
    let mut waiting_bytes = 0;
    for id in which {
        let is_meant = "kind = 'notification' AND json_extract(item, '$.data.id') = ?2";
        waiting_bytes += settle(connection, key, is_meant, id.to_string())?;
    }
    Ok(ReadNotifications { unread, waiting_bytes })
}

/// Marks waiting entries for which a condition holds as delivered, and deletes those that were kept for their waiting alone.
/// Returns their bytes. By the index, because the table would have every old entry read whole to see that it does not
/// wait.
fn settle(
    connection: &Connection,
    user: i64,
    condition: &str,
    value: impl ToSql,
) -> Result<u64, rusqlite::Error> {
    let mut settle = connection.prepare_cached(&settling(condition))?;
    let settled = settle.query_map(params![user, value], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let settled = settled.collect::<Result<Vec<(i64, i64)>, _>>()?;
    if settled.is_empty() {
        return Ok(0);
    }
    let head = connection
        .prepare_cached("SELECT head FROM inboxes WHERE person = ?")?
        .query_row([user], |row| row.get(0))?;
    let oldest = seq_number(oldest_kept(number(head)?));
    let mut drop_old = connection.prepare_cached("DELETE FROM inbox WHERE person = ? AND seq = ?")?;
    let mut bytes = 0;
    for (seq, size) in settled {
        bytes += number(size)?;
        if seq < oldest {
            drop_old.execute([user, seq])?;
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

/// The key of a user. Rejects one that does not exist.
fn key_of(connection: &Connection, user: &UserId) -> Result<i64, WriteError<StoreError>> {
    let key = user_key(connection, user)?;
    key.ok_or_else(|| WriteError::Rejected(StoreError::NoSuchUser(user.clone())))
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

/// The rows of one portion: at least one, then as many as fit into its bytes. The rows after it are not read.
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

/// The state of an inbox.
pub(super) const STATE: &str = "SELECT COALESCE((SELECT head FROM inboxes WHERE person = p.key), 0),
            (SELECT COALESCE(SUM(bytes), 0) FROM inbox INDEXED BY inbox_waiting_by_kind
             WHERE person = p.key AND waits),
            EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_running WHERE person = p.key AND is_running)
     FROM people p WHERE p.id = ?";

/// See [`InboxStore::inbox_state`](hub::store::InboxStore::inbox_state).
pub(crate) async fn state(readers: &SqlitePool, user: &UserId) -> Result<InboxState, sqlx::Error> {
    let state: Option<(u64, u64, bool)> = query_as(STATE).bind(user.as_str()).fetch_optional(readers).await?;
    Ok(state.map_or_else(InboxState::default, |(head, waiting_bytes, has_running)| InboxState {
        head,
        waiting_bytes,
        has_running,
    }))
}

/// See [`InboxStore::inbox_after`](hub::store::InboxStore::inbox_after). The newest entry is always stored, so one that
/// was deleted shows as a hole before the first that is found; that one is read even when `limit` is 0. Only after a restore
/// there may be none at all up to the head.
pub(crate) async fn after(
    readers: &SqlitePool,
    user: &UserId,
    seq: u64,
    limit: u32,
) -> Result<Option<Vec<Entry>>, sqlx::Error> {
    let rows = query_as::<_, EntryRow>(
        "SELECT seq, at_ms, item, waits FROM inbox WHERE person = (SELECT key FROM people WHERE id = ?) AND seq > ?
         ORDER BY seq LIMIT ?",
    )
    .bind(user.as_str())
    .bind(seq_number(seq))
    .bind(limit.max(1))
    .fetch(readers);
    let mut rows = portion(rows).await?;
    let is_hole = match rows.first() {
        Some(first) => first.seq > seq.saturating_add(1),
        None => has_lost_all_after(readers, user, seq).await?,
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

/// Whether numbers were given after this one, and no entry of them is kept.
async fn has_lost_all_after(readers: &SqlitePool, user: &UserId, seq: u64) -> Result<bool, sqlx::Error> {
    query_scalar(
        "SELECT EXISTS (SELECT 1 FROM inboxes h JOIN people p ON p.key = h.person
                        WHERE p.id = ?1 AND h.head > ?2
                        AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.person = p.key AND i.seq > ?2))",
    )
    .bind(user.as_str())
    .bind(seq_number(seq))
    .fetch_one(readers)
    .await
}

/// See [`InboxStore::inbox_waiting`](hub::store::InboxStore::inbox_waiting). Without a hint SQLite reads all of the
/// inbox, because that is in the right order, too.
pub(crate) async fn waiting(
    readers: &SqlitePool,
    user: &UserId,
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
    .bind(user.as_str())
    .bind(seq_number(after))
    .bind(seq_number(upto))
    .bind(kind(0))
    .bind(kind(1))
    .bind(kind(2))
    .bind(kind(3))
    .fetch(readers);
    portion(rows).await?.into_iter().map(EntryRow::entry).collect()
}
