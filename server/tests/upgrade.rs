//! Binary upgrades and socket activation: the listening socket outlives the program.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on says so"
)]

mod socket;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use protocol::rest::Tokens;
use protocol::{Cursor, RoomId, ServerFrame};
use rustix::io::{FdFlags, fcntl_setfd};
use serde_json::{Value, json};
use socket::{PATIENCE, Socket, post};
use tempfile::TempDir;
use tokio::sync::mpsc;

/// The real program, started by a link in its folder.
struct Program {
    child: Child,
    address: String,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Program {
    async fn start(folder: &Path) -> Self {
        let link = folder.join("hubbub");
        symlink(env!("CARGO_BIN_EXE_hubbub"), &link).unwrap();
        let mut command = Command::new(link);
        command.arg("serve").env("HUBBUB_LISTEN", "127.0.0.1:0");
        Self::run(command, folder).await
    }

    async fn run(mut command: Command, folder: &Path) -> Self {
        command
            .env("HUBBUB_DATA_DIR", folder)
            .env("HUBBUB_RATE_LIMITS", "off")
            .env("JWT_SECRET", "a secret of the tests, long enough")
            .env("NO_COLOR", "1");
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in output.lines() {
                // Lines may have no reader any more, but a full pipe must not stop the program.
                sender.send(line.unwrap()).ok();
            }
        });
        let mut program = Self { child, address: String::new(), lines };
        let line = program.line_with("http://").await;
        let address = line.split("http://").nth(1).unwrap().split_whitespace().next().unwrap();
        Self { address: address.to_owned(), ..program }
    }

    /// The next line of the log that has these words.
    async fn line_with(&mut self, words: &str) -> String {
        loop {
            let line = tokio::time::timeout(PATIENCE, self.lines.recv()).await;
            match line.unwrap_or_else(|_| panic!("nothing is logged of `{words}`")) {
                Some(line) if line.contains(words) => return line,
                Some(_) => {}
                None => panic!("the program ended before it logged `{words}`"),
            }
        }
    }

    fn signal(&self, name: &str) {
        let order = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &order]).status().unwrap().success());
    }

    /// `SIGTERM`; the exit code.
    fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.wait().unwrap().code()
    }

    async fn post(&self, path: &str, token: &str, body: &Value) -> Value {
        let url = format!("http://{}{path}", self.address);
        let answer = reqwest::Client::new().post(url).bearer_auth(token).json(body).send().await.unwrap();
        answer.json().await.unwrap()
    }

    async fn register(&self, name: &str) -> Tokens {
        let email = format!("{name}@example.org");
        let form = json!({ "username": name, "email": email, "password": "correct horse battery" });
        serde_json::from_value(self.post("/api/v1/auth/register", "", &form).await).unwrap()
    }

    /// Everything in a room, in its order.
    async fn everything(&self, room: &RoomId, who: &Tokens) -> Vec<String> {
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let url = format!("http://{}/api/v1/chats/{room}/messages?after={after}&limit=200", self.address);
            let page = reqwest::Client::new().get(url).bearer_auth(&who.access_token).send().await.unwrap();
            let page: Value = page.json().await.unwrap();
            for message in page["messages"].as_array().unwrap() {
                after += 1;
                assert_eq!(message["seq"], after);
                all.push(message["content"].as_str().unwrap().to_owned());
            }
            if page["has_more"] == json!(false) {
                return all;
            }
        }
    }
}

/// A client that posts one line after the other, comes back whenever the connection ends, and sends again what was not
/// answered.
struct Poster {
    url: String,
    room: RoomId,
    name: u128,
    posted: Arc<AtomicUsize>,
    ends: Arc<AtomicBool>,
    since: Option<Cursor>,
    recoveries: usize,
}

impl Poster {
    /// The lines that were acknowledged, and how often the connection was recovered.
    async fn run(mut self) -> (BTreeMap<u64, String>, usize) {
        let mut acknowledged = BTreeMap::new();
        let mut line = 0;
        while !self.ends.load(Ordering::Relaxed) {
            // A handshake of a fresh connection is always answered; during a stop perhaps with `come back later`.
            let Ok(mut socket) = Socket::try_connect(&self.url, &[]).await else { continue };
            if !self.join(&mut socket).await {
                continue;
            }
            while !self.ends.load(Ordering::Relaxed) {
                let text = format!("{} {line}", self.name);
                let frame = post(&self.room, self.name * 1_000_000 + line, &text);
                let draft = self.name * 1_000_000 + line;
                if !socket.try_say(&frame).await {
                    break;
                }
                let Some(seq) = self.answer(&mut socket, draft).await else { break };
                assert_eq!(acknowledged.insert(seq, text), None);
                self.posted.fetch_add(1, Ordering::Relaxed);
                line += 1;
            }
        }
        (acknowledged, self.recoveries)
    }

    async fn join(&mut self, socket: &mut Socket) -> bool {
        let join = protocol::ClientFrame::Join { room: self.room.clone(), since: self.since, changes: None };
        if !socket.try_say(&join).await {
            return false;
        }
        while let Ok(frame) = socket.next().await {
            if let ServerFrame::Joined { data } = frame {
                if let Some(since) = self.since {
                    assert!(data.recovered, "nothing may be missing after {since:?}");
                    self.recoveries += 1;
                }
                self.since = Some(data.head);
                return true;
            }
        }
        false
    }

    /// The number of the line; `None` if the connection ended before.
    async fn answer(&mut self, socket: &mut Socket, draft: u128) -> Option<u64> {
        while let Ok(frame) = socket.next().await {
            match frame {
                ServerFrame::Posted { data } if data.draft.0.as_u128() == draft => {
                    return Some(data.cursor.seq);
                }
                ServerFrame::Message { data } => {
                    let before = self.since.map_or(0, |since| since.seq);
                    assert_eq!(data.cursor.seq, before + 1, "every line is told once and in order");
                    self.since = Some(data.cursor);
                }
                _ => {}
            }
        }
        None
    }
}

/// Connects again and again, each time with a connection of its own.
async fn try_connect(address: String, ends: Arc<AtomicBool>) -> usize {
    let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let mut count = 0;
    while !ends.load(Ordering::Relaxed) {
        let answer = client.get(format!("http://{address}/healthz")).send().await;
        assert_eq!(answer.unwrap().status(), 200);
        count += 1;
    }
    count
}

async fn reaches(counter: &AtomicUsize, count: usize) {
    let reached = async {
        while counter.load(Ordering::Relaxed) < count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_refuses_no_connection_and_loses_or_doubles_nothing() {
    const POSTERS: u128 = 3;
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path()).await;
    let pid = program.child.id();
    let ann = program.register("ann").await;
    let room = program.post("/api/v1/chats", &ann.access_token, &json!({ "name": "Kitchen" })).await;
    let room: RoomId = serde_json::from_value(room["id"].clone()).unwrap();

    let ends = Arc::new(AtomicBool::new(false));
    let posted: Arc<AtomicUsize> = Arc::default();
    let knocking = tokio::spawn(try_connect(program.address.clone(), ends.clone()));
    let posting: Vec<_> = (1..=POSTERS)
        .map(|name| Poster {
            url: format!("ws://{}/api/v1/ws?token={}", program.address, ann.access_token),
            room: room.clone(),
            name,
            posted: posted.clone(),
            ends: ends.clone(),
            since: None,
            recoveries: 0,
        })
        .map(|poster| tokio::spawn(poster.run()))
        .collect();
    for _ in 0..2 {
        reaches(&posted, posted.load(Ordering::Relaxed) + 50).await;
        program.signal("USR2");
        program.line_with("Upgrading").await;
        let line = program.line_with("http://").await;
        assert!(line.contains(&program.address), "{line}");
    }
    reaches(&posted, posted.load(Ordering::Relaxed) + 50).await;
    ends.store(true, Ordering::Relaxed);

    assert!(knocking.await.unwrap() > 10);
    let mut acknowledged = BTreeMap::new();
    for poster in posting {
        let (lines, recoveries) = poster.await.unwrap();
        assert_eq!(recoveries, 2, "one for each change of the program");
        acknowledged.extend(lines);
    }
    let stored = program.everything(&room, &ann).await;
    for (seq, text) in &acknowledged {
        assert_eq!(stored.get(usize::try_from(*seq).unwrap() - 1), Some(text), "acknowledged, and gone");
    }
    // The last line of each may be stored and not answered.
    assert!(stored.len() - acknowledged.len() <= 3);
    for name in 1..=POSTERS {
        let prefix = format!("{name} ");
        let of_one: Vec<&String> = stored.iter().filter(|text| text.starts_with(&prefix)).collect();
        let expected: Vec<String> = (0..of_one.len()).map(|n| format!("{name} {n}")).collect();
        assert!(of_one.into_iter().eq(&expected), "each line once, in the order in which it was written");
    }
    assert_eq!((program.child.id(), program.child.try_wait().unwrap()), (pid, None));
    assert_eq!(program.stop(), Some(0));
}

#[tokio::test]
async fn a_program_that_does_not_start_does_not_take_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path()).await;
    let link = folder.path().join("hubbub");
    std::fs::remove_file(&link).unwrap();
    program.signal("USR2");
    program.line_with("Could not upgrade").await;
    symlink("/bin/false", &link).unwrap();
    program.signal("USR2");
    program.line_with("Could not upgrade").await;
    let ann = program.register("ann").await;
    let mut socket =
        Socket::enter(&format!("ws://{}/api/v1/ws?token={}", program.address, ann.access_token)).await;
    assert!(socket.before_pong().await.is_empty());
    assert_eq!(program.stop(), Some(0));
}

/// Starts the program with a socket of ours, as systemd does. `pid` is what the shell makes of it.
async fn activated(listener: &TcpListener, pid: &str, listen: &str) -> (Program, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fcntl_setfd(listener, FdFlags::empty()).unwrap();
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("LISTEN_PID={pid} exec {} serve", env!("CARGO_BIN_EXE_hubbub")))
        .env("LISTEN_FDS", "1")
        .env("LISTEN_FDS_FIRST_FD", listener.as_raw_fd().to_string())
        .env("HUBBUB_LISTEN", listen);
    let program = Program::run(command, folder.path()).await;
    (program, folder)
}

#[tokio::test]
async fn an_inherited_socket_is_served_and_outlives_the_program() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // Comes before there is a program.
    let early = tokio::spawn(reqwest::get(format!("http://{address}/healthz")));
    let (program, _folder) = activated(&listener, "$$", "127.0.0.1:1").await;
    assert_eq!(program.address, address);
    assert_eq!(early.await.unwrap().unwrap().status(), 200);
    assert_eq!(program.stop(), Some(0));
    // Comes when there is none any more, and waits for the next.
    let late = tokio::spawn(reqwest::get(format!("http://{address}/healthz")));
    let (program, _folder) = activated(&listener, "$$", "127.0.0.1:1").await;
    assert_eq!(late.await.unwrap().unwrap().status(), 200);
    assert_eq!(program.stop(), Some(0));
}

#[tokio::test]
async fn a_socket_for_another_process_is_not_used() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (program, _folder) = activated(&listener, "1", "127.0.0.1:0").await;
    assert_ne!(program.address, listener.local_addr().unwrap().to_string());
    assert_eq!(program.stop(), Some(0));
}
