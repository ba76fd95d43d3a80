//! The jobs table: each job as it is now, as JSON, with the columns that reads need.

use protocol::{Job, JobId, JobStatus, UserId};
use rusqlite::{Connection, params};
use sqlx::query_scalar;
use sqlx::sqlite::SqlitePool;
use uuid::Uuid;

use super::row_mapping::{from_json, json, up_to};
use crate::store::sqlite::write_tx::DatabaseError;

/// Stores a job of the user with this key.
pub(super) fn save(connection: &Connection, owner: i64, job: &Job) -> Result<(), DatabaseError> {
    let mut save = connection.prepare_cached(
        "INSERT INTO jobs (id, person, is_running, job) VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE
         SET person = excluded.person, is_running = excluded.is_running, job = excluded.job",
    )?;
    let is_running = job.status == JobStatus::Running;
    save.execute(params![job.id.0.as_bytes().as_slice(), owner, is_running, json(job)?])?;
    Ok(())
}

/// Deletes a job.
pub(super) fn delete(connection: &Connection, job: JobId) -> Result<(), rusqlite::Error> {
    connection.prepare_cached("DELETE FROM jobs WHERE id = ?")?.execute([job.0.as_bytes().as_slice()])?;
    Ok(())
}

/// See [`hub::store::InboxStore::job`].
pub(crate) async fn find(readers: &SqlitePool, job: JobId) -> Result<Option<Job>, sqlx::Error> {
    let found: Option<String> = query_scalar("SELECT job FROM jobs WHERE id = ?")
        .bind(job.0.as_bytes().as_slice())
        .fetch_optional(readers)
        .await?;
    found.as_deref().map(from_json).transpose()
}

/// See [`hub::store::InboxStore::jobs_of`].
pub(crate) async fn page(
    readers: &SqlitePool,
    user: &UserId,
    before: Option<JobId>,
    limit: u32,
) -> Result<Vec<Job>, sqlx::Error> {
    let jobs: Vec<String> = query_scalar(
        "SELECT job FROM jobs WHERE person = (SELECT key FROM people WHERE id = ?) AND id < ?
         ORDER BY id DESC LIMIT ?",
    )
    .bind(user.as_str())
    .bind(up_to(before.map(|job| job.0)))
    .bind(limit)
    .fetch_all(readers)
    .await?;
    jobs.iter().map(|job| from_json(job)).collect()
}

/// See [`hub::store::InboxStore::running_jobs`].
pub(crate) async fn running(
    readers: &SqlitePool,
    user: &UserId,
    after: Option<JobId>,
    limit: u32,
) -> Result<Vec<Job>, sqlx::Error> {
    let jobs: Vec<String> = query_scalar(
        "SELECT job FROM jobs WHERE person = (SELECT key FROM people WHERE id = ?) AND is_running AND id > ?
         ORDER BY id LIMIT ?",
    )
    .bind(user.as_str())
    .bind(after.map_or(Uuid::nil(), |job| job.0).as_bytes().as_slice())
    .bind(limit)
    .fetch_all(readers)
    .await?;
    jobs.iter().map(|job| from_json(job)).collect()
}

pub(super) const RUNNING_COUNT: &str = "SELECT COUNT(*) FROM jobs INDEXED BY jobs_running
     WHERE person = (SELECT key FROM people WHERE id = ?) AND is_running";

/// See [`hub::store::InboxStore::running_count`].
pub(crate) async fn running_count(readers: &SqlitePool, user: &UserId) -> Result<u64, sqlx::Error> {
    query_scalar(RUNNING_COUNT).bind(user.as_str()).fetch_one(readers).await
}
