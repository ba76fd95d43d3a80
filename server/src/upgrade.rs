//! Another version takes over in place: the same process, the same listening sockets, another program.
//!
//! Connections that come meanwhile wait in the sockets' queues, so none is refused. The process stays the same one, so
//! whoever watches over it has nothing to learn.

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

/// How long a program may take to say its version.
const TRIAL: Duration = Duration::from_secs(5);

/// Why a program cannot take over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpgradeError {
    #[error("`{}` cannot be started", .0.display())]
    Start(PathBuf, #[source] io::Error),
    #[error("`{}` does not run: it ended with {}", .0.display(), .1)]
    Ended(PathBuf, ExitStatus),
    #[error("`{}` did not say its version within {} s", .0.display(), TRIAL.as_secs())]
    Late(PathBuf),
    #[error("the listening sockets cannot be handed over")]
    Socket(#[source] io::Error),
}

/// The program that this process was started as. What is at its path may be another version by now.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
}

impl Program {
    /// The program of this process, by the path that it was started with: a link there may lead elsewhere later.
    pub(crate) fn of_this_process() -> Self {
        let mut arguments = env::args_os();
        let named = arguments.next().map(PathBuf::from).unwrap_or_default();
        // A name without a folder is looked for again, as whoever started it did.
        let is_found = named.parent() == Some(Path::new("")) || named.is_file();
        let path = if is_found { named } else { env::current_exe().unwrap_or(named) };
        Self { path, arguments: arguments.collect() }
    }

    /// Makes sure that what is at the path now runs on this machine.
    pub(crate) async fn try_out(&self) -> Result<(), UpgradeError> {
        let trial = Command::new(&self.path)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .status();
        let ended = timeout(TRIAL, trial).await.map_err(|_| UpgradeError::Late(self.path.clone()))?;
        match ended.map_err(|error| UpgradeError::Start(self.path.clone(), error))? {
            status if status.success() => Ok(()),
            status => Err(UpgradeError::Ended(self.path.clone(), status)),
        }
    }

    /// Lets the program take over with these sockets.
    pub(crate) fn with(self, sockets: &[TcpListener]) -> Result<Successor, UpgradeError> {
        let sockets = in_a_row(sockets).map_err(UpgradeError::Socket)?;
        for socket in &sockets {
            // They would be closed when another program takes over.
            fcntl_setfd(socket, FdFlags::empty()).map_err(|error| UpgradeError::Socket(error.into()))?;
        }
        Ok(Successor { program: self, sockets })
    }
}

/// The number of the first file that is not a standard stream (`sd_listen_fds(3)`).
const FIRST_FILE: RawFd = 3;

/// Copies of the sockets with numbers that follow one another, as the protocol of handing over has it.
fn in_a_row(sockets: &[TcpListener]) -> io::Result<Vec<OwnedFd>> {
    let mut first = FIRST_FILE;
    loop {
        let mut row: Vec<OwnedFd> = Vec::with_capacity(sockets.len());
        for (socket, wanted) in sockets.iter().zip(first..) {
            let copy = fcntl_dupfd_cloexec(socket, wanted)?;
            if copy.as_raw_fd() != wanted {
                // Something else has the number: the row begins behind it.
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

/// What this process becomes.
#[must_use = "nobody listens any more"]
#[derive(Debug)]
pub struct Successor {
    program: Program,
    /// Their numbers follow one another.
    sockets: Vec<OwnedFd>,
}

impl Successor {
    /// Becomes the other program; what comes back is why not. To be called when nothing else runs any more.
    #[must_use = "it only comes back with an error"]
    pub fn take_over(self) -> io::Error {
        let Self { program, sockets } = self;
        let first = sockets.first().map_or(FIRST_FILE, AsRawFd::as_raw_fd);
        std::process::Command::new(program.path)
            .args(program.arguments)
            .env("LISTEN_PID", id().to_string())
            .env("LISTEN_FDS", sockets.len().to_string())
            // Ours do not begin with the third file, as systemd's do.
            .env("LISTEN_FDS_FIRST_FD", first.to_string())
            .exec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_handed_over_under_numbers_that_follow_one_another() {
        let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
        let sockets: Vec<_> = (0..3).map(|_| listen()).collect();
        // A hole that is too small.
        drop(listen());
        let copies = in_a_row(&sockets).unwrap();
        let numbers: Vec<_> = copies.iter().map(AsRawFd::as_raw_fd).collect();
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
        for (socket, copy) in sockets.iter().zip(copies) {
            assert_eq!(socket.local_addr().unwrap(), TcpListener::from(copy).local_addr().unwrap());
        }
        assert!(in_a_row(&[]).unwrap().is_empty());
    }
}
