//! Notifications: listed, and read or not.

use std::convert::Infallible;

use hub::port::{InboxKind, Notifications, ReadNotifications};
use protocol::limits::MAX_INBOX_ITEMS;
use protocol::{Notification, NotificationId, UserId};
use rusqlite::{Connection, params};
use sqlx::sqlite::SqlitePool;
use sqlx::{FromRow, Row as _, query};

use super::desk::person_key;
use super::inbox::settle;
use super::rows::{up_to, uuid};
use super::writer::{Change, Fault, Work};

/// Lists notifications of the person with this key, and lets go of what is older than the newest that are kept. One that
/// is listed already is replaced.
pub(super) fn insert(
    connection: &Connection,
    person: i64,
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
        insert.execute(params![id, person, it.kind, it.title, it.message, it.at_ms, it.is_read])?;
    }
    let mut let_go = connection.prepare_cached(
        "DELETE FROM notifications WHERE person = ?1 AND id <=
         (SELECT id FROM notifications WHERE person = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
    )?;
    let_go.execute(params![person, MAX_INBOX_ITEMS])?;
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

/// See [`hub::port::InboxStore::notifications`]. Asks for one more than it answers, to know whether there is one.
pub(super) async fn page(
    readers: &SqlitePool,
    person: &UserId,
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
    .bind(person.as_str())
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

/// See [`hub::port::InboxStore::read_notifications`].
pub(super) struct Read {
    pub(super) person: UserId,
    /// `None`: all of them.
    pub(super) which: Option<Vec<NotificationId>>,
}

impl Change for Read {
    type Done = ReadNotifications;
    type Refusal = Infallible;
}

impl Work for Read {
    fn run(&self, connection: &Connection) -> Result<ReadNotifications, Fault<Infallible>> {
        let Some(person) = person_key(connection, &self.person)? else {
            return Ok(ReadNotifications::default());
        };
        let Some(which) = &self.which else {
            let mut mark = connection
                .prepare_cached("UPDATE notifications SET is_read = 1 WHERE person = ? AND NOT is_read")?;
            let unread = count(mark.execute([person])?);
            let waiting_bytes = settle(connection, person, "kind = ?2", InboxKind::Notification.name())?;
            return Ok(ReadNotifications { unread, waiting_bytes });
        };
        let mut mark = connection.prepare_cached(
            "UPDATE notifications SET is_read = 1 WHERE person = ? AND id = ? AND NOT is_read",
        )?;
        let (mut marked, mut waiting_bytes) = (0, 0);
        for id in which {
            marked += mark.execute(params![person, id.0.as_bytes().as_slice()])?;
            let is_meant = "kind = 'notification' AND json_extract(item, '$.data.id') = ?2";
            waiting_bytes += settle(connection, person, is_meant, id.to_string())?;
        }
        Ok(ReadNotifications { unread: count(marked), waiting_bytes })
    }
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
