//! Reads of the messages table: pages of a room's history, and a message by its id.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;

use futures_util::TryStreamExt;
use hub::model::{Message, User};
use hub::store::{HistoryRange, Page};
use protocol::limits::PAGE_BYTES;
use protocol::{Cursor, MessageId, RoomId, UserId};
use sqlx::sqlite::SqlitePool;
use sqlx::{FromRow, query_as};

use super::members;
use super::row_mapping::{UserRow, draft_id, message_id, message_kind, room_id, seq_number};

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
    let found = page.fetch(readers);
    let mut found = pin!(found);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut rows, mut bytes): (Vec<MessageRow>, usize) = (Vec::new(), 0);
    let mut has_more = false;
    while let Some(row) = found.try_next().await? {
        has_more = rows.len() == limit || bytes > PAGE_BYTES;
        if has_more {
            break;
        }
        bytes += row.body.len();
        rows.push(row);
    }
    if !matches!(slice, HistoryRange::After(_)) {
        rows.reverse();
    }
    let mut users = HashMap::new();
    let messages = rows.into_iter().map(|row| row.message(room, &mut users)).collect::<Result<_, _>>()?;
    Ok(Page { messages, has_more })
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

/// The room is looked up beside the messages, not joined with them: where a database has one room and one user, SQLite
/// would take both for shorter than their indexes, and sort all messages.
macro_rules! page_where {
    ($edge:literal, $who:expr, $order:literal) => {
        concat!(
            "SELECT (SELECT epoch FROM rooms WHERE id = ?1) AS epoch,
                    m.seq, m.id, m.author, m.draft, m.at_ms, m.body, m.parent, m.kind,
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

pub(super) const OLDER_FOR: &str = page_where!("m.seq < ?2", member!(), "m.seq DESC");

pub(super) const NEWER_FOR: &str = page_where!("m.seq > ?2", member!(), "m.seq");

impl MessageRow {
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
        })
    }
}
