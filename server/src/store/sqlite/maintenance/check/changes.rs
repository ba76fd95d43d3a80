//! Checks of changes: each room's are numbered densely up to its last one, and messages have the numbers of changes that exist.

use futures_util::TryStreamExt as _;
use sqlx::sqlite::SqliteConnection;
use sqlx::{FromRow, query_as};

use super::findings::{Findings, name, or_key};
use super::series::Series;
use crate::store::sqlite::tables::changes::kind;
use crate::store::sqlite::tables::row_mapping::draft_id;

pub(super) async fn check(
    connection: &mut SqliteConnection,
    findings: &mut Findings<'_>,
) -> Result<(), sqlx::Error> {
    numbers(connection, findings).await?;
    unchanged_rooms(connection, findings).await?;
    messages(connection, findings).await?;
    marks(connection, findings).await
}

#[derive(FromRow)]
struct ChangeRow {
    room: i64,
    room_id: Option<String>,
    last: Option<i64>,
    rev: i64,
    kind: i64,
    draft: Vec<u8>,
    has_message: bool,
}

impl ChangeRow {
    fn problem(&self) -> Option<String> {
        if let Err(error) = kind(self.kind).and_then(|_| draft_id(&self.draft).map(drop)) {
            return Some(format!("cannot be read: {error}"));
        }
        (!self.has_message).then(|| "is of a message that is not there".to_owned())
    }
}

/// All changes in the order of their table.
async fn numbers(connection: &mut SqliteConnection, findings: &mut Findings<'_>) -> Result<(), sqlx::Error> {
    let mut rows = query_as::<_, ChangeRow>(
        "SELECT c.room, r.id AS room_id, r.rev AS last, c.rev, c.kind, c.draft,
                EXISTS (SELECT 1 FROM messages m WHERE m.room = c.room AND m.seq = c.seq AND m.rev >= c.rev) AS has_message
         FROM changes c NOT INDEXED LEFT JOIN rooms r ON r.key = c.room ORDER BY c.room, c.rev",
    )
    .fetch(connection);
    let mut open: Option<(i64, Series)> = None;
    while let Some(row) = rows.try_next().await? {
        let whose = || format!("room {}", or_key(row.room_id.as_deref(), row.room));
        if let Some(problem) = row.problem() {
            findings.add(&format!("{}: change {} {problem}", whose(), row.rev));
        }
        let mut series = match open.take() {
            Some((room, series)) if room == row.room => series,
            other => {
                findings.add_some(other.and_then(|(_, series)| series.end()));
                let last = row.last.and_then(|last| u64::try_from(last).ok()).unwrap_or(0);
                Series::from_one(whose(), "change", last)
            }
        };
        findings.add_some(series.take(row.rev, name(&row.draft)));
        open = Some((row.room, series));
    }
    findings.add_some(open.and_then(|(_, series)| series.end()));
    Ok(())
}

/// Rooms that should have changes and have none.
async fn unchanged_rooms(
    connection: &mut SqliteConnection,
    findings: &mut Findings<'_>,
) -> Result<(), sqlx::Error> {
    let mut rows = query_as::<_, (String, i64)>(
        "SELECT id, rev FROM rooms NOT INDEXED WHERE rev <> 0 AND key NOT IN (SELECT room FROM changes NOT INDEXED)",
    )
    .fetch(connection);
    while let Some((room, rev)) = rows.try_next().await? {
        let last = u64::try_from(rev).unwrap_or(0);
        findings.add_some(Series::from_one(format!("room {room}"), "change", last).end());
    }
    Ok(())
}

/// Messages whose last change is not one of theirs, and deleted ones that have something left.
async fn messages(connection: &mut SqliteConnection, findings: &mut Findings<'_>) -> Result<(), sqlx::Error> {
    let mut rows = query_as::<_, (String, i64, i64, bool, bool)>(
        "SELECT COALESCE((SELECT r.id FROM rooms r WHERE r.key = m.room), '(unknown)'), m.seq, m.rev,
                EXISTS (SELECT 1 FROM changes c WHERE c.room = m.room AND c.rev = m.rev AND c.seq = m.seq) AS has_change,
                m.deleted_at_ms IS NOT NULL AND (m.body <> ''
                    OR EXISTS (SELECT 1 FROM message_versions v WHERE v.room = m.room AND v.seq = m.seq)
                    OR EXISTS (SELECT 1 FROM reactions e WHERE e.room = m.room AND e.seq = m.seq)
                    OR EXISTS (SELECT 1 FROM pins p WHERE p.room = m.room AND p.seq = m.seq)) AS has_rest
         FROM messages m NOT INDEXED WHERE m.rev <> 0",
    )
    .fetch(connection);
    while let Some((room, seq, rev, has_change, has_rest)) = rows.try_next().await? {
        if !has_change {
            findings.add(&format!(
                "room {room}: message {seq} has the number {rev} of a change that is not its own"
            ));
        }
        if has_rest {
            findings.add(&format!("room {room}: message {seq} was deleted, and something of it is left"));
        }
    }
    Ok(())
}

/// Reactions, pins and earlier texts of messages that were never changed, or are not there.
async fn marks(connection: &mut SqliteConnection, findings: &mut Findings<'_>) -> Result<(), sqlx::Error> {
    let mut rows = query_as::<_, (String, String, i64)>(
        "WITH marks (what, room, seq, rev) AS (
             SELECT 'a reaction', room, seq, rev FROM reactions NOT INDEXED
             UNION ALL SELECT 'a pin', room, seq, rev FROM pins NOT INDEXED
             UNION ALL SELECT 'an earlier text', room, seq, rev FROM message_versions NOT INDEXED)
         SELECT w.what, COALESCE((SELECT r.id FROM rooms r WHERE r.key = w.room), '(unknown)'), w.seq
         FROM marks w WHERE NOT EXISTS (
             SELECT 1 FROM messages m WHERE m.room = w.room AND m.seq = w.seq AND m.rev >= w.rev AND m.rev > 0)",
    )
    .fetch(connection);
    while let Some((what, room, seq)) = rows.try_next().await? {
        findings.add(&format!("room {room}: there is {what} of message {seq}, which does not have it"));
    }
    Ok(())
}
