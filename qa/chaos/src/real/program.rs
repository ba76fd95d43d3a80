//! Server process: starts the real program, kills it and starts it again on the same data.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::watch;

use super::options::Error;

/// What the server signs tokens with; nothing but this run ever sees it.
const SECRET: &str = "a secret of a run that tries to break things";

/// So long may a start take, on a machine that has other things to do.
const START: Duration = Duration::from_mins(1);

/// So long may a stop take.
const STOP: Duration = Duration::from_secs(30);

/// Lines of alarm that are kept.
const ALARMS: usize = 100;

/// So much may wait for a user: 50 MiB of texts, of which some are six times as long in JSON. That too much is refused is
/// what the simulation looks at.
const INBOX_BYTES: &str = "268435456";

/// A server that is not always there.
pub(super) struct Program {
    path: PathBuf,
    folder: PathBuf,
    child: Option<Child>,
    address: watch::Sender<Option<SocketAddr>>,
    /// How often it has begun to listen while its log was read.
    listens: watch::Sender<u64>,
    alarms: Arc<Mutex<Vec<String>>>,
}

impl Program {
    pub(super) fn new(path: &Path, folder: &Path) -> Self {
        let (address, _) = watch::channel(None);
        let (path, folder) = (path.to_owned(), folder.to_owned());
        Self { path, folder, child: None, address, listens: watch::Sender::default(), alarms: Arc::default() }
    }

    /// Where it listens at the moment, if it does.
    pub(super) fn address(&self) -> watch::Receiver<Option<SocketAddr>> {
        self.address.subscribe()
    }

    /// Log lines that a good server does not write.
    pub(super) fn alarms(&self) -> Vec<String> {
        std::mem::take(&mut *self.alarms.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number of its process, while it is there.
    pub(super) fn process(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Starts it and waits until it listens.
    pub(super) async fn start(&mut self) -> Result<(), Error> {
        let mut child = Command::new(&self.path)
            .arg("serve")
            .env_clear()
            .env("HUBBUB_LISTEN", "127.0.0.1:0")
            .env("HUBBUB_DATA_DIR", &self.folder)
            .env("HUBBUB_RATE_LIMITS", "off")
            .env("HUBBUB_MAX_CONNECTIONS_PER_USER", "1000")
            .env("HUBBUB_INBOX_BYTES_PER_USER", INBOX_BYTES)
            .env("HUBBUB_LOG", "warn,server::lifecycle=info")
            .env("JWT_SECRET", SECRET)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(Error::io("the server could not be started"))?;
        let stderr = child.stderr.take().ok_or_else(|| Error::NoStart("nothing".to_owned()))?;
        let mut lines = BufReader::new(stderr).lines();
        let found = tokio::time::timeout(START, find_address(&mut lines)).await;
        let address = found.unwrap_or_else(|_| Err(Error::NoStart(format!("nothing in {START:?}"))))?;
        tokio::spawn(listen(lines, self.listens.clone(), self.alarms.clone()));
        self.child = Some(child);
        self.address.send_replace(Some(address));
        Ok(())
    }

    /// `kill -9`
    pub(super) async fn kill(&mut self) -> Result<(), Error> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let died = child.try_wait().map_err(Error::io("the server could not be looked at"))?;
        if let Some(status) = died {
            self.alarm(format!("the server ended by itself: {status}"));
        }
        child.kill().await.map_err(Error::io("the server could not be killed"))?;
        self.address.send_replace(None);
        Ok(())
    }

    /// `SIGTERM`, and the end that follows: in time, and as a success.
    pub(super) async fn stop(&mut self) -> Result<(), Error> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let process = child.id().map(|id| id.to_string()).unwrap_or_default();
        let asked = Command::new("kill").args(["-TERM", &process]).status().await;
        asked.map_err(Error::io("the server could not be asked to stop"))?;
        match tokio::time::timeout(STOP, child.wait()).await {
            Ok(Ok(status)) if status.success() => {}
            Ok(Ok(status)) => self.alarm(format!("the server was asked to stop and ended with {status}")),
            Ok(Err(source)) => return Err(Error::io("the server could not be waited for")(source)),
            Err(_) => {
                self.alarm(format!("the server was asked to stop and had not in {STOP:?}"));
                child.kill().await.map_err(Error::io("the server could not be killed"))?;
            }
        }
        self.address.send_replace(None);
        Ok(())
    }

    /// `SIGUSR2`, and the successor that takes over the same process and the same socket.
    pub(super) async fn upgrade(&mut self) -> Result<(), Error> {
        let Some(child) = &self.child else { return Ok(()) };
        let process = child.id().map(|id| id.to_string()).unwrap_or_default();
        let mut listens = self.listens.subscribe();
        let asked = Command::new("kill").args(["-USR2", &process]).status().await;
        asked.map_err(Error::io("the server could not be asked to upgrade"))?;
        if tokio::time::timeout(STOP, listens.changed()).await.is_err() {
            self.alarm(format!("the server was asked to upgrade and did not listen again in {STOP:?}"));
        }
        Ok(())
    }

    /// Has the program itself verify its database.
    pub(super) async fn check(&self) -> Result<(), Error> {
        let checked = Command::new(&self.path)
            .arg("check")
            .env_clear()
            .env("HUBBUB_DATA_DIR", &self.folder)
            .output()
            .await
            .map_err(Error::io("the database could not be checked"))?;
        let (out, err) = (String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
        if !checked.status.success() {
            self.alarm(format!("the check of the database ended with {}: {out} {err}", checked.status));
        }
        Ok(())
    }

    fn alarm(&self, line: String) {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

async fn find_address(lines: &mut Lines<BufReader<ChildStderr>>) -> Result<SocketAddr, Error> {
    let mut said = Vec::new();
    while let Ok(Some(line)) = lines.next_line().await {
        let address = line.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
        if let Some(address) = address.and_then(|address| address.parse().ok()) {
            return Ok(address);
        }
        said.push(line);
    }
    Err(Error::NoStart(said.join(" / ")))
}

/// Reads on, because a pipe that is full would stop the server, and keeps what is alarming.
async fn listen(
    mut lines: Lines<BufReader<ChildStderr>>,
    listens: watch::Sender<u64>,
    alarms: Arc<Mutex<Vec<String>>>,
) {
    while let Ok(Some(line)) = lines.next_line().await {
        if line.contains("Listening on") {
            listens.send_modify(|times| *times += 1);
        }
        if line.contains("ERROR") || line.contains("panicked") {
            let mut alarms = alarms.lock().unwrap_or_else(PoisonError::into_inner);
            if alarms.len() < ALARMS {
                alarms.push(format!("the server said: {line}"));
            }
        }
    }
}
