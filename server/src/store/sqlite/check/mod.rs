//! Whether everything is there: what `hubbub check` looks at, and what it says.
//!
//! One transaction reads one state, whether a server runs or not. Tables are read row by row and in their own order;
//! what has to be sorted goes through temporary files. No answer depends on an index: one that is wrong would hide what
//! it is wrong about, so statements ask for a column that no index has.

mod file;
mod inboxes;
mod messages;
mod rooms;
mod series;

use std::fmt;
use std::path::{Path, PathBuf};

use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use super::OpenError;
use super::look::{Age, age, amount, lacks_temporary_files, open_to_read};

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

/// How much was looked at, and how much of it is wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Rooms, live rooms of chats among them.
    pub rooms: u64,
    /// Messages in all rooms.
    pub messages: u64,
    /// Things that are wrong.
    pub findings: u64,
    /// Things that are whole and that somebody should know of.
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

/// How much a line of a check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Something is wrong.
    Finding,
    /// All is whole, and somebody should know of something.
    Note,
}

/// Looks at everything in a database and tells each thing that is wrong, as one line. Lines that begin with `note: ` are about
/// what is whole.
///
/// # Errors
/// [`CheckError`] when it cannot be read; what was told before holds all the same.
pub async fn check(path: &Path, mut tell: impl FnMut(&str)) -> Result<Report, CheckError> {
    check_by_weight(path, |weight, line| match weight {
        Weight::Finding => tell(line),
        Weight::Note => tell(&format!("note: {line}")),
    })
    .await
}

/// As [`check`], with the weight of each line.
pub(super) async fn check_by_weight(
    path: &Path,
    mut tell: impl FnMut(Weight, &str),
) -> Result<Report, CheckError> {
    let mut connection = open_to_read(path).await?;
    if let Age::Older(schema) = age(path, &mut connection).await? {
        return Err(OpenError::Older { path: path.to_owned(), schema }.into());
    }
    let mut findings = Findings { tell: &mut tell, count: 0, notes: 0 };
    let looked = look_at_all(&mut connection, &mut findings).await;
    // Waited for, because closing removes files by name, and whoever asked may be about to replace them.
    let closed = connection.close().await;
    looked.and_then(|report| closed.map(|()| report)).map_err(|error| match error {
        error if lacks_temporary_files(&error) => CheckError::Temporary(error),
        error => CheckError::Read(path.to_owned(), error),
    })
}

async fn look_at_all(
    connection: &mut SqliteConnection,
    findings: &mut Findings<'_>,
) -> Result<Report, sqlx::Error> {
    let mut snapshot = connection.begin().await?;
    let amount = amount(&mut snapshot).await?;
    file::look(&mut snapshot, findings).await?;
    rooms::look(&mut snapshot, findings).await?;
    messages::look(&mut snapshot, findings).await?;
    inboxes::look(&mut snapshot, findings).await?;
    snapshot.commit().await?;
    let Findings { count, notes, .. } = *findings;
    Ok(Report { rooms: amount.rooms, messages: amount.messages, findings: count, notes })
}

/// What is wrong. Told at once, because there may be very much of it.
struct Findings<'a> {
    tell: &'a mut dyn FnMut(Weight, &str),
    count: u64,
    notes: u64,
}

impl Findings<'_> {
    fn add(&mut self, finding: &str) {
        self.count += 1;
        // What is stored may have any characters in it.
        (self.tell)(Weight::Finding, &finding.replace(char::is_control, " "));
    }

    fn note(&mut self, note: &str) {
        self.notes += 1;
        (self.tell)(Weight::Note, &note.replace(char::is_control, " "));
    }

    fn add_some(&mut self, finding: Option<String>) {
        if let Some(finding) = finding {
            self.add(&finding);
        }
    }
}

/// An identifier as people see it elsewhere, or what is in its place.
fn name(id: &[u8]) -> String {
    Uuid::from_slice(id).map_or_else(|_| format!("{id:02x?}"), |id| id.to_string())
}

/// A name that may be missing, because what it belongs to is.
fn or_key(name: Option<&str>, key: i64) -> String {
    name.map_or_else(|| format!("(unknown, key {key})"), str::to_owned)
}
