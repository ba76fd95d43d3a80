//! `OpenError`: why a database cannot be used, in one line for the operator.

use std::io;
use std::path::{Path, PathBuf};

use sqlx::migrate::MigrateError;

// Primary result codes (<https://sqlite.org/rescode.html>).
const SQLITE_PERM: i32 = 3;
const SQLITE_READONLY: i32 = 8;
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_NOTADB: i32 = 26;

/// Why the database cannot be used. Each is one line.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The setting is not the address of a file.
    #[error(
        "`{0}` is not the address of a SQLite database file, such as `sqlite:///var/lib/hubbub/hubbub.db`"
    )]
    Address(String),
    /// The folder around it is missing and cannot be made.
    #[error("the folder `{}` cannot be created", .0.display())]
    Folder(PathBuf, #[source] io::Error),
    /// There is a folder in its place.
    #[error("`{}` is a folder, not a database file", .0.display())]
    IsFolder(PathBuf),
    /// It cannot be created.
    #[error("the database file `{}` cannot be created", .0.display())]
    Create(PathBuf, #[source] io::Error),
    /// It is there and cannot be read.
    #[error("the database file `{}` cannot be opened", .0.display())]
    Unreadable(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// It, or its folder, may only be read.
    #[error("the database file `{}` cannot be written: it or its folder is read-only", .0.display())]
    ReadOnly(PathBuf),
    /// It, or what is beside it, is a link, has other names, or is no file at all.
    #[error("`{}` cannot be used", .0.display())]
    Unfit(PathBuf, #[source] io::Error),
    /// As root SQLite would give this file to the owner of the database.
    #[error("`{}` cannot be used: it belongs to another user than the database beside it", .0.display())]
    OtherOwner(PathBuf),
    /// Something else is in it, or it is broken.
    #[error("`{}` is not a SQLite database or is damaged", .0.display())]
    Damaged(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// A sound database of another program.
    #[error("`{}` is a database of another program", .0.display())]
    Foreign(PathBuf),
    /// Another process serves it, or is about to replace it.
    #[error("the database file `{}` is held by another hubbub (process {process})", path.display())]
    InUse {
        /// Which file.
        path: PathBuf,
        /// The number of the process, as far as it is known.
        process: String,
    },
    /// Whether another process serves it cannot be found out.
    #[error("the lock file `{}` cannot be used", .0.display())]
    Lock(PathBuf, #[source] io::Error),
    /// An older version of this program has made it, and it may only be read.
    #[error(
        "`{}` was written by an older version of this program (its schema has number {schema}): serving or restoring it \
         brings it up to date", path.display()
    )]
    Older {
        /// Which file.
        path: PathBuf,
        /// The last step of its schema.
        schema: i64,
    },
    /// A newer version of this program has changed it.
    #[error("`{}` was written by a newer version of this program (its schema has number {schema})", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// A step of its schema that this program does not have.
        schema: i64,
    },
    /// The tables are not as this program makes them.
    #[error("the tables of `{}` cannot be brought up to date", .0.display())]
    Migration(PathBuf, #[source] MigrateError),
    /// The system gives no thread to write with.
    #[error("the thread that writes to the database cannot be started")]
    Thread(#[source] io::Error),
    /// The program was built with a SQLite that can damage the file.
    #[error("this program was built with SQLite {0}, which can damage databases; it needs 3.51.3 or newer")]
    OldSqlite(String),
}

/// What an error of SQLite means for the file at a path.
pub(super) fn open_error(path: &Path, error: sqlx::Error) -> OpenError {
    let path = path.to_owned();
    match primary_code(&error) {
        Some(SQLITE_NOTADB | SQLITE_CORRUPT) => OpenError::Damaged(path, error.into()),
        Some(SQLITE_READONLY | SQLITE_PERM) => OpenError::ReadOnly(path),
        _ => OpenError::Unreadable(path, error.into()),
    }
}

/// The lower byte of SQLite's result code; the rest only refines it.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
