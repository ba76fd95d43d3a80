//! Binary upgrade: replaces the running program by a newer one in the same process, with the same listening sockets.
//!
//! New connections wait in the sockets' accept queues meanwhile, so none is refused. The process id stays the same, so service
//! managers see no restart.

use std::env;
use std::ffi::OsString;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio, id};
use std::time::Duration;

use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use tokio::process::Command;
use tokio::time::timeout;

/// How long the new program may take to print its version.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(5);

/// Why the new program cannot take over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpgradeError {
    #[error("`{}` cannot be started", .0.display())]
    Start(PathBuf, #[source] io::Error),
    #[error("`{}` does not run: it ended with {}", .0.display(), .1)]
    Ended(PathBuf, ExitStatus),
    #[error("`{}` did not print its version within {} s", .0.display(), TRIAL_TIMEOUT.as_secs())]
    Late(PathBuf),
    #[error("the listening sockets cannot be passed on")]
    Socket(#[source] io::Error),
}

/// The binary that this process was started from. The file at its path may be a newer version by now.
#[derive(Debug, Clone)]
pub(crate) struct Binary {
    path: PathBuf,
    arguments: Vec<OsString>,
}

impl Binary {
    /// The binary of this process, by the path that it was started with: a link there may lead elsewhere later.
    pub(crate) fn of_this_process() -> Self {
        let mut arguments = env::args_os();
        let named = arguments.next().map(PathBuf::from).unwrap_or_default();
        // A name without a folder is searched in PATH again, as at the start.
        let is_searchable = named.parent() == Some(Path::new("")) || named.is_file();
        let path = if is_searchable { named } else { env::current_exe().unwrap_or(named) };
        Self { path, arguments: arguments.collect() }
    }

    /// Checks that the file at the path runs on this machine.
    pub(crate) async fn try_out(&self) -> Result<(), UpgradeError> {
        let trial = Command::new(&self.path)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .status();
        let ended = timeout(TRIAL_TIMEOUT, trial).await.map_err(|_| UpgradeError::Late(self.path.clone()))?;
        match ended.map_err(|error| UpgradeError::Start(self.path.clone(), error))? {
            status if status.success() => Ok(()),
            status => Err(UpgradeError::Ended(self.path.clone(), status)),
        }
    }

    /// Prepares the sockets to outlive this program.
    pub(crate) fn with(self, sockets: &[TcpListener]) -> Result<NextBinary, UpgradeError> {
        let sockets = consecutive_copies(sockets).map_err(UpgradeError::Socket)?;
        for socket in &sockets {
            // Otherwise exec would close them.
            fcntl_setfd(socket, FdFlags::empty()).map_err(|error| UpgradeError::Socket(error.into()))?;
        }
        Ok(NextBinary { binary: self, sockets })
    }
}

/// The number of the first file that is not a standard stream (`sd_listen_fds(3)`).
const FIRST_FILE: RawFd = 3;

/// Copies of the sockets with consecutive numbers, as `sd_listen_fds(3)` requires.
fn consecutive_copies(sockets: &[TcpListener]) -> io::Result<Vec<OwnedFd>> {
    let mut first = FIRST_FILE;
    loop {
        let mut row: Vec<OwnedFd> = Vec::with_capacity(sockets.len());
        for (socket, wanted) in sockets.iter().zip(first..) {
            let copy = fcntl_dupfd_cloexec(socket, wanted)?;
            if copy.as_raw_fd() != wanted {
                // The number is taken: the row begins behind it.
                first = copy.as_raw_fd();
                break;
            }
            row.push(copy);
        }
        if row.len() == sockets.len() {
            return Ok(row);
        }
    }
}

/// The next binary of this process, with the listening sockets.
#[must_use = "the sockets are only served by the next binary"]
#[derive(Debug)]
pub struct NextBinary {
    binary: Binary,
    /// With consecutive numbers.
    sockets: Vec<OwnedFd>,
}

impl NextBinary {
    /// Replaces this program; returns only with an error. To be called when nothing else runs any more.
    #[must_use = "it only returns with an error"]
    pub fn exec(self) -> io::Error {
        let Self { binary, sockets } = self;
        let first = sockets.first().map_or(FIRST_FILE, AsRawFd::as_raw_fd);
        std::process::Command::new(binary.path)
            .args(binary.arguments)
            .env("LISTEN_PID", id().to_string())
            .env("LISTEN_FDS", sockets.len().to_string())
            // Ours do not begin at 3, as systemd's do.
            .env("LISTEN_FDS_FIRST_FD", first.to_string())
            .exec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_passed_on_with_consecutive_numbers() {
        let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
        let sockets: Vec<_> = (0..3).map(|_| listen()).collect();
        // A hole that is too small.
        drop(listen());
        let copies = consecutive_copies(&sockets).unwrap();
        let numbers: Vec<_> = copies.iter().map(AsRawFd::as_raw_fd).collect();
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
        for (socket, copy) in sockets.iter().zip(copies) {
            assert_eq!(socket.local_addr().unwrap(), TcpListener::from(copy).local_addr().unwrap());
        }
        assert!(consecutive_copies(&[]).unwrap().is_empty());
    }
}
