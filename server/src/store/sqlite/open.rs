//! Opening: the checks that turn a broken set-up into one clear line before anything is served.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, query, query_scalar};

use super::SqliteStore;
use super::files::{check_database, folder_of, resolve_folder};
use super::lock::Lock;
use super::look::{Age, age, open_to_read};
use super::pen::Pen;
use super::writer::Writer;
use crate::config::Synchronous;
use crate::own_file::{create, give_to_owner_of};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Before this version two connections of one process can damage a database with a write-ahead log
/// (<https://sqlite.org/wal.html#walresetbug>).
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// `HUBB`: says in the header of the file whose it is (<https://sqlite.org/pragma.html#pragma_application_id>).
pub(super) const APPLICATION_ID: i64 = 0x4855_4242;

/// Connections that read. More would only wait for the same disk.
const READERS: u32 = 4;

/// How long a question waits for a free reader before the store counts as unavailable.
const READER_WAIT: Duration = Duration::from_secs(5);

/// How long to wait for another program that holds the database, such as a backup.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

// Primary result codes (<https://sqlite.org/rescode.html>).
const SQLITE_PERM: i32 = 3;
const SQLITE_READONLY: i32 = 8;
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_NOTADB: i32 = 26;

/// Why the database cannot be used. Each is one line for the person who starts the program.
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

impl SqliteStore {
    /// Opens the database at a path, and makes it with its folder where there is none.
    ///
    /// # Errors
    /// [`OpenError`]; its text is fit for the person who starts the program.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with(path, Synchronous::Full).await
    }

    /// As [`open`](Self::open), where somebody may have chosen that commits do not wait for the disk.
    ///
    /// # Errors
    /// [`OpenError`]; its text is fit for the person who starts the program.
    pub async fn open_with(path: impl AsRef<Path>, synchronous: Synchronous) -> Result<Self, OpenError> {
        open(SqliteConnectOptions::new().filename(path), synchronous).await
    }

    /// Opens the database at an address such as `sqlite:///var/lib/hubbub/hubbub.db`, and makes it with its folder
    /// where there is none.
    ///
    /// # Errors
    /// [`OpenError`]; its text is fit for the person who starts the program.
    pub async fn open_url(url: &str) -> Result<Self, OpenError> {
        let wrong = || OpenError::Address(url.to_owned());
        // A database in memory would be another one for each connection.
        if !url.starts_with("sqlite:") || url.contains(":memory:") || url.contains("mode=memory") {
            return Err(wrong());
        }
        let options = SqliteConnectOptions::from_str(url).map_err(|_| wrong())?;
        if options.get_filename().as_os_str().is_empty() {
            return Err(wrong());
        }
        open(options, Synchronous::Full).await
    }
}

impl SqliteStore {
    /// Opens the database at a path for a few changes: by itself, or beside the server that has it open. Such a server must
    /// notice by itself what was changed.
    ///
    /// # Errors
    /// [`OpenError`]; its text is fit for the person who asked.
    pub async fn open_or_join(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        match Self::open(&path).await {
            Err(OpenError::InUse { path, .. }) => join(path).await,
            opened => opened,
        }
    }
}

/// Opens a database that another process serves: as it is, without its lock.
async fn join(path: PathBuf) -> Result<SqliteStore, OpenError> {
    let mut looking = open_to_read(&path).await?;
    let age = age(&path, &mut looking).await?;
    looking.close().await.map_err(|error| refusal(&path, error))?;
    if let Age::Older(schema) = age {
        return Err(OpenError::Older { path, schema });
    }
    let options = connecting(SqliteConnectOptions::new().filename(&path)).pragma("query_only", "on");
    let readers = read_pool(options).await.map_err(|error| refusal(&path, error))?;
    let pen = Pen::join(path.clone()).map_err(|error| OpenError::Unreadable(path.clone(), error.into()))?;
    let (writer, end) = Writer::start(pen, None).map_err(OpenError::Thread)?;
    Ok(SqliteStore::new(readers, writer, end))
}

/// How every connection but the writer's is.
fn connecting(options: SqliteConnectOptions) -> SqliteConnectOptions {
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

async fn open(options: SqliteConnectOptions, synchronous: Synchronous) -> Result<SqliteStore, OpenError> {
    let path = prepare_file(options.get_filename())?;
    let lock = Lock::take(&path)?;
    let options = connecting(options.filename(&path));
    let preparing = options.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let mut connection = preparing.connect().await.map_err(|error| refusal(&path, error))?;
    check_version(&path, &mut connection).await?;
    claim(&path, &mut connection).await?;
    migrate(&path, &mut connection).await?;
    let readers =
        read_pool(options.pragma("query_only", "on")).await.map_err(|error| refusal(&path, error))?;
    let pen = Pen::take_up(path.clone(), synchronous)
        .map_err(|error| OpenError::Unreadable(path.clone(), error.into()))?;
    // Not before another one is open: who closes a database last empties its log, which takes time.
    connection.close().await.map_err(|error| refusal(&path, error))?;
    let (writer, end) = Writer::start(pen, Some(lock)).map_err(OpenError::Thread)?;
    tracing::info!(path = %path.display(), "Opened the database `{}`", path.display());
    Ok(SqliteStore::new(readers, writer, end))
}

/// Makes the folder and the file. What SQLite would say about them is right, but of no help. Answers the path by which the
/// file is used.
fn prepare_file(path: &Path) -> Result<PathBuf, OpenError> {
    let path = prepare_folder(path)?;
    match check_database(&path)? {
        Some(there) if there.permissions().readonly() => return Err(OpenError::ReadOnly(path)),
        Some(_) => {}
        None => create_file(&path)?,
    }
    Ok(path)
}

/// Makes the folder that a file is to be in. Answers the path of the file without links on the way.
pub(super) fn prepare_folder(path: &Path) -> Result<PathBuf, OpenError> {
    let folder = folder_of(path);
    std::fs::create_dir_all(folder).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
    resolve_folder(path)
}

/// An empty file is an empty database.
fn create_file(path: &Path) -> Result<(), OpenError> {
    // What root makes must be of use to the server's own user, whose folder it is.
    let owner = std::fs::metadata(folder_of(path));
    match create(path).and_then(|file| give_to_owner_of(&file, &owner?)) {
        Ok(()) => Ok(()),
        // Somebody else was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(OpenError::Create(path.to_owned(), error)),
    }
}

pub(super) async fn check_version(path: &Path, connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let version: String = query_scalar("SELECT sqlite_version()")
        .fetch_one(connection)
        .await
        .map_err(|error| refusal(path, error))?;
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < OLDEST_SQLITE { Err(OpenError::OldSqlite(version)) } else { Ok(()) }
}

/// Checks that the database is ours or empty and writes our mark into it, which also shows that it can be written.
async fn claim(path: &Path, connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let broken = |error| refusal(path, error);
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

pub(super) async fn migrate(path: &Path, connection: &mut SqliteConnection) -> Result<(), OpenError> {
    MIGRATIONS.run(connection).await.map_err(|error| match error {
        MigrateError::VersionMissing(schema) => OpenError::Newer { path: path.to_owned(), schema },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => refusal(path, error),
        other => OpenError::Migration(path.to_owned(), other),
    })
}

async fn read_pool(options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(READER_WAIT)
        .idle_timeout(None)
        .max_lifetime(None)
        // A file does not hang up.
        .test_before_acquire(false)
        .connect_with(options)
        .await
}

pub(super) fn refusal(path: &Path, error: sqlx::Error) -> OpenError {
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
