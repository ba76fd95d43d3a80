//! Server under attack: the release build, in production mode, with its limits on.

use std::fs::File;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::failed::Failed;

/// What tokens are signed with; only this run knows it.
const SECRET: &str = "a secret of one run of the attack program";

/// The year 2100.
const FAR_AWAY: u64 = 4_102_444_800;

/// How long a start may take.
const START: Duration = Duration::from_secs(30);

/// Bytes of the file that is asked for and not read.
const FILE_BYTES: usize = 16 * 1024 * 1024;

/// Where that file is.
pub(crate) const FILE_PATH: &str = "/pkg/large.wasm";

/// Where accounts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accounts {
    /// With the application, which signs tokens.
    External,
    /// With the server, which checks passwords.
    Local,
}

/// What is attacked. Copying it copies two addresses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Targets {
    /// Where the ordinary clients are.
    pub(crate) hub: SocketAddr,
    /// A server beside it that checks passwords.
    pub(crate) accounts: SocketAddr,
}

/// A server that ends with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    folder: TempDir,
}

impl Server {
    /// Starts the program on a free port and waits until it listens.
    pub(crate) async fn start(program: &Path, accounts: Accounts) -> Result<Self, Failed> {
        let folder = tempfile::tempdir().map_err(Failed::io("no folder for the server's data"))?;
        let site = folder.path().join("site");
        std::fs::create_dir_all(site.join("pkg")).map_err(Failed::io("no folder for the pages"))?;
        std::fs::write(site.join("pkg/large.wasm"), vec![7; FILE_BYTES])
            .map_err(Failed::io("the large file cannot be written"))?;
        let log = File::create(folder.path().join("log")).map_err(Failed::io("no log"))?;
        let child = Command::new(program)
            .arg("serve")
            .env_clear()
            .env("HUBBUB_LISTEN", "127.0.0.1:0")
            .env("HUBBUB_DATA_DIR", folder.path())
            .env("HUBBUB_SITE_DIR", &site)
            .env("HUBBUB_ACCOUNTS", if accounts == Accounts::External { "external" } else { "local" })
            .env("JWT_SECRET", SECRET)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(Failed::io("the server cannot be started"))?;
        let mut server = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), folder };
        server.address = server.wait_for_address().await?;
        Ok(server)
    }

    async fn wait_for_address(&self) -> Result<SocketAddr, Failed> {
        let end = Instant::now() + START;
        loop {
            let log = self.log()?;
            let address = log.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
            match address.and_then(|address| address.parse().ok()) {
                Some(address) => return Ok(address),
                None if Instant::now() >= end => return Err(Failed::NoStart(log)),
                None => sleep(Duration::from_millis(20)).await,
            }
        }
    }

    fn log(&self) -> Result<String, Failed> {
        let mut log = String::new();
        let file = File::open(self.folder.path().join("log"));
        let mut file = file.map_err(Failed::io("the log cannot be read"))?;
        file.read_to_string(&mut log).map_err(Failed::io("the log cannot be read"))?;
        Ok(log)
    }

    /// Lines of the log by level: warnings and errors, and the first error.
    pub(crate) fn alarms(&self) -> Result<(usize, usize, Option<String>), Failed> {
        let log = self.log()?;
        let count = |level: &str| log.lines().filter(|line| line.contains(level)).count();
        let first = log.lines().find(|line| line.contains(" ERROR ")).map(str::to_owned);
        Ok((count(" WARN "), count(" ERROR "), first))
    }

    /// Resident memory in KiB (proc(5)).
    pub(crate) fn resident_kib(&self) -> Result<u64, Failed> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.map_err(Failed::io("the server is gone"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        kib.ok_or_else(|| Failed::Usage("the server is gone".to_owned()))
    }

    /// Where its data is.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Files that the server has open.
    pub(crate) fn open_files(&self) -> Result<usize, Failed> {
        let files = std::fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        Ok(files.map_err(Failed::io("the server is gone"))?.count())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait().map(drop)) {
            eprintln!("attack: the server could not be ended: {error}");
        }
    }
}

/// An access token of this user, as the application behind the hub would sign it.
pub(crate) fn token(user: &str) -> Result<String, Failed> {
    let claims = json!({ "sub": user, "username": user, "exp": FAR_AWAY });
    Ok(jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes())?)?)
}
