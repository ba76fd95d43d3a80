//! Notifications: listed, and read or not.

use std::convert::Infallible;

use hub::port::Notifications;
use protocol::limits::MAX_INBOX_ITEMS;
use protocol::{Notification, NotificationId, UserId};
use sqlx::sqlite::{Sqlite, SqliteConnection, SqlitePool};
use sqlx::{FromRow, QueryBuilder, Row as _, query};

use super::rows::{up_to, uuid};
use super::writer::{Change, Fault, Work};

/// Rows of one statement: far below the 32766 parameters that SQLite takes.
const ROWS: usize = 1000;

/// Statements for up to so many rows are kept prepared; nearly all have one.
const PREPARED: usize = 4;

/// Lists notifications of the person with this key, and lets go of what is older than the newest that are kept. One that
/// is listed already is replaced.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    person: i64,
    notifications: &[&Notification],
) -> Result<(), sqlx::Error> {
    if notifications.is_empty() {
        return Ok(());
    }
    for notifications in notifications.chunks(ROWS) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT OR REPLACE INTO notifications (id, person, kind, title, message, at_ms, is_read) ",
        );
        insert.push_values(notifications, |mut row, it| {
            row.push_bind(it.id.0.as_bytes().as_slice())
                .push_bind(person)
                .push_bind(it.kind.as_str())
                .push_bind(it.title.as_str())
                .push_bind(it.message.as_str())
                .push_bind(it.at_ms)
                .push_bind(it.is_read);
        });
        insert.build().persistent(notifications.len() <= PREPARED).execute(&mut *connection).await?;
    }
    query(
        "DELETE FROM notifications WHERE person = ?1 AND id <=
         (SELECT id FROM notifications WHERE person = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
    )
    .bind(person)
    .bind(MAX_INBOX_ITEMS)
    .execute(connection)
    .await?;
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
    type Done = u32;
    type Refusal = Infallible;
}

impl Work for Read {
    async fn run(&self, connection: &mut SqliteConnection) -> Result<u32, Fault<Infallible>> {
        let Some(which) = &self.which else {
            let marked = query(
                "UPDATE notifications SET is_read = 1
                 WHERE person = (SELECT key FROM people WHERE id = ?) AND NOT is_read",
            )
            .bind(self.person.as_str())
            .execute(connection)
            .await?;
            return Ok(count(marked.rows_affected()));
        };
        let mut marked = 0;
        for which in which.chunks(ROWS) {
            let mut mark = QueryBuilder::<Sqlite>::new(
                "UPDATE notifications SET is_read = 1 WHERE person = (SELECT key FROM people WHERE id = ",
            );
            mark.push_bind(self.person.as_str()).push(") AND NOT is_read AND id IN (");
            let mut ids = mark.separated(", ");
            for id in which {
                ids.push_bind(id.0.as_bytes().as_slice());
            }
            mark.push(")");
            let mark = mark.build().persistent(which.len() <= PREPARED);
            marked += mark.execute(&mut *connection).await?.rows_affected();
        }
        Ok(count(marked))
    }
}

fn count(rows: u64) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
