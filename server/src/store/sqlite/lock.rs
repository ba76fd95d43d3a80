//! The lock of a database: one process serves or replaces it at a time, by a lock on a file beside it.

use std::fs::{File, TryLockError, symlink_metadata};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use super::files::{beside, folder_of};
use super::open_error::OpenError;
use crate::own_file::{check_held, give_to_owner_of, open_or_create};

/// Digits that the number of a process has at most.
const PROCESS_DIGITS: usize = 20;

/// Held as long as this lives; the system releases it when the process ends, however it ends. The file stays, because
/// removing it would let two others lock two different files.
#[derive(Debug)]
pub(super) struct Lock {
    /// Open, and so locked.
    _file: File,
}

/// Something else is at the path of the lock file, and is not written over.
#[derive(Debug, thiserror::Error)]
#[error("it is no lock file: it holds something else than the number of a process")]
struct NotALock;

impl Lock {
    /// Takes the lock of a database, or of the path for one. The path has no link in it.
    pub(super) fn take(database: &Path) -> Result<Self, OpenError> {
        let path = beside(database, "-lock");
        let lock_error = |error: io::Error| match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                OpenError::ReadOnly(database.to_owned())
            }
            _ => OpenError::Lock(path.clone(), error),
        };
        let mut file = open_or_create(&path).map_err(lock_error)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                // It may be just about to write its number.
                let process = read_process(&mut file).ok().filter(|process| !process.is_empty());
                let process = process.unwrap_or_else(|| "unknown".to_owned());
                return Err(OpenError::InUse { path: database.to_owned(), process });
            }
            Err(TryLockError::Error(error)) => return Err(lock_error(error)),
        }
        // Locked is what was opened: the name may lead to another file by now, which another process locks.
        let noted = check_held(&file, &path)
            .and_then(|_| read_process(&mut file))
            .and_then(|_| give_to_owner(&file, database))
            .and_then(|()| note_process(&mut file));
        noted.map_err(lock_error)?;
        Ok(Self { _file: file })
    }
}

/// What a lock file holds: nothing, or the number of the process that took it last.
fn read_process(file: &mut File) -> io::Result<String> {
    let mut text = Vec::new();
    let most = u64::try_from(PROCESS_DIGITS).unwrap_or(u64::MAX);
    file.take(most + 1).read_to_end(&mut text)?;
    let text = String::from_utf8(text).map_err(|_| io::Error::other(NotALock))?;
    let is_number = text.len() <= PROCESS_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { Ok(text) } else { Err(io::Error::other(NotALock)) }
}

fn give_to_owner(file: &File, database: &Path) -> io::Result<()> {
    let owner = symlink_metadata(database).or_else(|_| std::fs::metadata(folder_of(database)))?;
    give_to_owner_of(file, &owner)
}

fn note_process(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())
}
