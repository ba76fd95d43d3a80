//! Files of our own: opened without following a symbolic link, and checked once they are open.
//!
//! The user of the service may put anything into the data folder. A command that root runs there must not be led to a file
//! of another user by it: so only a regular file is used, that has no other name, and what is written, or given to another
//! user, is the file that is held open, whatever its name leads to by then. Folders on the way may be links, such as `/data`
//! to another disk.

use std::fs::{File, Metadata, symlink_metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

/// No other user of the machine may read messages.
const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);

/// Why a file is not used that is there. An [`io::Error`] carries it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnfitFile {
    #[error("it is a symbolic link, and none is followed here")]
    Link,
    #[error("it is a folder")]
    Folder,
    #[error("it is no regular file")]
    NotRegular,
    #[error("it has {0} names (hard links), and may have one only")]
    ManyNames(u64),
    #[error("it was moved or replaced meanwhile")]
    Replaced,
}

impl From<UnfitFile> for io::Error {
    fn from(unfit: UnfitFile) -> Self {
        Self::other(unfit)
    }
}

/// Opens a file to read.
///
/// # Errors
/// [`UnfitFile`], and errors of the system.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    open_with(path, OFlags::RDONLY)
}

/// Opens a file to write, and makes it where none is. Its contents remain.
///
/// # Errors
/// As [`open`].
pub(crate) fn open_or_create(path: &Path) -> io::Result<File> {
    open_with(path, OFlags::RDWR | OFlags::CREATE)
}

/// Makes an empty file where nothing is. A link counts as something, wherever it leads.
///
/// # Errors
/// Errors of the system.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    open_with(path, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)
}

fn open_with(path: &Path, flags: OFlags) -> io::Result<File> {
    // Without waiting, as opening a FIFO would until a process opens its other end.
    let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, PRIVATE) {
        Ok(file) => File::from(file),
        Err(error) => {
            let error = io::Error::from(error);
            let is_new = error.kind() == io::ErrorKind::AlreadyExists;
            // The system's own error about a link or a folder is no clear sentence.
            let named = symlink_metadata(path).ok().filter(|_| !is_new);
            return Err(named.and_then(|named| check_kind(&named).err()).map_or(error, Into::into));
        }
    };
    check_held(&file, path)?;
    Ok(file)
}

/// Checks a file that is held open: that it is fit, and that its name leads to it. Answers what the system knows of it.
///
/// # Errors
/// As [`open`].
pub(crate) fn check_held(file: &File, path: &Path) -> io::Result<Metadata> {
    let held = file.metadata()?;
    check(&held)?;
    let named = symlink_metadata(path).map_err(|_| UnfitFile::Replaced)?;
    if (held.dev(), held.ino()) != (named.dev(), named.ino()) {
        return Err(UnfitFile::Replaced.into());
    }
    // Once more: another name may have been taken away before the first check, and this one been given before the second.
    check(&named)?;
    Ok(held)
}

/// Whether a file is fit by what the system knows of it.
///
/// # Errors
/// [`UnfitFile`].
pub(crate) fn check(file: &Metadata) -> Result<(), UnfitFile> {
    check_kind(file)?;
    if file.nlink() == 1 { Ok(()) } else { Err(UnfitFile::ManyNames(file.nlink())) }
}

fn check_kind(file: &Metadata) -> Result<(), UnfitFile> {
    let kind = file.file_type();
    if kind.is_symlink() {
        Err(UnfitFile::Link)
    } else if kind.is_dir() {
        Err(UnfitFile::Folder)
    } else if kind.is_file() {
        Ok(())
    } else {
        Err(UnfitFile::NotRegular)
    }
}

/// Gives a file that is held open to the owner of another one: what root makes must be of use to the server's own user.
///
/// # Errors
/// Errors of the system.
pub(crate) fn give_to_owner_of(file: &File, other: &Metadata) -> io::Result<()> {
    let ours = file.metadata()?;
    if (ours.uid(), ours.gid()) == (other.uid(), other.gid()) {
        return Ok(());
    }
    fchown(file, Some(other.uid()), Some(other.gid()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_whose_name_leads_elsewhere_by_now_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let file = open_or_create(&path("lock")).unwrap();
        check_held(&file, &path("lock")).unwrap();

        std::fs::rename(path("lock"), path("moved")).unwrap();
        assert_eq!(
            check_held(&file, &path("lock")).unwrap_err().to_string(),
            UnfitFile::Replaced.to_string()
        );
        std::fs::write(path("lock"), "another").unwrap();
        assert_eq!(
            check_held(&file, &path("lock")).unwrap_err().to_string(),
            UnfitFile::Replaced.to_string()
        );
        std::fs::hard_link(path("moved"), path("name")).unwrap();
        let names = UnfitFile::ManyNames(2).to_string();
        assert_eq!(check_held(&file, &path("moved")).unwrap_err().to_string(), names);
        std::fs::remove_file(path("moved")).unwrap();
        check_held(&file, &path("name")).unwrap();
    }
}
