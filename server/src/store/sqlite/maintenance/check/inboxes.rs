//! Checks of inboxes: entries are numbered densely up to the head, and jobs and notifications can be read.

use futures_util::TryStreamExt as _;
use protocol::limits::MAX_INBOX_ITEMS;
use protocol::{InboxItem, Job, JobStatus};
use sqlx::sqlite::SqliteConnection;
use sqlx::{FromRow, query_as};

use super::findings::{Findings, name, or_key};
use super::series::Series;
use crate::store::sqlite::maintenance::new_epochs::LEAST_JUMP;
use crate::store::sqlite::tables::row_mapping::{from_json, uuid};

pub(super) async fn check(
    connection: &mut SqliteConnection,
    findings: &mut Findings<'_>,
) -> Result<(), sqlx::Error> {
    entries(connection, findings).await?;
    empty_inboxes(connection, findings).await?;
    jobs(connection, findings).await?;
    notifications(connection, findings).await
}

#[derive(FromRow)]
struct EntryRow {
    #[sqlx(rename = "person")]
    user: i64,
    username: Option<String>,
    head: Option<i64>,
    seq: i64,
    item: String,
    waits: bool,
}

impl EntryRow {
    /// Whether it is stored only because it waits: those around it were deleted.
    fn is_left_over(&self) -> bool {
        self.waits && self.head.is_some_and(|head| self.seq <= head - i64::from(MAX_INBOX_ITEMS))
    }
}

/// All entries in the order of their table. Old ones are deleted unless they wait, the newest one never is.
async fn entries(connection: &mut SqliteConnection, findings: &mut Findings<'_>) -> Result<(), sqlx::Error> {
    let mut rows = query_as::<_, EntryRow>(
        "SELECT i.person, p.username, h.head, i.seq, i.item, i.waits FROM inbox i NOT INDEXED
         LEFT JOIN inboxes h ON h.person = i.person LEFT JOIN people p ON p.key = i.person
         ORDER BY i.person, i.seq",
    )
    .fetch(connection);
    let mut open: Option<(i64, Series)> = None;
    while let Some(row) = rows.try_next().await? {
        let whose = || format!("inbox of {}", or_key(row.username.as_deref(), row.user));
        if let Err(error) = from_json::<InboxItem>(&row.item) {
            findings.add(&format!("{}: entry {} cannot be read: {error}", whose(), row.seq));
        }
        if row.is_left_over() {
            continue;
        }
        let mut series = match open.take() {
            Some((user, series)) if user == row.user => series,
            other => {
                findings.add_some(other.and_then(|(_, series)| series.end()));
                let head = row.head.and_then(|head| u64::try_from(head).ok()).unwrap_or(0);
                Series::from_anywhere(whose(), "entry", head)
            }
        };
        findings.add_some(series.take(row.seq, row.seq.to_string()));
        open = Some((row.user, series));
    }
    findings.add_some(open.and_then(|(_, series)| series.end()));
    Ok(())
}

/// Inboxes that should have their newest entry. A restore moves the heads of those that never had one.
async fn empty_inboxes(
    connection: &mut SqliteConnection,
    findings: &mut Findings<'_>,
) -> Result<(), sqlx::Error> {
    let mut rows = query_as::<_, (i64, Option<String>, i64)>(
        "SELECT h.person, p.username, h.head FROM inboxes h LEFT JOIN people p ON p.key = h.person
         WHERE h.head <> 0 AND h.head < ? AND h.person NOT IN
         (SELECT person FROM inbox NOT INDEXED WHERE at_ms IS NOT NULL)",
    )
    .bind(i64::try_from(LEAST_JUMP).unwrap_or(i64::MAX))
    .fetch(connection);
    while let Some((user, username, head)) = rows.try_next().await? {
        let user = or_key(username.as_deref(), user);
        findings.add(&format!("inbox of {user}: entry {head} is missing (it is empty, the head is {head})"));
    }
    Ok(())
}

#[derive(FromRow)]
struct JobRow {
    id: Vec<u8>,
    owner: Option<String>,
    is_running: bool,
    job: String,
}

impl JobRow {
    fn problem(&self) -> Option<String> {
        let job = match from_json::<Job>(&self.job) {
            Ok(job) => job,
            Err(error) => return Some(format!("it cannot be read: {error}")),
        };
        if job.id.0.as_bytes().as_slice() != self.id {
            Some(format!("it calls itself {}", job.id))
        } else if self.owner.as_deref() != Some(job.owner.as_str()) {
            Some(format!("its owner is {}, and it is stored for another user", job.owner))
        } else if self.is_running != (job.status == JobStatus::Running) {
            Some("its column and its JSON disagree about whether it runs".to_owned())
        } else {
            None
        }
    }
}

async fn jobs(connection: &mut SqliteConnection, findings: &mut Findings<'_>) -> Result<(), sqlx::Error> {
    let mut rows = query_as::<_, JobRow>(
        "SELECT j.id, p.id AS owner, j.is_running, j.job
         FROM jobs j NOT INDEXED LEFT JOIN people p ON p.key = j.person",
    )
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        findings.add_some(row.problem().map(|problem| format!("job {}: {problem}", name(&row.id))));
    }
    Ok(())
}

async fn notifications(
    connection: &mut SqliteConnection,
    findings: &mut Findings<'_>,
) -> Result<(), sqlx::Error> {
    let mut rows = query_as::<_, (Vec<u8>, String, i64)>(
        "SELECT id, COALESCE((SELECT p.username FROM people p WHERE p.key = person), '(unknown)'), COUNT(*)
         FROM notifications NOT INDEXED GROUP BY +person, +id",
    )
    .fetch(connection);
    while let Some((id, user, times)) = rows.try_next().await? {
        let whose = format!("notification {} of {user}", name(&id));
        if uuid(&id).is_err() {
            findings.add(&format!("{whose}: its id is not one"));
        }
        if times > 1 {
            findings.add(&format!("{whose} is listed {times} times"));
        }
    }
    Ok(())
}
