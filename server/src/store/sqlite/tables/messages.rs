//! Reads of the messages table: pages of a room's history, and a message by its id.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;

use futures_util::{Stream, TryStreamExt};
use hub::model::{Message, MessageState, User};
use hub::store::{HistoryRange, Page};
use protocol::limits::PAGE_BYTES;
use protocol::{Cursor, DraftId, MessageId, RoomId, UserId};
use rusqlite::{Connection, params};
use sqlx::sqlite::SqlitePool;
use sqlx::{FromRow, query_as};

use super::members;
use super::row_mapping::{
    UserRow, draft_id, from_json, message_id, message_kind, number, room_id, seq_number,
};
use crate::store::sqlite::write_tx::DatabaseError;

#[derive(FromRow)]
struct MessageRow {
    epoch: u32,
    seq: u64,
    id: Vec<u8>,
    author: i64,
    draft: Vec<u8>,
    at_ms: i64,
    body: String,
    parent: Option<Vec<u8>>,
    kind: Option<String>,
    #[sqlx(flatten)]
    user: UserRow,
    #[sqlx(flatten)]
    state: StateRow,
}

/// The columns of what changes have made of a message.
#[derive(FromRow)]
struct StateRow {
    rev: u64,
    edited_at_ms: Option<i64>,
    deleted_at_ms: Option<i64>,
    is_pinned: bool,
    /// JSON: a list of [`protocol::Reaction`]; `None` of a message that was never changed.
    reactions: Option<String>,
}

/// See [`hub::store::Store::page`].
pub(crate) async fn page(
    readers: &SqlitePool,
    room: &RoomId,
    slice: HistoryRange,
    limit: u32,
) -> Result<Page, sqlx::Error> {
    read(readers, room, None, slice, limit).await
}

/// See [`hub::store::Store::page_for`]. The statement that reads the messages checks who may read them.
pub(crate) async fn page_for(
    readers: &SqlitePool,
    room: &RoomId,
    user: &UserId,
    slice: HistoryRange,
    limit: u32,
) -> Result<Option<Page>, sqlx::Error> {
    let page = read(readers, room, Some(user), slice, limit).await?;
    // An empty page has nothing of messages, so the right to read it can be read by itself.
    let may_read = !page.messages.is_empty() || members::role(readers, room, user).await?.is_some();
    Ok(may_read.then_some(page))
}

/// See [`hub::store::Store::messages_changed_after`].
pub(crate) async fn changed_after(
    readers: &SqlitePool,
    room: &RoomId,
    rev: u64,
    upto: u64,
    limit: u32,
) -> Result<Page, sqlx::Error> {
    let rows = query_as::<_, MessageRow>(CHANGED)
        .bind(room.as_str())
        .bind(seq_number(rev))
        .bind(i64::from(limit) + 1)
        .bind(seq_number(upto))
        .fetch(readers);
    let (rows, has_more) = take_page(rows, limit).await?;
    Ok(Page { messages: to_messages(rows, room)?, has_more })
}

/// The messages that were changed after the change `rev`, as they are now, in the order of their last changes.
pub(super) fn changed_since(
    connection: &Connection,
    room: &RoomId,
    rev: u64,
) -> Result<Vec<Message>, DatabaseError> {
    let mut find = connection.prepare_cached(CHANGED)?;
    let rows = find
        .query_map(params![room.as_str(), seq_number(rev), i64::MAX, i64::MAX], MessageRow::read)?
        .collect::<Result<_, _>>()?;
    Ok(to_messages(rows, room)?)
}

/// The message that a draft became. It is called rarely, since few drafts come twice.
pub(super) fn by_draft(
    connection: &Connection,
    room: &RoomId,
    author: i64,
    draft: DraftId,
) -> Result<Message, DatabaseError> {
    let mut find = connection.prepare_cached(BY_DRAFT)?;
    let draft = draft.0.as_bytes().as_slice();
    let row = find.query_row(params![room.as_str(), author, 1, draft], MessageRow::read)?;
    Ok(row.message(room, &mut HashMap::new())?)
}

/// Reads one message more than it returns, to know whether there is one. For a user who is not in the room there is none.
async fn read(
    readers: &SqlitePool,
    room: &RoomId,
    reader: Option<&UserId>,
    slice: HistoryRange,
    limit: u32,
) -> Result<Page, sqlx::Error> {
    let (older, newer) = if reader.is_some() { (OLDER_FOR, NEWER_FOR) } else { (OLDER, NEWER) };
    let (statement, edge) = match slice {
        HistoryRange::Newest => (older, i64::MAX),
        HistoryRange::Before(seq) => (older, seq_number(seq)),
        HistoryRange::After(seq) => (newer, seq_number(seq)),
    };
    let mut page =
        query_as::<_, MessageRow>(statement).bind(room.as_str()).bind(edge).bind(i64::from(limit) + 1);
    if let Some(reader) = reader {
        page = page.bind(reader.as_str());
    }
    let (mut rows, has_more) = take_page(page.fetch(readers), limit).await?;
    if !matches!(slice, HistoryRange::After(_)) {
        rows.reverse();
    }
    Ok(Page { messages: to_messages(rows, room)?, has_more })
}

/// The rows of one page, bounded in number and in bytes, and whether there are more.
async fn take_page(
    found: impl Stream<Item = Result<MessageRow, sqlx::Error>>,
    limit: u32,
) -> Result<(Vec<MessageRow>, bool), sqlx::Error> {
    let mut found = pin!(found);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut rows, mut bytes): (Vec<MessageRow>, usize) = (Vec::new(), 0);
    while let Some(row) = found.try_next().await? {
        if rows.len() == limit || bytes > PAGE_BYTES {
            return Ok((rows, true));
        }
        bytes += row.body.len() + row.state.reactions.as_ref().map_or(0, String::len);
        rows.push(row);
    }
    Ok((rows, false))
}

fn to_messages(rows: Vec<MessageRow>, room: &RoomId) -> Result<Vec<Message>, sqlx::Error> {
    let mut users = HashMap::new();
    rows.into_iter().map(|row| row.message(room, &mut users)).collect()
}

/// See [`hub::store::Store::find_message`].
pub(crate) async fn find(
    readers: &SqlitePool,
    message: MessageId,
) -> Result<Option<(RoomId, Cursor)>, sqlx::Error> {
    let position: Option<(String, u32, u64)> =
        query_as(FIND).bind(message.0.as_bytes().as_slice()).fetch_optional(readers).await?;
    position.map(|(room, epoch, seq)| Ok((room_id(&room)?, Cursor { epoch, seq }))).transpose()
}

pub(super) const FIND: &str =
    "SELECT r.id, r.epoch, m.seq FROM messages m CROSS JOIN rooms r WHERE m.id = ? AND r.key = m.room";

/// The reactions to a message as JSON. Few messages have any, and an index has those of each kind in their order.
macro_rules! reactions {
    () => {
        "SELECT json_group_array(json_object('emoji', k.emoji, 'count', k.total, 'users', json(k.users)) ORDER BY k.first)
         FROM (SELECT r.emoji, COUNT(*) AS total, MIN(r.rev) AS first,
                      (SELECT json_group_array(u.id ORDER BY u.rev) FROM (
                           SELECT h.id, n.rev FROM reactions n CROSS JOIN people h
                           WHERE n.room = m.room AND n.seq = m.seq AND n.emoji = r.emoji AND h.key = n.person
                           ORDER BY n.rev LIMIT 20) u) AS users
               FROM reactions r WHERE r.room = m.room AND r.seq = m.seq GROUP BY r.emoji) k"
    };
}

/// The room is looked up beside the messages, not joined with them: where a database has one room and one user, SQLite
/// would take both for shorter than their indexes, and sort all messages.
macro_rules! page_where {
    ($edge:literal, $who:expr, $order:literal) => {
        concat!(
            "SELECT (SELECT epoch FROM rooms WHERE id = ?1) AS epoch,
                    m.seq, m.id, m.author, m.draft, m.at_ms, m.body, m.parent, m.kind,
                    m.rev, m.edited_at_ms, m.deleted_at_ms,
                    m.rev > 0 AND EXISTS (SELECT 1 FROM pins f WHERE f.room = m.room AND f.seq = m.seq) AS is_pinned,
                    CASE WHEN m.rev > 0 THEN (",
            reactions!(),
            ") END AS reactions,
                    p.id AS person_id, p.username, p.email, p.is_active, p.created_at_ms AS person_created_at_ms
             FROM messages m CROSS JOIN people p
             WHERE m.room = (SELECT key FROM rooms WHERE id = ?1) AND p.key = m.author AND ",
            $edge,
            $who,
            " ORDER BY ",
            $order,
            " LIMIT ?3"
        )
    };
}

/// Only for members of the room, or of the chat of a live room.
macro_rules! member {
    () => {
        " AND EXISTS (SELECT 1 FROM members
                      WHERE room = (SELECT COALESCE(chat, key) FROM rooms WHERE id = ?1)
                        AND person = (SELECT key FROM people WHERE id = ?4))"
    };
}

pub(super) const OLDER: &str = page_where!("m.seq < ?2", "", "m.seq DESC");

pub(super) const NEWER: &str = page_where!("m.seq > ?2", "", "m.seq");

/// `rev > 0` as well, by which the index is found.
pub(super) const CHANGED: &str = page_where!("m.rev > 0 AND m.rev > ?2 AND m.seq <= ?4", "", "m.rev");

const BY_DRAFT: &str = page_where!("m.author = ?2 AND m.draft = ?4", "", "m.seq");

pub(super) const OLDER_FOR: &str = page_where!("m.seq < ?2", member!(), "m.seq DESC");

pub(super) const NEWER_FOR: &str = page_where!("m.seq > ?2", member!(), "m.seq");

impl StateRow {
    fn state(self) -> Result<Option<Box<MessageState>>, sqlx::Error> {
        let Self { rev, edited_at_ms, deleted_at_ms, is_pinned, reactions } = self;
        if rev == 0 {
            return Ok(None);
        }
        let reactions = reactions.as_deref().map(from_json).transpose()?.unwrap_or_default();
        Ok(Some(Box::new(MessageState { rev, edited_at_ms, deleted_at_ms, is_pinned, reactions })))
    }
}

impl MessageRow {
    /// The same for a row of rusqlite.
    fn read(row: &rusqlite::Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            epoch: row.get("epoch")?,
            seq: number(row.get("seq")?)?,
            id: row.get("id")?,
            author: row.get("author")?,
            draft: row.get("draft")?,
            at_ms: row.get("at_ms")?,
            body: row.get("body")?,
            parent: row.get("parent")?,
            kind: row.get("kind")?,
            user: UserRow::read(row)?,
            state: StateRow {
                rev: number(row.get("rev")?)?,
                edited_at_ms: row.get("edited_at_ms")?,
                deleted_at_ms: row.get("deleted_at_ms")?,
                is_pinned: row.get("is_pinned")?,
                reactions: row.get("reactions")?,
            },
        })
    }

    /// The message; `users` has the authors met before, so that each is stored once for a page.
    fn message(self, room: &RoomId, users: &mut HashMap<i64, Arc<User>>) -> Result<Message, sqlx::Error> {
        let author = match users.get(&self.author) {
            Some(user) => user.clone(),
            None => users.entry(self.author).or_insert(Arc::new(self.user.user()?)).clone(),
        };
        Ok(Message {
            room: room.clone(),
            cursor: Cursor { epoch: self.epoch, seq: self.seq },
            id: message_id(&self.id)?,
            author,
            draft: draft_id(&self.draft)?,
            body: self.body.into(),
            at_ms: self.at_ms,
            parent: self.parent.as_deref().map(message_id).transpose()?,
            kind: message_kind(self.kind.as_deref())?,
            state: self.state.state()?,
        })
    }
}
