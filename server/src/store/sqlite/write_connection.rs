//! `WriteConnection`: the one connection that writes, opened again after a failure, because a half-open transaction must
//! not reach the next group.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::pool::BUSY_TIMEOUT;
use super::write_cache::WriteCache;
use super::write_request::{WriteRequest, run_all};
use super::write_tx::DatabaseError;
use crate::config::Synchronous;

/// Statements that stay prepared: more than there are.
const PREPARED: usize = 64;

/// Pages of 4 KiB that the write-ahead log holds before they are moved into the file: 32 MiB. Many rooms write to the same
/// pages again and again, and each page is moved once; reading such a log after a crash takes some 30 ms.
const LOG_PAGES: i32 = 8000;

/// What a transaction takes at most before it is logged. A thousand times the usual.
const SLOW: Duration = Duration::from_secs(1);

/// Why a transaction was not committed.
pub(super) enum TransactionError {
    /// A request failed in it; the others may be fine.
    InRequest(DatabaseError),
    /// It did not begin or did not commit. No request is to blame, and to try each alone would help none.
    AtBoundary(DatabaseError),
}

impl From<rusqlite::Error> for TransactionError {
    fn from(error: rusqlite::Error) -> Self {
        Self::AtBoundary(error.into())
    }
}

/// The connection that writes, or the means to open another one.
pub(super) struct WriteConnection {
    connection: Option<Connection>,
    path: PathBuf,
    synchronous: Synchronous,
    cache: WriteCache,
    /// Another process serves the database, and checkpoints its log.
    is_guest: bool,
}

impl WriteConnection {
    /// Opens the database at a path without links.
    ///
    /// # Errors
    /// The error of SQLite.
    pub(super) fn open(path: PathBuf, synchronous: Synchronous) -> Result<Self, rusqlite::Error> {
        let cache = WriteCache::default();
        let mut it = Self { connection: None, path, synchronous, cache, is_guest: false };
        it.connection = Some(it.connect()?);
        Ok(it)
    }

    /// As [`open`](Self::open), beside the process that serves the database.
    ///
    /// # Errors
    /// The error of SQLite.
    pub(super) fn open_as_guest(path: PathBuf) -> Result<Self, rusqlite::Error> {
        Ok(Self { is_guest: true, ..Self::open(path, Synchronous::Full)? })
    }

    fn connect(&self) -> Result<Connection, rusqlite::Error> {
        // One thread has it, so it needs no mutex. The path has no link in it, and must not have one later.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        connection.execute_batch(
            "PRAGMA journal_mode = wal; PRAGMA foreign_keys = on; PRAGMA mmap_size = 0; PRAGMA temp_store = memory;
             PRAGMA secure_delete = on; PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 67108864;",
        )?;
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        connection.execute_batch(match self.synchronous {
            Synchronous::Full => "PRAGMA synchronous = full",
            Synchronous::Normal => "PRAGMA synchronous = normal",
        })?;
        Ok(connection)
    }

    /// Runs the requests in one transaction. After a failure the connection is dropped, so that no half-open transaction
    /// can reach the next requests, and so is the write cache.
    pub(super) fn transact(&mut self, requests: &mut [WriteRequest]) -> Result<(), TransactionError> {
        let start = Instant::now();
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let mut cache = std::mem::take(&mut self.cache);
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        cache.invalidate_if_changed(&connection)?;
        run_all(&connection, &mut cache, requests).map_err(TransactionError::InRequest)?;
        connection.prepare_cached("COMMIT")?.execute([])?;
        self.connection = Some(connection);
        self.cache = cache;
        let took = start.elapsed();
        if took > SLOW {
            tracing::warn!(
                writes = requests.len(),
                took_ms = took.as_millis(),
                "A write transaction was slow"
            );
        }
        Ok(())
    }

    /// Moves everything from the write-ahead log into the database file, unless others use it, and closes it.
    pub(super) fn close(&mut self) -> Result<(), rusqlite::Error> {
        let Some(connection) = self.connection.take() else { return Ok(()) };
        if !self.is_guest {
            connection.execute_batch("PRAGMA optimize")?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        connection.close().map_err(|(_, error)| error)
    }
}
