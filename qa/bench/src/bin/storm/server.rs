//! Storm server: the real program, with a folder of its own, which the run ends.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::str::FromStr;
use std::time::Duration;

use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::failed::Failed;

/// What the tokens of everybody are signed with.
const SECRET: &str = "a secret of the storm, long enough";

/// The year 2100.
const FAR_AWAY: u64 = 4_102_444_800;

/// How long a start or a stop may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the server ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// At once, and another one is started.
    Kill,
    /// Gently, and another one is started.
    Term,
    /// It makes room for itself.
    Upgrade,
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "kill" => Ok(Self::Kill),
            "term" => Ok(Self::Term),
            "upgrade" => Ok(Self::Upgrade),
            other => Err(format!("there is no fault `{other}`")),
        }
    }
}

pub(super) struct Server {
    child: Child,
    folder: TempDir,
    authority: String,
    client: reqwest::Client,
    token: String,
}

/// A token that the server believes.
pub(super) fn token(user: &str) -> Result<String, Failed> {
    let claims = json!({ "sub": user, "username": user, "exp": FAR_AWAY });
    Ok(jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes())?)?)
}

impl Server {
    pub(super) async fn start(program: &Path) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        // Free a moment ago, and the same after each start.
        let authority = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let child = launch(program, folder.path(), &authority)?;
        let server =
            Self { child, folder, authority, client: reqwest::Client::new(), token: token("owner")? };
        server.wait_until_it_listens().await?;
        Ok(server)
    }

    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// A request of the owner of all rooms; tried again while the server has no time.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<(), Failed> {
        let url = format!("http://{}{path}", self.authority);
        let sent = timeout(PATIENCE, async {
            loop {
                let request = self.client.post(&url).bearer_auth(&self.token).json(body);
                match request.send().await {
                    Ok(answer) if answer.status().is_success() => return Ok(()),
                    Ok(answer) if answer.status().as_u16() != 503 => {
                        return Err(Failed::from(format!(
                            "{path}: {} {}",
                            answer.status(),
                            answer.text().await?
                        )));
                    }
                    // It restarts.
                    Ok(_) | Err(_) => sleep(Duration::from_millis(50)).await,
                }
            }
        });
        sent.await?
    }

    /// Ends it, and waits until it listens again.
    pub(super) async fn suffer(&mut self, fault: Fault, program: &Path) -> Result<(), Failed> {
        let signal = match fault {
            Fault::Kill => "-KILL",
            Fault::Term => "-TERM",
            Fault::Upgrade => "-USR2",
        };
        let pid = self.child.id().ok_or("the server has ended by itself")?.to_string();
        Command::new("kill").args([signal, &pid]).status().await?;
        if !matches!(fault, Fault::Upgrade) {
            let ended = timeout(PATIENCE, self.child.wait()).await??;
            if matches!(fault, Fault::Term) && !ended.success() {
                return Err(format!("the server did not stop gently: {ended}").into());
            }
            self.child = launch(program, self.folder.path(), &self.authority)?;
        }
        self.wait_until_it_listens().await
    }

    async fn wait_until_it_listens(&self) -> Result<(), Failed> {
        let listens = async {
            while TcpStream::connect(&self.authority).await.is_err() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        Ok(timeout(PATIENCE, listens).await?)
    }

    /// Its resident memory in KiB, from `/proc` (`proc_pid_status(5)`).
    pub(super) fn resident_kb(&self) -> Result<u64, Failed> {
        let pid = self.child.id().ok_or("the server has ended by itself")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.split_whitespace().next().ok_or("no number")?.parse()?)
    }
}

fn launch(program: &Path, folder: &Path, authority: &str) -> Result<Child, Failed> {
    let child = Command::new(program)
        .arg("serve")
        .env("HUBBUB_LISTEN", authority)
        .env("HUBBUB_DATA_DIR", folder)
        .env("HUBBUB_ACCOUNTS", "external")
        .env("HUBBUB_RATE_LIMITS", "off")
        .env("HUBBUB_LOG", "error")
        .env("JWT_SECRET", SECRET)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    Ok(child)
}
