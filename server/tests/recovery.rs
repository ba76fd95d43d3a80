//! What survives: a gentle stop, and a process that is killed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on says so")]

mod common;
mod socket;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::{App, PASSWORD, SECRET};
use protocol::rest::Tokens;
use protocol::{Cursor, RoomId, ServerFrame};
use serde_json::{Value, json};
use socket::{End, Socket, post};

#[tokio::test]
async fn a_stop_says_come_back_and_who_does_has_missed_nothing() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let mut socket = Socket::enter(&app.socket_url(&format!("?token={}", ann.access_token))).await;
    let before = socket.join(&room, None).await;
    app.say(&bob, &room, "before").await;
    let seen = socket
        .hear_some(|frame| match frame {
            ServerFrame::Message { data } => Some(data.cursor),
            _ => None,
        })
        .await;
    assert_eq!(seen, Cursor { seq: before.head.seq + 1, ..before.head });

    let (app, closing) = tokio::join!(app.restart(), async {
        let told = socket.hear_some(|frame| match frame {
            ServerFrame::Closing { data } => Some(data.reconnect_in_ms),
            _ => None,
        });
        let told = told.await;
        (told, socket.end().await)
    });
    assert!(closing.0 > 0);
    assert_eq!(closing.1, End::Closed(1012));

    app.say(&bob, &room, "meanwhile").await;
    let mut socket = Socket::enter(&app.socket_url(&format!("?token={}", ann.access_token))).await;
    let back = socket.join(&room, Some(seen)).await;
    assert!(back.recovered);
    let missed: Vec<&str> = back.messages.iter().map(|message| message.body.as_str()).collect();
    assert_eq!(missed, ["meanwhile"]);
}

/// The real program, with a folder that outlives it.
struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hubbub"))
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
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    async fn post(&self, path: &str, token: &str, body: &Value) -> Value {
        let url = format!("http://{}{path}", self.address);
        let answer = reqwest::Client::new().post(url).bearer_auth(token).json(body).send().await.unwrap();
        answer.json().await.unwrap()
    }

    async fn socket(&self, who: &Tokens) -> Socket {
        Socket::enter(&format!("ws://{}/api/v1/ws?token={}", self.address, who.access_token)).await
    }

    /// Everything in a room, as number and text, read page by page.
    async fn everything(&self, room: &RoomId, who: &Tokens) -> Vec<(u64, String)> {
        let mut all = Vec::new();
        loop {
            let after = all.last().map_or(0, |(seq, _)| *seq);
            let url = format!("http://{}/api/v1/chats/{room}/messages?after={after}&limit=200", self.address);
            let page: Value = reqwest::Client::new()
                .get(url)
                .bearer_auth(&who.access_token)
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap();
            for message in page["messages"].as_array().unwrap() {
                all.push((message["seq"].as_u64().unwrap(), message["content"].as_str().unwrap().to_owned()));
            }
            if page["has_more"] == json!(false) {
                return all;
            }
        }
    }
}

const POSTS: u128 = 1_000;

#[tokio::test]
async fn after_kill_nine_every_acknowledged_post_is_there_in_order_and_none_twice() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let form = json!({ "username": "ann", "email": "ann@example.org", "password": PASSWORD });
    let ann = program.post("/api/v1/auth/register", "", &form).await;
    let ann: Tokens = serde_json::from_value(ann).unwrap();
    let room = program.post("/api/v1/chats", &ann.access_token, &json!({ "name": "Kitchen" })).await;
    let room: RoomId = serde_json::from_value(room["id"].clone()).unwrap();

    let mut socket = program.socket(&ann).await;
    socket.join(&room, None).await;
    let mut acknowledged = BTreeMap::new();
    let mut said = 0;
    // A window of unanswered posts, so that the kill finds some of them on their way.
    let mut open = true;
    while open && acknowledged.len() < 400 {
        while said < POSTS && said < acknowledged.len() as u128 + 200 {
            said += 1;
            socket.say(&post(&room, said, &format!("line {said}"))).await;
        }
        match socket.next().await {
            Ok(ServerFrame::Posted { data }) => {
                acknowledged.insert(data.draft.0.as_u128(), data.cursor.seq);
            }
            Ok(_) => {}
            Err(_) => open = false,
        }
    }
    program.kill();
    // What was answered before the kill may still be on its way to us.
    while let Ok(frame) = socket.next().await {
        if let ServerFrame::Posted { data } = frame {
            acknowledged.insert(data.draft.0.as_u128(), data.cursor.seq);
        }
    }
    assert!((400..1_000).contains(&acknowledged.len()), "{} acknowledged", acknowledged.len());

    let program = Program::start(folder.path());
    let stored = program.everything(&room, &ann).await;
    for (draft, seq) in &acknowledged {
        let at = usize::try_from(*seq).unwrap() - 1;
        assert_eq!(stored.get(at), Some(&(*seq, format!("line {draft}"))), "acknowledged, and gone");
    }

    // The client comes back and sends everything again that it has, with the same drafts, then the rest.
    let mut socket = program.socket(&ann).await;
    socket.join(&room, None).await;
    for draft in 1..=POSTS {
        socket.say(&post(&room, draft, &format!("line {draft}"))).await;
        let seq = socket
            .hear_some(|frame| match frame {
                ServerFrame::Posted { data } if data.draft.0.as_u128() == draft => Some(data.cursor.seq),
                _ => None,
            })
            .await;
        if let Some(before) = acknowledged.get(&draft) {
            assert_eq!(seq, *before, "a resend is the same message");
        }
    }
    let expected: Vec<(u64, String)> = (1..=1_000).map(|n| (n, format!("line {n}"))).collect();
    assert_eq!(program.everything(&room, &ann).await, expected);
    program.kill();
}
