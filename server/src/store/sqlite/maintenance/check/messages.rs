//! Checks of messages: each room's are numbered densely up to its head, and each id and draft is stored once.

use futures_util::TryStreamExt as _;
use sqlx::sqlite::SqliteConnection;
use sqlx::{FromRow, query_as};

use super::findings::{Findings, name, or_key};
use super::series::Series;
use crate::store::sqlite::tables::row_mapping::{draft_id, message_id, message_kind};

pub(super) async fn check(
    connection: &mut SqliteConnection,
    findings: &mut Findings<'_>,
) -> Result<(), sqlx::Error> {
    numbers(connection, findings).await?;
    silent_rooms(connection, findings).await?;
    names(connection, findings).await?;
    drafts(connection, findings).await?;
    parents(connection, findings).await
}

#[derive(FromRow)]
struct NumberRow {
    room: i64,
    name: Option<String>,
    head: Option<i64>,
    seq: i64,
    id: Vec<u8>,
    draft: Vec<u8>,
    parent: Option<Vec<u8>>,
    kind: Option<String>,
}

impl NumberRow {
    fn whose(&self) -> String {
        format!("room {}", or_key(self.name.as_deref(), self.room))
    }

    /// The first column with a value that this program would not store.
    fn problem(&self) -> Option<String> {
        let problem = message_id(&self.id)
            .and_then(|_| draft_id(&self.draft).map(drop))
            .and_then(|()| self.parent.as_deref().map_or(Ok(()), |parent| message_id(parent).map(drop)))
            .and_then(|()| message_kind(self.kind.as_deref()).map(drop))
            .err()?;
        Some(format!("{}: message {} cannot be read: {problem}", self.whose(), self.seq))
    }
}

/// All messages in the order in which they lie in their table.
async fn numbers(connection: &mut SqliteConnection, findings: &mut Findings<'_>) -> Result<(), sqlx::Error> {
    let mut rows = query_as::<_, NumberRow>(
        "SELECT m.room, r.id AS name, r.head, m.seq, m.id, m.draft, m.parent, m.kind
         FROM messages m NOT INDEXED LEFT JOIN rooms r ON r.key = m.room ORDER BY m.room, m.seq",
    )
    .fetch(connection);
    let mut open: Option<(i64, Series)> = None;
    while let Some(row) = rows.try_next().await? {
        findings.add_some(row.problem());
        let mut series = match open.take() {
            Some((room, series)) if room == row.room => series,
            other => {
                findings.add_some(other.and_then(|(_, series)| series.end()));
                Series::from_one(row.whose(), "message", count(row.head))
            }
        };
        findings.add_some(series.take(row.seq, name(&row.id)));
        open = Some((row.room, series));
    }
    findings.add_some(open.and_then(|(_, series)| series.end()));
    Ok(())
}

fn count(number: Option<i64>) -> u64 {
    number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0)
}

/// Rooms that should have messages and have none.
async fn silent_rooms(
    connection: &mut SqliteConnection,
    findings: &mut Findings<'_>,
) -> Result<(), sqlx::Error> {
    let mut rows = query_as::<_, (String, i64)>(
        "SELECT id, head FROM rooms NOT INDEXED WHERE head <> 0 AND key NOT IN
         (SELECT room FROM messages NOT INDEXED WHERE at_ms IS NOT NULL)",
    )
    .fetch(connection);
    while let Some((room, head)) = rows.try_next().await? {
        findings.add_some(Series::from_one(format!("room {room}"), "message", count(Some(head))).end());
    }
    Ok(())
}

/// Every message has an id of its own, in all rooms.
async fn names(connection: &mut SqliteConnection, findings: &mut Findings<'_>) -> Result<(), sqlx::Error> {
    let mut rows = query_as::<_, (Vec<u8>, String, i64)>(
        "SELECT m.id, group_concat(
             'number ' || m.seq || ' of room ' ||
             COALESCE((SELECT r.id FROM rooms r WHERE r.key = m.room), '(unknown)'), ' and '), MAX(m.at_ms)
         FROM messages m NOT INDEXED GROUP BY +m.id HAVING COUNT(*) > 1",
    )
    .fetch(connection);
    while let Some((id, positions, _)) = rows.try_next().await? {
        findings.add(&format!("message {} is there more than once: as {positions}", name(&id)));
    }
    Ok(())
}

/// A draft that was sent again is the same message.
async fn drafts(connection: &mut SqliteConnection, findings: &mut Findings<'_>) -> Result<(), sqlx::Error> {
    let mut rows = query_as::<_, (String, String, Vec<u8>, String, i64)>(
        "SELECT COALESCE((SELECT r.id FROM rooms r WHERE r.key = m.room), '(unknown)'),
                COALESCE((SELECT p.username FROM people p WHERE p.key = m.author), '(unknown)'),
                m.draft, group_concat(m.seq, ' and '), MAX(m.at_ms)
         FROM messages m NOT INDEXED GROUP BY +m.room, +m.author, +m.draft HAVING COUNT(*) > 1",
    )
    .fetch(connection);
    while let Some((room, author, draft, numbers, _)) = rows.try_next().await? {
        let draft = name(&draft);
        findings.add(&format!(
            "room {room}: draft {draft} of {author} is stored more than once: as numbers {numbers}"
        ));
    }
    Ok(())
}

/// What is answered is in the same room.
async fn parents(connection: &mut SqliteConnection, findings: &mut Findings<'_>) -> Result<(), sqlx::Error> {
    let mut rows = query_as::<_, (String, i64, Vec<u8>)>(
        "SELECT COALESCE((SELECT r.id FROM rooms r WHERE r.key = m.room), '(unknown)'), m.seq, m.parent
         FROM messages m NOT INDEXED WHERE m.parent IS NOT NULL AND (m.room, m.parent) NOT IN
         (SELECT room, +id FROM messages NOT INDEXED WHERE at_ms IS NOT NULL)",
    )
    .fetch(connection);
    while let Some((room, seq, parent)) = rows.try_next().await? {
        let parent = name(&parent);
        findings.add(&format!(
            "room {room}: message {seq} answers a message that is not in this room (id {parent})"
        ));
    }
    Ok(())
}
