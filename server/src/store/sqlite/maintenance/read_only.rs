//! Read-only connections: for commands that read a database while a server may be running on it.

use std::io;
use std::path::Path;

use rustix::io::Errno;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, query_scalar};

use crate::store::sqlite::files::check_database;
use crate::store::sqlite::open_error::{OpenError, open_error};
use crate::store::sqlite::pool::BUSY_TIMEOUT;
use crate::store::sqlite::schema::{APPLICATION_ID, check_sqlite_version};

/// Opens a database of ours, of whatever version. What is larger than the cache goes into temporary files, so that
/// sorting a large table needs no more memory than sorting a small one.
pub(crate) async fn open_read_only(path: &Path) -> Result<SqliteConnection, OpenError> {
    let missing = || OpenError::Unreadable(path.to_owned(), io::Error::from(Errno::NOENT).into());
    check_database(path)?.ok_or_else(missing)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .row_buffer_size(256)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("mmap_size", "0")
        .pragma("temp_store", "file")
        .pragma("cache_size", "-8192");
    let broken = |error| open_error(path, error);
    let mut connection = options.connect().await.map_err(broken)?;
    check_sqlite_version(path, &mut connection).await?;
    let mark: i64 = query_scalar("PRAGMA application_id").fetch_one(&mut connection).await.map_err(broken)?;
    if mark == APPLICATION_ID { Ok(connection) } else { Err(OpenError::Foreign(path.to_owned())) }
}

/// What SQLite returns when none of the folders for temporary files can be written to
/// (<https://sqlite.org/rescode.html#ioerr_gettemppath>).
const SQLITE_IOERR_GETTEMPPATH: i32 = 6410;

/// Result codes of a file that cannot be made or written (<https://sqlite.org/rescode.html>). To a connection that only
/// reads they are about temporary files.
const WRITING: [i32; 4] = [13, 14, 778, SQLITE_IOERR_GETTEMPPATH];

/// Whether a statement failed because there is no folder for temporary files.
pub(super) fn lacks_temporary_folder(error: &sqlx::Error) -> bool {
    code(error) == Some(SQLITE_IOERR_GETTEMPPATH)
}

/// Whether a statement on a read-only connection failed because temporary files cannot be written.
pub(super) fn lacks_temporary_files(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| WRITING.contains(&code))
}

fn code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

/// How much a database holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) rooms: u64,
    pub(super) messages: u64,
}

pub(super) async fn amount(connection: &mut SqliteConnection) -> Result<Amount, sqlx::Error> {
    let (rooms, messages) =
        sqlx::query_as("SELECT (SELECT COUNT(*) FROM rooms), (SELECT COUNT(*) FROM messages)")
            .fetch_one(connection)
            .await?;
    Ok(Amount { rooms, messages })
}
