//! The ended-tokens table: tokens of other backends that were signed out here before they expire.

use rusqlite::{Connection, params};
use sqlx::sqlite::SqlitePool;
use sqlx::{query_as, query_scalar};
use uuid::Uuid;

/// See [`Accounts::end_token`](crate::auth::accounts::Accounts::end_token).
pub(crate) fn end(connection: &Connection, id: Uuid, expires_at_ms: i64) -> Result<(), rusqlite::Error> {
    // Two tokens of one sign-in may end at different times.
    let mut insert = connection.prepare_cached(
        "INSERT INTO ended_tokens (id, expires_at_ms) VALUES (?1, ?2)
         ON CONFLICT (id) DO UPDATE SET expires_at_ms = MAX(expires_at_ms, ?2)",
    )?;
    insert.execute(params![id.as_bytes().as_slice(), expires_at_ms])?;
    Ok(())
}

/// See [`Accounts::token_ended_until`](crate::auth::accounts::Accounts::token_ended_until).
pub(crate) async fn ended_until(readers: &SqlitePool, id: Uuid) -> Result<Option<i64>, sqlx::Error> {
    query_scalar("SELECT expires_at_ms FROM ended_tokens WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .fetch_optional(readers)
        .await
}

/// See [`Accounts::ended_tokens`](crate::auth::accounts::Accounts::ended_tokens).
pub(crate) async fn list(readers: &SqlitePool, limit: u32) -> Result<Vec<(Uuid, i64)>, sqlx::Error> {
    let rows: Vec<(Vec<u8>, i64)> =
        query_as("SELECT id, expires_at_ms FROM ended_tokens LIMIT ?").bind(limit).fetch_all(readers).await?;
    let read = |(id, expires_at_ms): (Vec<u8>, i64)| {
        let id = Uuid::from_slice(&id).map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok((id, expires_at_ms))
    };
    rows.into_iter().map(read).collect()
}

/// Deletes those that have expired, as a part of a sweep.
pub(super) fn purge(connection: &Connection, now_ms: i64) -> Result<(), rusqlite::Error> {
    connection.prepare_cached("DELETE FROM ended_tokens WHERE expires_at_ms <= ?")?.execute([now_ms])?;
    Ok(())
}
