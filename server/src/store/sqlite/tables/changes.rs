//! The tables of changes: edits, deletions, reactions and pins of messages, each with its number in the transaction that makes it.

use std::pin::pin;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use hub::store::{
    Change, ChangeBatch, ChangeDraft, ChangeError, ChangeKind, ChangeRecord, ChangeTarget, Changed,
    StoreError, Version,
};
use protocol::limits::{MAX_PAGE_MESSAGES, PAGE_BYTES};
use protocol::{RoomId, UserId};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, params};
use sqlx::query_as;
use sqlx::sqlite::SqlitePool;

use super::messages;
use super::row_mapping::{number, seq_number, unreadable, user_id};
use crate::store::sqlite::write_cache::RoomHead;
use crate::store::sqlite::write_tx::{DatabaseError, WriteError, WriteTx};

/// See [`hub::store::Store::change`].
pub(crate) fn change(
    tx: &mut WriteTx<'_>,
    room: &RoomId,
    drafts: &[ChangeDraft],
    at_ms: i64,
) -> Result<ChangeBatch, WriteError<StoreError>> {
    let (connection, cache) = tx.split();
    let head = cache.head(connection, room)?;
    let mut head = head.ok_or(WriteError::Rejected(StoreError::NoSuchRoom))?;
    let mut authors = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let author = cache.user(connection, &draft.author.id)?;
        let unknown = || WriteError::Rejected(StoreError::NoSuchUser(draft.author.id.clone()));
        authors.push(author.ok_or_else(unknown)?);
    }
    let before = head.rev;
    let (mut results, mut records) = (Vec::with_capacity(drafts.len()), Vec::new());
    for (draft, author) in drafts.iter().zip(authors) {
        let mut maker = Maker { connection, head: &mut head, author, at_ms, records: &mut records };
        results.push(match maker.make(draft) {
            Ok(changed) => Ok(changed),
            Err(MakeError::Change(error)) => Err(error),
            Err(MakeError::Database(error)) => return Err(error.into()),
        });
    }
    let mut messages = Vec::new();
    if head.rev > before {
        connection
            .prepare_cached("UPDATE rooms SET rev = ? WHERE key = ?")?
            .execute(params![seq_number(head.rev), head.room])?;
        cache.set_head(room, head);
        messages = messages::changed_since(connection, room, before)?;
    }
    Ok(ChangeBatch { results, records, messages })
}

/// Why a change was not made.
enum MakeError {
    Change(ChangeError),
    Database(DatabaseError),
}

impl From<ChangeError> for MakeError {
    fn from(error: ChangeError) -> Self {
        Self::Change(error)
    }
}

impl<E: Into<DatabaseError>> From<E> for MakeError {
    fn from(error: E) -> Self {
        Self::Database(error.into())
    }
}

/// The message that a change is about.
struct Target {
    seq: i64,
    author: UserId,
    posted_at_ms: i64,
    text_at_ms: i64,
    body: String,
    text_rev: u64,
    is_deleted: bool,
}

/// Makes one change by one author.
struct Maker<'a> {
    connection: &'a Connection,
    head: &'a mut RoomHead,
    author: i64,
    at_ms: i64,
    /// What was made.
    records: &'a mut Vec<ChangeRecord>,
}

impl Maker<'_> {
    fn make(&mut self, draft: &ChangeDraft) -> Result<Changed, MakeError> {
        let target = self.target(draft)?.ok_or(ChangeError::NoSuchMessage)?;
        if let Some(known) = self.known(draft, target.seq)? {
            return Ok(Changed::Known(known));
        }
        let (is_on, others) = self.marks(target.seq, &draft.change)?;
        let facts = ChangeTarget {
            author: &target.author,
            at_ms: target.posted_at_ms,
            body: &target.body,
            text_rev: target.text_rev,
            is_deleted: target.is_deleted,
            is_on,
            others,
        };
        if !draft.decide(&facts, self.at_ms)? {
            return Ok(Changed::NoEffect(self.head.rev));
        }
        self.head.rev += 1;
        self.log(draft, target.seq)?;
        self.apply(&draft.change, &target)?;
        self.records.push(ChangeRecord::of(draft, self.head.rev, number(target.seq)?, self.at_ms));
        Ok(Changed::New(self.head.rev))
    }

    fn target(&self, draft: &ChangeDraft) -> Result<Option<Target>, DatabaseError> {
        let mut find = self.connection.prepare_cached(
            "SELECT m.seq, p.id, m.at_ms, COALESCE(m.edited_at_ms, m.at_ms), m.body, m.text_rev, m.deleted_at_ms IS NOT NULL
             FROM messages m JOIN people p ON p.key = m.author WHERE m.id = ? AND m.room = ?",
        )?;
        let mut rows = find.query(params![draft.message.0.as_bytes().as_slice(), self.head.room])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Target {
            seq: row.get(0)?,
            author: user_id(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?,
            posted_at_ms: row.get(2)?,
            text_at_ms: row.get(3)?,
            body: row.get(4)?,
            text_rev: number(row.get(5)?)?,
            is_deleted: row.get(6)?,
        }))
    }

    /// The number that this draft has, if it was sent before.
    fn known(&self, draft: &ChangeDraft, seq: i64) -> Result<Option<u64>, MakeError> {
        let mut find = self.connection.prepare_cached(
            "SELECT rev, seq, kind, emoji FROM changes WHERE room = ? AND author = ? AND draft = ?",
        )?;
        let known: Option<(i64, i64, i64, Option<String>)> = find
            .query_row(params![self.head.room, self.author, draft.draft.0.as_bytes().as_slice()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        let Some((rev, of, kind, emoji)) = known else { return Ok(None) };
        let change = &draft.change;
        if of == seq && kind == kind_number(change.kind()) && emoji.as_deref() == change.emoji() {
            Ok(Some(number(rev)?))
        } else {
            Err(ChangeError::DraftUsed.into())
        }
    }

    /// Whether what a change sets is set, and how many others there are beside it.
    fn marks(&self, seq: i64, change: &Change) -> Result<(bool, usize), DatabaseError> {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let (is_on, others): (bool, i64) = match change {
            Change::React { emoji, .. } => {
                self.prepare(REACTED)?.query_row(params![self.head.room, seq, &**emoji, self.author], read)?
            }
            Change::Pin { .. } => self.prepare(PINNED)?.query_row(params![self.head.room, seq], read)?,
            Change::Edit { .. } | Change::Delete => return Ok((false, 0)),
        };
        Ok((is_on, usize::try_from(others).unwrap_or(usize::MAX)))
    }

    fn log(&self, draft: &ChangeDraft, seq: i64) -> Result<(), rusqlite::Error> {
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO changes (room, rev, seq, kind, emoji, author, draft, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?;
        insert.execute(params![
            self.head.room,
            seq_number(self.head.rev),
            seq,
            kind_number(draft.change.kind()),
            draft.change.emoji(),
            self.author,
            draft.draft.0.as_bytes().as_slice(),
            self.at_ms,
        ])?;
        Ok(())
    }

    fn apply(&self, change: &Change, target: &Target) -> Result<(), rusqlite::Error> {
        let (room, rev, seq) = (self.head.room, seq_number(self.head.rev), target.seq);
        match change {
            Change::Edit { body, .. } => {
                let text_rev = seq_number(target.text_rev);
                self.prepare(
                    "INSERT INTO message_versions (room, seq, rev, at_ms, body) VALUES (?, ?, ?, ?, ?)",
                )?
                .execute(params![room, seq, text_rev, target.text_at_ms, target.body])?;
                self.prepare(
                    "UPDATE messages SET rev = ?3, text_rev = ?3, edited_at_ms = ?4, body = ?5 WHERE room = ?1 AND seq = ?2",
                )?
                .execute(params![room, seq, rev, self.at_ms, &**body])?;
            }
            Change::Delete => {
                for of_message in [
                    "DELETE FROM message_versions WHERE room = ? AND seq = ?",
                    "DELETE FROM reactions WHERE room = ? AND seq = ?",
                    "DELETE FROM pins WHERE room = ? AND seq = ?",
                ] {
                    self.prepare(of_message)?.execute(params![room, seq])?;
                }
                self.prepare(
                    "UPDATE messages SET rev = ?3, deleted_at_ms = ?4, body = '' WHERE room = ?1 AND seq = ?2",
                )?
                .execute(params![room, seq, rev, self.at_ms])?;
            }
            Change::React { emoji, on: true } => {
                self.prepare("INSERT INTO reactions (room, seq, emoji, person, rev) VALUES (?, ?, ?, ?, ?)")?
                    .execute(params![room, seq, &**emoji, self.author, rev])?;
                self.touch(seq)?;
            }
            Change::React { emoji, on: false } => {
                self.prepare(
                    "DELETE FROM reactions WHERE room = ? AND seq = ? AND emoji = ? AND person = ?",
                )?
                .execute(params![room, seq, &**emoji, self.author])?;
                self.touch(seq)?;
            }
            Change::Pin { on: true } => {
                self.prepare("INSERT INTO pins (room, seq, person, rev) VALUES (?, ?, ?, ?)")?
                    .execute(params![room, seq, self.author, rev])?;
                self.touch(seq)?;
            }
            Change::Pin { on: false } => {
                self.prepare("DELETE FROM pins WHERE room = ? AND seq = ?")?.execute(params![room, seq])?;
                self.touch(seq)?;
            }
        }
        Ok(())
    }

    /// The message has the number of this change.
    fn touch(&self, seq: i64) -> Result<(), rusqlite::Error> {
        self.prepare("UPDATE messages SET rev = ?3 WHERE room = ?1 AND seq = ?2")?.execute(params![
            self.head.room,
            seq,
            seq_number(self.head.rev)
        ])?;
        Ok(())
    }

    fn prepare(&self, statement: &str) -> Result<CachedStatement<'_>, rusqlite::Error> {
        self.connection.prepare_cached(statement)
    }
}

pub(super) const REACTED: &str = "
    SELECT EXISTS (SELECT 1 FROM reactions WHERE room = ?1 AND seq = ?2 AND emoji = ?3 AND person = ?4),
           (SELECT COUNT(DISTINCT emoji) FROM reactions WHERE room = ?1 AND seq = ?2 AND emoji <> ?3)";

pub(super) const PINNED: &str = "
    SELECT EXISTS (SELECT 1 FROM pins WHERE room = ?1 AND seq = ?2),
           (SELECT COUNT(*) FROM pins WHERE room = ?1 AND seq <> ?2)";

/// The number of a kind in the table.
pub(crate) fn kind_number(kind: ChangeKind) -> i64 {
    match kind {
        ChangeKind::Edit => 0,
        ChangeKind::Delete => 1,
        ChangeKind::React => 2,
        ChangeKind::Unreact => 3,
        ChangeKind::Pin => 4,
        ChangeKind::Unpin => 5,
    }
}

/// The kind with this number in the table.
pub(crate) fn kind(number: i64) -> Result<ChangeKind, sqlx::Error> {
    match number {
        0 => Ok(ChangeKind::Edit),
        1 => Ok(ChangeKind::Delete),
        2 => Ok(ChangeKind::React),
        3 => Ok(ChangeKind::Unreact),
        4 => Ok(ChangeKind::Pin),
        5 => Ok(ChangeKind::Unpin),
        _ => Err(unreadable("no such kind of a change")),
    }
}

pub(super) const AFTER: &str = "
    SELECT c.rev, c.seq, p.id, c.kind, c.emoji, c.at_ms FROM changes c CROSS JOIN people p ON p.key = c.author
    WHERE c.room = (SELECT key FROM rooms WHERE id = ?) AND c.rev > ? ORDER BY c.rev LIMIT ?";

/// See [`hub::store::Store::changes_after`].
pub(crate) async fn after(
    readers: &SqlitePool,
    room: &RoomId,
    rev: u64,
    limit: u32,
) -> Result<Vec<ChangeRecord>, sqlx::Error> {
    let rows = query_as::<_, (u64, u64, String, i64, Option<Box<str>>, i64)>(AFTER)
        .bind(room.as_str())
        .bind(seq_number(rev))
        .bind(limit)
        .fetch_all(readers)
        .await?;
    let record =
        |(rev, seq, author, number, emoji, at_ms): (u64, u64, String, i64, Option<Box<str>>, i64)| {
            Ok(ChangeRecord { rev, seq, author: user_id(&author)?, kind: kind(number)?, emoji, at_ms })
        };
    rows.into_iter().map(record).collect()
}

pub(super) const VERSIONS: &str = "
    SELECT rev, body, at_ms FROM message_versions
    WHERE room = (SELECT key FROM rooms WHERE id = ?) AND seq = ? ORDER BY rev DESC LIMIT ?";

/// See [`hub::store::Store::versions`].
pub(crate) async fn versions(
    readers: &SqlitePool,
    room: &RoomId,
    seq: u64,
) -> Result<Vec<Version>, sqlx::Error> {
    let newest = query_as::<_, (u64, String, i64)>(VERSIONS)
        .bind(room.as_str())
        .bind(seq_number(seq))
        .bind(MAX_PAGE_MESSAGES)
        .fetch(readers);
    let mut newest = pin!(newest);
    let (mut versions, mut bytes) = (Vec::new(), 0);
    while bytes <= PAGE_BYTES
        && let Some((rev, body, at_ms)) = newest.try_next().await?
    {
        bytes += body.len();
        versions.push(Version { rev, body: Arc::from(body), at_ms });
    }
    versions.reverse();
    Ok(versions)
}
