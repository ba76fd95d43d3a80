//! Files beside the database: their names, and the checks before SQLite opens them, because it opens them by name.

use std::ffi::OsString;
use std::fs::{DirEntry, File, Metadata, symlink_metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use super::open_error::OpenError;
use crate::own_file::{UnfitFile, check};

/// What SQLite keeps beside a database (<https://sqlite.org/tempfiles.html>).
const BESIDE: [&str; 3] = ["-journal", "-wal", "-shm"];

/// The name with something behind it, as SQLite calls what belongs to a database (`-wal`, `-shm`).
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// The folder that a file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The path with a folder that is no link, and none on the way to it. The file itself may be missing.
pub(super) fn resolve_folder(path: &Path) -> Result<PathBuf, OpenError> {
    let name = path.file_name().ok_or_else(|| OpenError::IsFolder(path.to_owned()))?;
    let folder = folder_of(path);
    let folder = folder.canonicalize().map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
    Ok(folder.join(name))
}

/// Makes the folder that a file is to be in. Returns the path of the file without links on the way.
pub(super) fn prepare_folder(path: &Path) -> Result<PathBuf, OpenError> {
    let folder = folder_of(path);
    std::fs::create_dir_all(folder).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
    resolve_folder(path)
}

/// Waits until the names in a folder are on the disk.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Removes a file or a link, if it is there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes what SQLite may have left beside a database.
pub(super) fn remove_beside(path: &Path) -> io::Result<()> {
    BESIDE.iter().try_for_each(|ending| remove(&beside(path, ending)))
}

/// Checks a database and what is beside it before SQLite opens them; `None`: there is no database yet.
///
/// SQLite opens files by name. Beside a database it follows no link, but it writes into a file that has other names, waits
/// for the other end of a FIFO, and as root gives what it opens to the owner of the database. So the files are checked
/// before. What remains: a user who may write into the folder can replace one between this check and the opening. A link
/// at the path of the database is then followed by sqlx, which cannot set `SQLITE_OPEN_NOFOLLOW` (the connection that writes
/// does); a hard link to a file that one may not write is refused by Linux (`fs.protected_hardlinks`, on by default).
pub(super) fn check_database(path: &Path) -> Result<Option<Metadata>, OpenError> {
    let database = check_file(path, path)?;
    let owner = database.as_ref().map(Metadata::uid).filter(|_| geteuid().is_root());
    for ending in BESIDE {
        let path_beside = beside(path, ending);
        let Some(found) = check_file(&path_beside, path)? else { continue };
        if owner.is_some_and(|owner| owner != found.uid()) {
            return Err(OpenError::OtherOwner(path_beside));
        }
    }
    Ok(database)
}

/// The file under a name, if it is fit to be a part of a database.
fn check_file(path: &Path, database: &Path) -> Result<Option<Metadata>, OpenError> {
    let found = match symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(OpenError::Unreadable(path.to_owned(), error.into())),
    };
    let fit = match check(&found) {
        Err(UnfitFile::Folder) if path == database => return Err(OpenError::IsFolder(path.to_owned())),
        Err(UnfitFile::ManyNames(names)) => {
            let kept = u64::try_from(kept_names(&found, database).len()).unwrap_or(u64::MAX);
            if names == kept.saturating_add(1) { Ok(()) } else { Err(UnfitFile::ManyNames(names)) }
        }
        checked => checked,
    };
    fit.map_err(|unfit| OpenError::Unfit(path.to_owned(), unfit.into()))?;
    Ok(Some(found))
}

/// The names of a file under which a restore keeps what was there before. One that was cut off leaves the file under both.
pub(super) fn kept_names(file: &Metadata, database: &Path) -> Vec<PathBuf> {
    let prefix = beside(Path::new(database.file_name().unwrap_or_default()), ".");
    let is_kept = |entry: &DirEntry| {
        let starts = entry.file_name().as_encoded_bytes().starts_with(prefix.as_os_str().as_encoded_bytes());
        starts && entry.metadata().is_ok_and(|other| (other.dev(), other.ino()) == (file.dev(), file.ino()))
    };
    let entries = std::fs::read_dir(folder_of(database)).into_iter().flatten().flatten();
    entries.filter(is_kept).map(|entry| entry.path()).collect()
}
