//! Restore: replaces the database by a copy, and keeps what was there.

use std::fmt;
use std::fs::{File, symlink_metadata};
use std::io;
use std::path::{Path, PathBuf};

use hub::store::Clock as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, query_scalar};

use super::backup::{BackupError, copy};
use super::check::{CheckError, Severity, check_with_severity};
use super::new_epochs::start_new_epochs;
use super::read_only::{Amount, open_read_only};
use crate::clock::{SystemClock, file_time};
use crate::own_file::{check_held, give_to_owner_of};
use crate::store::sqlite::files::{
    beside, check_database, folder_of, kept_names, prepare_folder, remove, remove_beside, sync_folder,
};
use crate::store::sqlite::lock::Lock;
use crate::store::sqlite::open_error::OpenError;
use crate::store::sqlite::schema::{migrate, schema_version};

/// Why nothing was restored. The database is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The copy, or the path for it, cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The copy cannot be brought beside the database.
    #[error(transparent)]
    Copy(#[from] BackupError),
    /// The copy cannot be checked.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// Something is wrong in the copy.
    #[error("`{}` is not sound ({findings} findings, see `hubbub check`): {first}", file.display())]
    Unsound {
        /// The copy.
        file: PathBuf,
        /// What was found first.
        first: String,
        /// How much was found.
        findings: u64,
    },
    /// The copy cannot be made ready.
    #[error("`{}` cannot be made ready", .0.display())]
    Renew(PathBuf, #[source] sqlx::Error),
    /// Files cannot be moved.
    #[error("`{}` cannot be put in its place", .0.display())]
    Replace(PathBuf, #[source] io::Error),
}

/// A copy that has replaced the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restore {
    /// The database.
    pub database: PathBuf,
    /// How many rooms are in it.
    pub rooms: u64,
    /// How many messages are in it.
    pub messages: u64,
    /// Where the database is that was there before, if there was one.
    pub kept: Option<PathBuf>,
}

impl fmt::Display for Restore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { database, rooms, messages, kept } = self;
        write!(out, "Restored {rooms} rooms and {messages} messages into `{}`", database.display())?;
        if let Some(kept) = kept {
            write!(out, "; what was there before is `{}`", kept.display())?;
        }
        Ok(())
    }
}

/// Replaces a database that no server uses by a copy, and keeps what was there. The copy itself stays as it is.
///
/// # Errors
/// [`RestoreError`]; its text is written for the operator.
pub async fn restore(database: &Path, file: &Path) -> Result<Restore, RestoreError> {
    // Opened first: with a name that is not there nothing happens at all.
    let mut copy = open_read_only(file).await?;
    schema_version(file, &mut copy).await?;
    copy.close().await.map_err(|error| RestoreError::Renew(file.to_owned(), error))?;
    let database = prepare_folder(database)?;
    check_database(&database)?;
    let _lock = Lock::take(&database)?;
    let ready = beside(&database, "-restore");
    let replace_error = |error| RestoreError::Replace(database.clone(), error);
    // Left by one that was cut off: no other process restores while we hold the lock.
    clear(&ready).map_err(replace_error)?;
    let made = async {
        let (Amount { rooms, messages }, held) = make_ready(file, &ready).await?;
        let kept = beside(&database, &format!(".{}", file_time(SystemClock::default().now_ms())));
        check_database(&database)?;
        settle(&database, &kept).await.map_err(replace_error)?;
        let there = put_in_place(&held, &ready, &database, &kept).map_err(replace_error)?;
        Ok(Restore { database: database.clone(), rooms, messages, kept: there.then_some(kept) })
    }
    .await;
    if made.is_err() {
        clear(&ready).map_err(replace_error)?;
    }
    made
}

/// Removes a database that did not become one, with the journal that would be rolled back into the next one of its name.
fn clear(ready: &Path) -> io::Result<()> {
    remove(ready)?;
    remove_beside(ready)
}

/// Makes a database of the copy that this program can serve. The file is held open meanwhile, and its name must lead to it
/// at the end.
async fn make_ready(file: &Path, ready: &Path) -> Result<(Amount, File), RestoreError> {
    let (amount, held) = copy(file, ready).await?;
    let broken = |error| RestoreError::Renew(ready.to_owned(), error);
    let mut connection = open_to_change(ready).await?;
    migrate(ready, &mut connection).await?;
    connection.close().await.map_err(broken)?;
    let mut first = None;
    let report = check_with_severity(ready, |severity, line| {
        if severity == Severity::Finding {
            first.get_or_insert_with(|| line.to_owned());
        }
    })
    .await?;
    if let Some(first) = first {
        return Err(RestoreError::Unsound { file: file.to_owned(), first, findings: report.findings });
    }
    let mut connection = open_to_change(ready).await?;
    let mut transaction = connection.begin().await.map_err(broken)?;
    start_new_epochs(&mut transaction).await.map_err(broken)?;
    transaction.commit().await.map_err(broken)?;
    connection.close().await.map_err(broken)?;
    held.sync_all().map_err(|error| RestoreError::Replace(ready.to_owned(), error))?;
    Ok((amount, held))
}

async fn open_to_change(path: &Path) -> Result<SqliteConnection, RestoreError> {
    check_database(path)?;
    let connected = SqliteConnectOptions::new().filename(path).foreign_keys(true).connect().await;
    connected.map_err(|error| RestoreError::Renew(path.to_owned(), error))
}

/// Moves the log of the old database into it, as its next start would, so that it is whole whenever this is cut off. One
/// that is broken, perhaps the very reason for a restore, is kept with its log as it is.
async fn settle(database: &Path, kept: &Path) -> io::Result<()> {
    let (log, kept_log) = (beside(database, "-wal"), beside(kept, "-wal"));
    if symlink_metadata(&log).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(());
    }
    // Before the database is opened: the last connection to close removes the log, whatever came of reading it.
    std::fs::hard_link(&log, &kept_log)?;
    match move_log(database).await {
        Ok(true) => remove(&kept_log),
        Ok(false) => {
            tracing::warn!("The old database is in use, so its log is kept beside it");
            Ok(())
        }
        Err(error) => {
            tracing::warn!(%error, "The log of the old database could not be moved into it and is kept beside it");
            Ok(())
        }
    }
}

/// Returns whether all of it was moved.
async fn move_log(database: &Path) -> Result<bool, sqlx::Error> {
    let mut connection = SqliteConnectOptions::new().filename(database).connect().await?;
    let moved = query_scalar("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await;
    // Waited for: it removes files by name, and another database is about to get this name.
    connection.close().await?;
    // The first column: 1 when another connection was in the way (<https://sqlite.org/pragma.html#pragma_wal_checkpoint>).
    moved.map(|busy: i64| busy == 0)
}

/// From here on nothing is read any more, so little can fail. Whenever it is cut off, there is a database: the old one
/// until the last step. A log of it must not meet the new one; what was not moved into it is kept. Answers whether there
/// was an old one.
fn put_in_place(held: &File, ready: &Path, database: &Path, kept: &Path) -> io::Result<bool> {
    let old = match symlink_metadata(database) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        found => Some(found?),
    };
    check_held(held, ready)?;
    let folder = || std::fs::metadata(folder_of(database));
    give_to_owner_of(held, &old.clone().map_or_else(folder, Ok)?)?;
    if let Some(old) = &old {
        let before = kept_names(old, database);
        std::fs::hard_link(database, kept)?;
        // Given by one that was cut off. Beside a log that was kept with it, it is needed.
        before.iter().filter(|name| !beside(name, "-wal").exists()).try_for_each(|name| remove(name))?;
    }
    remove(&beside(database, "-wal"))?;
    // Made anew from the log whenever it is missing.
    remove(&beside(database, "-shm"))?;
    std::fs::rename(ready, database)?;
    sync_folder(folder_of(database))?;
    Ok(old.is_some())
}
