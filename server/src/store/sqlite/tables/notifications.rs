//! The notifications table: a user's newest notifications, and which of them are read.

use hub::store::Notifications;
use protocol::limits::MAX_INBOX_ITEMS;
use protocol::{Notification, NotificationId, UserId};
use rusqlite::{Connection, params};
use sqlx::sqlite::SqlitePool;
use sqlx::{FromRow, Row as _, query};

use super::row_mapping::{up_to, uuid};

/// Stores notifications of the user with this key, and deletes those that are older than the newest that are kept. One
/// that is stored already is replaced.
pub(super) fn insert(
    connection: &Connection,
    user: i64,
    notifications: &[&Notification],
) -> Result<(), rusqlite::Error> {
    if notifications.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO notifications (id, person, kind, title, message, at_ms, is_read)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )?;
    for it in notifications {
        let id = it.id.0.as_bytes().as_slice();
        insert.execute(params![id, user, it.kind, it.title, it.message, it.at_ms, it.is_read])?;
    }
    let mut delete_old = connection.prepare_cached(
        "DELETE FROM notifications WHERE person = ?1 AND id <=
         (SELECT id FROM notifications WHERE person = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
    )?;
    delete_old.execute(params![user, MAX_INBOX_ITEMS])?;
    Ok(())
}

#[derive(FromRow)]
struct NotificationRow {
    id: Vec<u8>,
    kind: String,
    title: String,
    message: String,
    at_ms: i64,
    is_read: bool,
}

impl NotificationRow {
    fn notification(self) -> Result<Notification, sqlx::Error> {
        Ok(Notification {
            id: uuid(&self.id).map(NotificationId)?,
            title: self.title,
            message: self.message,
            kind: self.kind,
            at_ms: self.at_ms,
            is_read: self.is_read,
        })
    }
}

/// See [`hub::store::InboxStore::notifications`]. Reads one more than it returns, to know whether there is one.
pub(crate) async fn page(
    readers: &SqlitePool,
    user: &UserId,
    before: Option<NotificationId>,
    limit: u32,
) -> Result<Notifications, sqlx::Error> {
    let rows = query(
        "SELECT counted.unread, listed.*
         FROM (SELECT COUNT(*) AS unread FROM notifications
               WHERE person = (SELECT key FROM people WHERE id = ?1) AND NOT is_read) counted
         LEFT JOIN (SELECT id, kind, title, message, at_ms, is_read FROM notifications
                    WHERE person = (SELECT key FROM people WHERE id = ?1) AND id < ?2
                    ORDER BY id DESC LIMIT ?3) listed
         ORDER BY listed.id DESC",
    )
    .bind(user.as_str())
    .bind(up_to(before.map(|it| it.0)))
    .bind(i64::from(limit) + 1)
    .fetch_all(readers)
    .await?;
    // There is always one row, because a count is.
    let unread = rows.first().map_or(Ok(0), |row| row.try_get("unread"))?;
    let mut list = Vec::with_capacity(rows.len());
    for row in &rows {
        if row.try_get::<Option<&[u8]>, _>("id")?.is_some() {
            list.push(NotificationRow::from_row(row)?.notification()?);
        }
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = list.len() > limit;
    list.truncate(limit);
    Ok(Notifications { list, has_more, unread })
}

/// Marks notifications of the user with this key as read: these, or all of them. Returns how many were unread.
pub(super) fn mark_read(
    connection: &Connection,
    user: i64,
    which: Option<&[NotificationId]>,
) -> Result<u32, rusqlite::Error> {
    let Some(which) = which else {
        let mut mark = connection
            .prepare_cached("UPDATE notifications SET is_read = 1 WHERE person = ? AND NOT is_read")?;
        return Ok(count(mark.execute([user])?));
    };
    let mut mark = connection
        .prepare_cached("UPDATE notifications SET is_read = 1 WHERE person = ? AND id = ? AND NOT is_read")?;
    let mut marked = 0;
    for id in which {
        marked += mark.execute(params![user, id.0.as_bytes().as_slice()])?;
    }
    Ok(count(marked))
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
