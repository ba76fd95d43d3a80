//! Another version takes over in place: the same process, the same listening socket, another program.
//!
//! Connections that come meanwhile wait in the socket's queue, so none is refused. The process stays the same one, so
//! whoever watches over it has nothing to learn.

use std::env;
use std::ffi::OsString;
use std::io;
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio, id};
use std::time::Duration;

use rustix::io::{FdFlags, fcntl_setfd};
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
    #[error("the listening socket cannot be handed over")]
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

    /// Lets the program take over with this socket.
    pub(crate) fn with(self, socket: TcpListener) -> Result<Successor, UpgradeError> {
        // Standard library sockets are closed when another program takes over.
        fcntl_setfd(&socket, FdFlags::empty()).map_err(|error| UpgradeError::Socket(error.into()))?;
        Ok(Successor { program: self, socket })
    }
}

/// What this process becomes.
#[must_use = "nobody listens any more"]
#[derive(Debug)]
pub struct Successor {
    program: Program,
    socket: TcpListener,
}

impl Successor {
    /// Becomes the other program; what comes back is why not. To be called when nothing else runs any more.
    #[must_use = "it only comes back with an error"]
    pub fn take_over(self) -> io::Error {
        let Self { program, socket } = self;
        std::process::Command::new(program.path)
            .args(program.arguments)
            .env("LISTEN_PID", id().to_string())
            .env("LISTEN_FDS", "1")
            // Ours is not the third file, as systemd's is.
            .env("LISTEN_FDS_FIRST_FD", socket.as_raw_fd().to_string())
            .exec()
    }
}
