//! The real program as a process of its own, with a folder that outlives it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use protocol::RoomId;
use protocol::rest::Tokens;
use serde_json::{Value, json};

use crate::common::{PASSWORD, SECRET};
use crate::socket::Socket;

/// A server that runs.
pub(crate) struct Program {
    child: Child,
    pub(crate) address: String,
}

impl Program {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_hubbub")), folder)
    }

    /// As [`start`](Self::start), by a command that becomes the program.
    pub(crate) fn start_by(mut command: Command, folder: &Path) -> Self {
        let mut child = command
            .arg("serve")
            .env("HUBBUB_LISTEN", "127.0.0.1:0")
            .env("HUBBUB_DATA_DIR", folder)
            .env("HUBBUB_RATE_LIMITS", "off")
            .env("JWT_SECRET", SECRET)
            .env("NO_COLOR", "1")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.find(|line| line.as_ref().unwrap().contains("http://")).unwrap().unwrap();
        let address = line.split("http://").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        // Nobody reads on, but the program must not be stopped by a pipe that is full.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
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

    /// Makes a room with these people in it.
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
    Command::new(env!("CARGO_BIN_EXE_hubbub"))
        .args(arguments)
        .env("HUBBUB_DATA_DIR", folder)
        .env("HUBBUB_LISTEN", "127.0.0.1:0")
        .env("JWT_SECRET", SECRET)
        .output()
        .unwrap()
}

/// Each test file uses its own part of all this; here everything is used.
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
    let _ = (Program::socket, Program::everything, Program::id, Program::get);
    let _ = |program: Program, line: Stored| (program.address.len(), line.seq, line.id, line.text);
};
