//! One program for one database: who serves it, or replaces it, holds a lock on a file beside it.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::OpenError;
use super::files::{beside, folder_of, give_to_owner_of, open_private};

/// Held as long as this lives; the system lets go of it when the process ends, however it ends. The file stays, because
/// removing it would let two others lock two different files.
#[derive(Debug)]
pub(super) struct Lock {
    /// Open, and so locked.
    _file: File,
}

impl Lock {
    /// Takes the lock of a database, or of the place for one.
    pub(super) fn take(database: &Path) -> Result<Self, OpenError> {
        // By whatever link it is called.
        let database = database.canonicalize().unwrap_or_else(|_| database.to_owned());
        let path = beside(&database, "-lock");
        let refused = |error: io::Error| match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                OpenError::ReadOnly(database.clone())
            }
            _ => OpenError::Lock(path.clone(), error),
        };
        let mut file = open_private(&path).map_err(refused)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                // It may be just about to write its number.
                file.read_to_string(&mut process).ok();
                if process.is_empty() {
                    "unknown".clone_into(&mut process);
                }
                return Err(OpenError::InUse { path: database, process });
            }
            Err(TryLockError::Error(error)) => return Err(refused(error)),
        }
        let owner = if database.exists() { &database } else { folder_of(&database) };
        give_to_owner_of(&path, owner).map_err(refused)?;
        file.set_len(0).map_err(refused)?;
        write!(file, "{}", std::process::id()).map_err(refused)?;
        Ok(Self { _file: file })
    }
}
