//! The schema: its migrations, which version of it a database has, and the mark that shows which program it belongs to.

use std::path::Path;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::SqliteConnection;
use sqlx::{query, query_scalar};

use super::open_error::{OpenError, open_error};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Before this version two connections of one process can damage a database with a write-ahead log
/// (<https://sqlite.org/wal.html#walresetbug>).
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// `HUBB`: the mark in the header of the file (<https://sqlite.org/pragma.html#pragma_application_id>).
pub(super) const APPLICATION_ID: i64 = 0x4855_4242;

/// Refuses a SQLite that can damage the file.
pub(super) async fn check_sqlite_version(
    path: &Path,
    connection: &mut SqliteConnection,
) -> Result<(), OpenError> {
    let version: String = query_scalar("SELECT sqlite_version()")
        .fetch_one(connection)
        .await
        .map_err(|error| open_error(path, error))?;
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < OLDEST_SQLITE { Err(OpenError::OldSqlite(version)) } else { Ok(()) }
}

/// Checks that the database is ours or empty and writes our mark into it, which also shows that it can be written.
pub(super) async fn claim(path: &Path, connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let broken = |error| open_error(path, error);
    let mark: i64 =
        query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await.map_err(broken)?;
    let tables: i64 = query_scalar("SELECT COUNT(*) FROM sqlite_schema")
        .fetch_one(&mut *connection)
        .await
        .map_err(broken)?;
    if mark != APPLICATION_ID && tables > 0 {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    // 0x48554242 in decimal: a pragma takes no parameters.
    query("PRAGMA application_id = 1213547074").execute(connection).await.map_err(broken)?;
    Ok(())
}

/// Brings the tables up to date.
pub(super) async fn migrate(path: &Path, connection: &mut SqliteConnection) -> Result<(), OpenError> {
    MIGRATIONS.run(connection).await.map_err(|error| match error {
        MigrateError::VersionMissing(schema) => OpenError::Newer { path: path.to_owned(), schema },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => open_error(path, error),
        other => OpenError::Migration(path.to_owned(), other),
    })
}

/// The schema of a database beside that of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SchemaVersion {
    /// Made by an older version; the number of its last step.
    Older(i64),
    /// The same.
    Same,
}

/// Reads which version made the database.
///
/// # Errors
/// [`OpenError::Newer`], and errors of SQLite.
pub(super) async fn schema_version(
    path: &Path,
    connection: &mut SqliteConnection,
) -> Result<SchemaVersion, OpenError> {
    let found: Option<i64> = query_scalar("SELECT MAX(version) FROM _sqlx_migrations WHERE success")
        .fetch_one(connection)
        .await
        .map_err(|error| open_error(path, error))?;
    let (found, ours) = (found.unwrap_or(0), MIGRATIONS.iter().map(|it| it.version).max().unwrap_or(0));
    match found {
        newer if newer > ours => Err(OpenError::Newer { path: path.to_owned(), schema: newer }),
        older if older < ours => Ok(SchemaVersion::Older(older)),
        _ => Ok(SchemaVersion::Same),
    }
}
