//! The program under test: a process of its own, with a data folder that outlives it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use protocol::RoomId;
use protocol::rest::Tokens;
use serde_json::{Value, json};

use crate::common::{PASSWORD, SECRET};
use crate::socket::{PATIENCE, Socket};

/// A server that runs.
pub(crate) struct Program {
    child: Child,
    pub(crate) address: String,
    log: Mutex<Receiver<String>>,
}

impl Program {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    /// With other settings than a production server without rate limits.
    pub(crate) fn start_with(folder: &Path, environment: &[(&str, &str)]) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_hubbub")), folder, environment)
    }

    /// As [`start`](Self::start), by a command that becomes the program.
    pub(crate) fn start_by(command: Command, folder: &Path) -> Self {
        Self::spawn(command, folder, &[])
    }

    fn spawn(mut command: Command, folder: &Path, environment: &[(&str, &str)]) -> Self {
        let mut child = command
            .arg("serve")
            .env("HUBBUB_LISTEN", "127.0.0.1:0")
            .env("HUBBUB_DATA_DIR", folder)
            .env("HUBBUB_RATE_LIMITS", "off")
            .env("JWT_SECRET", SECRET)
            .env("NO_COLOR", "1")
            .envs(environment.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.find(|line| line.as_ref().unwrap().contains("http://")).unwrap().unwrap();
        let address = line.split("http://").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        let (heard, log) = channel();
        // Read on, whether a test asks or not: the program must not be stopped by a pipe that is full.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(heard.send(line))));
        Self { child, address, log: Mutex::new(log) }
    }

    /// The next line of the log that has this in it.
    pub(crate) fn logged(&self, part: &str) -> String {
        let log = self.log.lock().unwrap();
        loop {
            let line = log.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|error| panic!("nothing logged with `{part}`: {error}"));
            if line.contains(part) {
                return line;
            }
        }
    }

    /// The lines of the log that were not asked for yet.
    pub(crate) fn log_so_far(&self) -> Vec<String> {
        self.log.lock().unwrap().try_iter().collect()
    }

    /// `kill -9`
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Makes an account.
    pub(crate) async fn register(&self, name: &str) -> Tokens {
        let form = json!({ "username": name, "email": format!("{name}@example.org"), "password": PASSWORD });
        serde_json::from_value(self.post("/api/v1/auth/register", "", &form).await).unwrap()
    }

    /// Creates a room with these members.
    pub(crate) async fn create_room(&self, owner: &Tokens, name: &str, members: &[Tokens]) -> RoomId {
        let members: Vec<_> = members.iter().map(|member| &member.user.id).collect();
        let form = json!({ "name": name, "member_ids": members });
        let room = self.post("/api/v1/chats", &owner.access_token, &form).await;
        serde_json::from_value(room["id"].clone()).unwrap()
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: &Value) -> Value {
        let url = format!("http://{}{path}", self.address);
        let answer = reqwest::Client::new().post(url).bearer_auth(token).json(body).send().await.unwrap();
        answer.json().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Value {
        let url = format!("http://{}{path}", self.address);
        let answer = reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap();
        answer.json().await.unwrap()
    }

    pub(crate) async fn socket(&self, who: &Tokens) -> Socket {
        Socket::enter(&format!("ws://{}/api/v1/ws?token={}", self.address, who.access_token)).await
    }

    /// Everything in a room, read page by page.
    pub(crate) async fn everything(&self, room: &RoomId, who: &Tokens) -> Vec<Stored> {
        let mut all = Vec::new();
        loop {
            let after = all.last().map_or(0, |line: &Stored| line.seq);
            let path = format!("/api/v1/chats/{room}/messages?after={after}&limit=200");
            let page = self.get(&path, &who.access_token).await;
            for message in page["messages"].as_array().unwrap() {
                let text = |key: &str| message[key].as_str().unwrap().to_owned();
                let seq = message["seq"].as_u64().unwrap();
                all.push(Stored { seq, id: text("id"), text: text("content") });
            }
            if page["has_more"] == json!(false) {
                return all;
            }
        }
    }
}

/// A line, as the history has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) seq: u64,
    pub(crate) id: String,
    pub(crate) text: String,
}

/// A test that failed leaves no process behind.
impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Calls the program once, for the data in a folder, and waits until it ends.
pub(crate) fn call(folder: &Path, arguments: &[&str]) -> Output {
    call_with_stdin(folder, arguments, "")
}

/// As [`call`], with something on stdin.
pub(crate) fn call_with_stdin(folder: &Path, arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hubbub"))
        .args(arguments)
        .env("HUBBUB_DATA_DIR", folder)
        .env("HUBBUB_LISTEN", "127.0.0.1:0")
        .env("JWT_SECRET", SECRET)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whether it is read is the program's business.
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).ok();
    child.wait_with_output().unwrap()
}

/// Uses every item, because each test binary needs only some of them.
const _: fn() = || {
    let _ = (
        Program::start,
        Program::start_by,
        Program::kill,
        Program::register,
        Program::create_room,
        Program::post,
        call,
    );
    let _ = (Program::socket, Program::everything, Program::id, Program::get, call_with_stdin);
    let _ = (Program::start_with, Program::logged, Program::log_so_far);
    let _ = |program: Program, line: Stored| (program.address.len(), line.seq, line.id, line.text);
};
