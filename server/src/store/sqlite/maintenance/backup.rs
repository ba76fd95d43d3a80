//! Backup: a consistent copy of the database as one file, made while a server goes on.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, query, query_scalar};

use super::read_only::{Amount, amount, lacks_temporary_folder, open_read_only};
use crate::own_file::{check_held, create};
use crate::store::sqlite::files::{beside, check_database, folder_of, remove, sync_folder};
use crate::store::sqlite::open_error::OpenError;

/// Why there is no copy. Nothing is left of it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// What is to be copied cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Something is there already, and nothing is ever written over.
    #[error("`{}` is there already: choose another name, or remove it", .0.display())]
    Taken(PathBuf),
    /// The copy cannot be written.
    #[error("`{}` cannot be written", .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// The database gave up in the middle.
    #[error("`{}` cannot be copied to `{}`", from.display(), to.display())]
    Copy {
        /// What is copied.
        from: PathBuf,
        /// Where to.
        to: PathBuf,
        /// The error of the database.
        #[source]
        error: sqlx::Error,
    },
    /// The indexes of the copy do not fit into memory, and nowhere else either.
    #[error(
        "temporary files cannot be written, in which a copy is sorted: let TMPDIR name a folder that may be written to"
    )]
    Temporary(#[source] sqlx::Error),
    /// The copy is not what was copied.
    #[error("the copy `{}` is not sound: {problem}", file.display())]
    Unsound {
        /// Where it is.
        file: PathBuf,
        /// The error of the database.
        problem: String,
    },
}

/// A copy that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Where it is.
    pub file: PathBuf,
    /// How many rooms are in it.
    pub rooms: u64,
    /// How many messages are in it.
    pub messages: u64,
    /// How large it is.
    pub bytes: u64,
}

impl fmt::Display for Backup {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, rooms, messages, bytes } = self;
        write!(out, "Copied {rooms} rooms and {messages} messages to `{}`, {bytes} bytes", file.display())
    }
}

/// Copies a database to where no file is yet. A server may be using it; the copy is one moment of it.
///
/// # Errors
/// [`BackupError`]; its text is written for the operator.
pub async fn backup(database: &Path, file: &Path) -> Result<Backup, BackupError> {
    refuse_taken(file)?;
    let partial = beside(file, ".part");
    let (Amount { rooms, messages }, held) = copy(database, &partial).await?;
    let named = refuse_taken(file).and_then(|()| {
        std::fs::rename(&partial, file)
            .and_then(|()| sync_folder(folder_of(file)))
            .and_then(|()| check_held(&held, file))
            .map_err(|error| BackupError::Write(file.to_owned(), error))
    });
    if named.is_err() {
        remove(&partial).map_err(|error| BackupError::Write(partial, error))?;
    }
    named.map(|written| Backup { file: file.to_owned(), rooms, messages, bytes: written.len() })
}

fn refuse_taken(file: &Path) -> Result<(), BackupError> {
    if file.symlink_metadata().is_ok() { Err(BackupError::Taken(file.to_owned())) } else { Ok(()) }
}

/// Copies a database to a new file, waits until that is on the disk and checks that it is sound. A failure leaves no file.
/// Returns how much it is, and the file, held open.
pub(super) async fn copy(from: &Path, to: &Path) -> Result<(Amount, File), BackupError> {
    let mut source = open_read_only(from).await?;
    let copied = copy_to_new_file(&mut source, from, to).await;
    // Waited for: the last connection to close removes the log by name, and by then a name may mean another file.
    let closed = source.close().await;
    let copied = copied?;
    closed.map_err(|error| BackupError::Copy { from: from.to_owned(), to: to.to_owned(), error })?;
    Ok(copied)
}

async fn copy_to_new_file(
    source: &mut SqliteConnection,
    from: &Path,
    to: &Path,
) -> Result<(Amount, File), BackupError> {
    // Also keeps two copies to the same file apart: the second one finds the first one's.
    let held = create(to).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Taken(to.to_owned()),
        _ => BackupError::Write(to.to_owned(), error),
    })?;
    let copied = fill(source, from, to, &held).await;
    if copied.is_err() {
        remove(to).map_err(|error| BackupError::Write(to.to_owned(), error))?;
    }
    copied.map(|amount| (amount, held))
}

/// One statement reads one state of the database, and writes a file without a log beside it
/// (<https://sqlite.org/lang_vacuum.html#vacuuminto>). It is written by name, so it is checked afterwards that this was
/// the file that is held.
async fn fill(
    source: &mut SqliteConnection,
    from: &Path,
    to: &Path,
    held: &File,
) -> Result<Amount, BackupError> {
    let broken = |error| match error {
        error if lacks_temporary_folder(&error) => BackupError::Temporary(error),
        error => BackupError::Copy { from: from.to_owned(), to: to.to_owned(), error },
    };
    let name = to.to_str().ok_or_else(|| {
        BackupError::Write(to.to_owned(), io::Error::new(io::ErrorKind::InvalidFilename, "not UTF-8"))
    })?;
    check_database(to)?;
    query("VACUUM INTO ?").bind(name).execute(&mut *source).await.map_err(broken)?;
    let written = check_held(held, to).and_then(|_| held.sync_all());
    written.map_err(|error| BackupError::Write(to.to_owned(), error))?;
    let mut copy = open_read_only(to).await?;
    let problem: String = query_scalar("PRAGMA quick_check(1)").fetch_one(&mut copy).await.map_err(broken)?;
    if problem != "ok" {
        return Err(BackupError::Unsound { file: to.to_owned(), problem });
    }
    let amount = amount(&mut copy).await.map_err(broken)?;
    copy.close().await.map_err(broken)?;
    Ok(amount)
}
