//! The connection that writes: opened, begun, committed, closed.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::desk::Desk;
use super::open::BUSY_TIMEOUT;
use super::writer::{Broken, Job, do_all};
use crate::config::Synchronous;

/// Statements that are kept prepared: more than there are.
const PREPARED: usize = 64;

/// Pages of 4 KiB that the write-ahead log holds before they are moved into the file: 32 MiB. Many rooms write to the same
/// pages again and again, and each page is moved once; reading such a log after a crash takes some 30 ms.
const LOG_PAGES: i32 = 8000;

/// What a transaction takes at most before the log says so. A thousand times the usual.
const SLOW: Duration = Duration::from_secs(1);

/// Why a transaction was not committed.
pub(super) enum Spoilt {
    /// A job failed in it; the others may be fine.
    ByOneJob(Broken),
    /// It did not begin or did not end well; nobody's fault, and trying each alone would help nobody.
    AsAWhole(Broken),
}

impl From<rusqlite::Error> for Spoilt {
    fn from(error: rusqlite::Error) -> Self {
        Self::AsAWhole(error.into())
    }
}

/// The connection that writes, or the means to get another one.
pub(super) struct Pen {
    connection: Option<Connection>,
    path: PathBuf,
    synchronous: Synchronous,
    desk: Desk,
    /// Another process serves the database, and looks after its log.
    is_guest: bool,
}

impl Pen {
    /// Opens the database at a path without links.
    ///
    /// # Errors
    /// What SQLite said.
    pub(super) fn take_up(path: PathBuf, synchronous: Synchronous) -> Result<Self, rusqlite::Error> {
        let mut pen = Self { connection: None, path, synchronous, desk: Desk::default(), is_guest: false };
        pen.connection = Some(pen.connect()?);
        Ok(pen)
    }

    /// As [`take_up`](Self::take_up), beside the process that serves the database.
    ///
    /// # Errors
    /// What SQLite said.
    pub(super) fn join(path: PathBuf) -> Result<Self, rusqlite::Error> {
        Ok(Self { is_guest: true, ..Self::take_up(path, Synchronous::Full)? })
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
             PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 67108864;",
        )?;
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        connection.execute_batch(match self.synchronous {
            Synchronous::Full => "PRAGMA synchronous = full",
            Synchronous::Normal => "PRAGMA synchronous = normal",
        })?;
        Ok(connection)
    }

    /// One transaction around all the jobs. After a failure the connection is given up, so that no half-open
    /// transaction can reach the next jobs, and so is what was remembered.
    pub(super) fn transact(&mut self, jobs: &mut [Job]) -> Result<(), Spoilt> {
        let start = Instant::now();
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let mut desk = std::mem::take(&mut self.desk);
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        desk.freshen(&connection)?;
        do_all(&connection, &mut desk, jobs).map_err(Spoilt::ByOneJob)?;
        connection.prepare_cached("COMMIT")?.execute([])?;
        self.connection = Some(connection);
        self.desk = desk;
        let took = start.elapsed();
        if took > SLOW {
            tracing::warn!(jobs = jobs.len(), took_ms = took.as_millis(), "A transaction was slow");
        }
        Ok(())
    }

    /// Moves everything from the write-ahead log into the database file, unless others use it, and closes it.
    pub(super) fn put_down(&mut self) -> Result<(), rusqlite::Error> {
        let Some(connection) = self.connection.take() else { return Ok(()) };
        if !self.is_guest {
            connection.execute_batch("PRAGMA optimize")?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        connection.close().map_err(|(_, error)| error)
    }
}
