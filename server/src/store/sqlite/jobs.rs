//! Jobs: kept as they stand.

use protocol::{Job, JobId, JobStatus, UserId};
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{query, query_scalar};

use super::rows::{from_json, json, up_to};

/// Keeps a job of the person with this key.
pub(super) async fn save(
    connection: &mut SqliteConnection,
    owner: i64,
    job: &Job,
) -> Result<(), sqlx::Error> {
    query(
        "INSERT INTO jobs (id, person, is_running, job) VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE
         SET person = excluded.person, is_running = excluded.is_running, job = excluded.job",
    )
    .bind(job.id.0.as_bytes().as_slice())
    .bind(owner)
    .bind(job.status == JobStatus::Running)
    .bind(json(job)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps it no more.
pub(super) async fn delete(connection: &mut SqliteConnection, job: JobId) -> Result<(), sqlx::Error> {
    query("DELETE FROM jobs WHERE id = ?").bind(job.0.as_bytes().as_slice()).execute(connection).await?;
    Ok(())
}

/// See [`hub::port::InboxStore::job`].
pub(super) async fn find(readers: &SqlitePool, job: JobId) -> Result<Option<Job>, sqlx::Error> {
    let found: Option<String> = query_scalar("SELECT job FROM jobs WHERE id = ?")
        .bind(job.0.as_bytes().as_slice())
        .fetch_optional(readers)
        .await?;
    found.as_deref().map(from_json).transpose()
}

/// See [`hub::port::InboxStore::jobs_of`].
pub(super) async fn page(
    readers: &SqlitePool,
    person: &UserId,
    before: Option<JobId>,
    limit: u32,
) -> Result<Vec<Job>, sqlx::Error> {
    let jobs: Vec<String> = query_scalar(
        "SELECT job FROM jobs WHERE person = (SELECT key FROM people WHERE id = ?) AND id < ?
         ORDER BY id DESC LIMIT ?",
    )
    .bind(person.as_str())
    .bind(up_to(before.map(|job| job.0)))
    .bind(limit)
    .fetch_all(readers)
    .await?;
    jobs.iter().map(|job| from_json(job)).collect()
}

/// See [`hub::port::InboxStore::running_jobs`].
pub(super) async fn running(readers: &SqlitePool, person: &UserId) -> Result<Vec<Job>, sqlx::Error> {
    let jobs: Vec<String> = query_scalar(
        "SELECT job FROM jobs WHERE person = (SELECT key FROM people WHERE id = ?) AND is_running ORDER BY id",
    )
    .bind(person.as_str())
    .fetch_all(readers)
    .await?;
    jobs.iter().map(|job| from_json(job)).collect()
}
