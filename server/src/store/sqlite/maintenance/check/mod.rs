//! `hubbub check`: reads everything in a database and reports each thing that is wrong.
//!
//! One transaction reads one state, whether a server runs or not. Tables are read row by row and in their own order;
//! what has to be sorted goes through temporary files. No answer depends on an index: one that is wrong would hide what
//! it is wrong about, so statements ask for a column that no index has.

mod changes;
mod file;
mod findings;
mod inboxes;
mod messages;
mod rooms;
mod series;

use std::fmt;
use std::path::{Path, PathBuf};

use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;

use self::findings::Findings;
pub(super) use self::findings::Severity;
use super::read_only::{amount, lacks_temporary_files, open_read_only};
use crate::store::sqlite::open_error::OpenError;
use crate::store::sqlite::schema::{SchemaVersion, schema_version};

/// Why a database could not be checked to its end.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It cannot be opened, or it is not ours.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What has to be sorted does not fit into memory, and nowhere else either.
    #[error(
        "temporary files cannot be written, in which a check sorts: let TMPDIR name a folder that has room and may be \
         written to"
    )]
    Temporary(#[source] sqlx::Error),
    /// It cannot be read any further.
    #[error("`{}` cannot be read to its end", .0.display())]
    Read(PathBuf, #[source] sqlx::Error),
}

/// How much was checked, and how much of it is wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Rooms, live rooms of chats among them.
    pub rooms: u64,
    /// Messages in all rooms.
    pub messages: u64,
    /// Things that are wrong.
    pub findings: u64,
    /// Things that are whole and that an operator should know of.
    pub notes: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rooms, messages, findings, notes } = self;
        write!(out, "Checked {rooms} rooms and {messages} messages: ")?;
        match findings {
            0 => out.write_str("nothing is wrong"),
            1 => out.write_str("1 finding"),
            many => write!(out, "{many} findings"),
        }?;
        match notes {
            0 => Ok(()),
            1 => out.write_str(", 1 note"),
            many => write!(out, ", {many} notes"),
        }
    }
}

/// Checks everything in a database and reports each thing that is wrong, as one line. Lines that begin with `note: ` are about
/// what is whole.
///
/// # Errors
/// [`CheckError`] when it cannot be read; what was reported before holds all the same.
pub async fn check(path: &Path, mut report: impl FnMut(&str)) -> Result<Report, CheckError> {
    check_with_severity(path, |severity, line| match severity {
        Severity::Finding => report(line),
        Severity::Note => report(&format!("note: {line}")),
    })
    .await
}

/// As [`check`], with the severity of each line.
pub(super) async fn check_with_severity(
    path: &Path,
    mut report: impl FnMut(Severity, &str),
) -> Result<Report, CheckError> {
    let mut connection = open_read_only(path).await?;
    if let SchemaVersion::Older(schema) = schema_version(path, &mut connection).await? {
        return Err(OpenError::Older { path: path.to_owned(), schema }.into());
    }
    let mut findings = Findings::new(&mut report);
    let checked = check_all(&mut connection, &mut findings).await;
    // Waited for, because closing removes files by name, and the caller may be about to replace them.
    let closed = connection.close().await;
    checked.and_then(|report| closed.map(|()| report)).map_err(|error| match error {
        error if lacks_temporary_files(&error) => CheckError::Temporary(error),
        error => CheckError::Read(path.to_owned(), error),
    })
}

async fn check_all(
    connection: &mut SqliteConnection,
    findings: &mut Findings<'_>,
) -> Result<Report, sqlx::Error> {
    let mut snapshot = connection.begin().await?;
    let amount = amount(&mut snapshot).await?;
    file::check(&mut snapshot, findings).await?;
    rooms::check(&mut snapshot, findings).await?;
    messages::check(&mut snapshot, findings).await?;
    changes::check(&mut snapshot, findings).await?;
    inboxes::check(&mut snapshot, findings).await?;
    snapshot.commit().await?;
    Ok(Report {
        rooms: amount.rooms,
        messages: amount.messages,
        findings: findings.count(),
        notes: findings.notes(),
    })
}
