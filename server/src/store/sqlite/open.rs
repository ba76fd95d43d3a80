//! Opens the database: checks that turn a broken set-up into one clear line before anything is served.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};

use super::files::{check_database, folder_of, prepare_folder};
use super::lock::Lock;
use super::maintenance::read_only::open_read_only;
use super::open_error::{OpenError, open_error};
use super::pool::{open_pool, with_settings};
use super::schema::{SchemaVersion, check_sqlite_version, claim, migrate, schema_version};
use super::store::SqliteStore;
use super::write_connection::WriteConnection;
use super::writer::Writer;
use crate::config::Synchronous;
use crate::own_file::{create, give_to_owner_of};

impl SqliteStore {
    /// Opens the database at a path, and makes it with its folder where there is none.
    ///
    /// # Errors
    /// [`OpenError`]; its text is written for the operator.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with(path, Synchronous::Full).await
    }

    /// As [`open`](Self::open), with a choice of whether commits wait for the disk.
    ///
    /// # Errors
    /// [`OpenError`]; its text is written for the operator.
    pub async fn open_with(path: impl AsRef<Path>, synchronous: Synchronous) -> Result<Self, OpenError> {
        open(SqliteConnectOptions::new().filename(path), synchronous).await
    }

    /// Opens the database at an address such as `sqlite:///var/lib/hubbub/hubbub.db`, and makes it with its folder
    /// where there is none.
    ///
    /// # Errors
    /// [`OpenError`]; its text is written for the operator.
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

    /// Opens the database at a path for a few changes: by itself, or beside the server that has it open. Such a server has to
    /// notice the changes by itself.
    ///
    /// # Errors
    /// [`OpenError`]; its text is written for the operator.
    pub async fn open_or_join(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        match Self::open(&path).await {
            Err(OpenError::InUse { path, .. }) => join(path).await,
            opened => opened,
        }
    }
}

/// Opens a database that another process serves: as it is, without its lock.
async fn join(path: PathBuf) -> Result<SqliteStore, OpenError> {
    let mut connection = open_read_only(&path).await?;
    let version = schema_version(&path, &mut connection).await?;
    connection.close().await.map_err(|error| open_error(&path, error))?;
    if let SchemaVersion::Older(schema) = version {
        return Err(OpenError::Older { path, schema });
    }
    let options = with_settings(SqliteConnectOptions::new().filename(&path));
    let readers = open_pool(options).await.map_err(|error| open_error(&path, error))?;
    let write_connection = WriteConnection::open_as_guest(path.clone())
        .map_err(|error| OpenError::Unreadable(path.clone(), error.into()))?;
    let (writer, end) = Writer::start(write_connection, None).map_err(OpenError::Thread)?;
    Ok(SqliteStore::new(readers, writer, end))
}

async fn open(options: SqliteConnectOptions, synchronous: Synchronous) -> Result<SqliteStore, OpenError> {
    let path = prepare_file(options.get_filename())?;
    let lock = Lock::take(&path)?;
    let options = with_settings(options.filename(&path));
    let preparing = options.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let mut connection = preparing.connect().await.map_err(|error| open_error(&path, error))?;
    check_sqlite_version(&path, &mut connection).await?;
    claim(&path, &mut connection).await?;
    migrate(&path, &mut connection).await?;
    let readers = open_pool(options).await.map_err(|error| open_error(&path, error))?;
    let write_connection = WriteConnection::open(path.clone(), synchronous)
        .map_err(|error| OpenError::Unreadable(path.clone(), error.into()))?;
    // Not before another one is open: the last connection to close empties the log, which takes time.
    connection.close().await.map_err(|error| open_error(&path, error))?;
    let (writer, end) = Writer::start(write_connection, Some(lock)).map_err(OpenError::Thread)?;
    tracing::info!(path = %path.display(), "Opened the database `{}`", path.display());
    Ok(SqliteStore::new(readers, writer, end))
}

/// Makes the folder and the file, because SQLite's own errors about them are right, but of no help. Returns the path by
/// which the file is used.
fn prepare_file(path: &Path) -> Result<PathBuf, OpenError> {
    let path = prepare_folder(path)?;
    match check_database(&path)? {
        Some(there) if there.permissions().readonly() => return Err(OpenError::ReadOnly(path)),
        Some(_) => {}
        None => create_file(&path)?,
    }
    Ok(path)
}

/// An empty file is an empty database.
fn create_file(path: &Path) -> Result<(), OpenError> {
    // What root makes must be of use to the server's own user, whose folder it is.
    let owner = std::fs::metadata(folder_of(path));
    match create(path).and_then(|file| give_to_owner_of(&file, &owner?)) {
        Ok(()) => Ok(()),
        // Another process was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(OpenError::Create(path.to_owned(), error)),
    }
}
