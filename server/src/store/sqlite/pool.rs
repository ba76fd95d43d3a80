//! The pool of connections that read, and the settings of every connection that is sqlx's.

use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

/// Connections that read. More would only wait for the same disk.
const READERS: u32 = 4;

/// How long a question waits for a free reader before the store counts as unavailable.
const READER_WAIT: Duration = Duration::from_secs(5);

/// How long to wait for another program that holds the database, such as a backup.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Settings of a connection to a database that is served.
pub(super) fn with_settings(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        // A page of history crosses from SQLite's thread in one go.
        .row_buffer_size(256)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("mmap_size", "0")
        .pragma("temp_store", "memory")
        // KiB for each connection. What does not fit is in the system's cache, a system call away.
        .pragma("cache_size", "-2048")
}

/// Opens the pool. Its connections refuse to write.
pub(super) async fn open_pool(options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(READER_WAIT)
        .idle_timeout(None)
        .max_lifetime(None)
        // A file does not hang up.
        .test_before_acquire(false)
        .connect_with(options.pragma("query_only", "on"))
        .await
}
