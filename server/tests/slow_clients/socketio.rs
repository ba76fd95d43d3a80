//! Socket.IO client: remembers what the library remembers, over WebSocket or polling.

use std::collections::VecDeque;

use futures_util::{SinkExt, StreamExt};
use protocol::RoomId;
use protocol::rest::Tokens;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::common::{Answer, App};
use crate::socket::PATIENCE;

/// How packets travel.
enum Transport {
    WebSocket(Box<WebSocketStream<MaybeTlsStream<TcpStream>>>),
    /// The session's query.
    Polling(String),
}

/// The state that a client library keeps of a session.
#[derive(Default, Clone)]
pub(crate) struct Memory {
    pub(crate) sid: String,
    pid: String,
    offset: String,
}

pub(crate) struct Client<'a> {
    app: &'a App,
    transport: Transport,
    /// Packets that were polled and not returned yet.
    fetched: VecDeque<String>,
    pub(crate) memory: Memory,
    /// Whether it answers pings.
    pub(crate) answers: bool,
}

impl<'a> Client<'a> {
    /// Connects, with the memory of an earlier connection if there is one.
    pub(crate) async fn enter(app: &'a App, who: &Tokens, by_polling: bool, memory: Memory) -> Self {
        let transport = if by_polling {
            let open = app.request(Method::GET, "/socket.io/?EIO=4&transport=polling");
            let open = Answer::to(open).await.text;
            let open: Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
            Transport::Polling(format!("EIO=4&transport=polling&sid={}", open["sid"].as_str().unwrap()))
        } else {
            let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", app.addr);
            Transport::WebSocket(Box::new(connect_async(url).await.unwrap().0))
        };
        let mut auth = json!({ "token": who.access_token });
        if !memory.pid.is_empty() {
            auth["pid"] = memory.pid.clone().into();
            auth["offset"] = memory.offset.clone().into();
        }
        let mut client = Self { app, transport, fetched: VecDeque::new(), memory, answers: true };
        client.say(&format!("40{auth}")).await;
        let connected = client.hear("40").await;
        let (sid, pid) = (connected["sid"].as_str().unwrap(), connected["pid"].as_str().unwrap());
        sid.clone_into(&mut client.memory.sid);
        pid.clone_into(&mut client.memory.pid);
        client
    }

    pub(crate) async fn say(&mut self, packet: &str) {
        match &mut self.transport {
            Transport::WebSocket(stream) => stream.send(Message::text(packet)).await.unwrap(),
            Transport::Polling(query) => {
                let post = self.app.request(Method::POST, &format!("/socket.io/?{query}"));
                let answer = Answer::to(post.body(packet.to_owned())).await;
                assert_eq!(answer.status.as_u16(), 200, "{answer:?}");
            }
        }
    }

    pub(crate) async fn next(&mut self) -> String {
        while self.fetched.is_empty() {
            match &mut self.transport {
                Transport::WebSocket(stream) => {
                    let next = tokio::time::timeout(PATIENCE, stream.next()).await;
                    match next.unwrap_or_else(|_| panic!("no packet in {PATIENCE:?}")) {
                        Some(Ok(Message::Text(text))) => self.fetched.push_back(text.to_string()),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        end => panic!("the session ended: {end:?}"),
                    }
                }
                Transport::Polling(query) => {
                    let poll = self.app.request(Method::GET, &format!("/socket.io/?{query}"));
                    let answer = tokio::time::timeout(PATIENCE, Answer::to(poll)).await.unwrap();
                    assert_eq!(answer.status.as_u16(), 200, "{answer:?}");
                    self.fetched.extend(answer.text.split('\u{1e}').map(str::to_owned));
                }
            }
        }
        self.fetched.pop_front().unwrap()
    }

    /// The data of the next packet that begins so; others are passed over, and pings are answered.
    pub(crate) async fn hear(&mut self, beginning: &str) -> Value {
        loop {
            let packet = self.next().await;
            if packet == "2" {
                if self.answers {
                    self.say("3").await;
                }
                continue;
            }
            assert!(!packet.starts_with("44") && packet != "1", "{packet}");
            let data: Value = serde_json::from_str(packet.trim_start_matches(|it: char| it.is_ascii_digit()))
                .unwrap_or_default();
            if let Some(offset) =
                data.as_array().filter(|_| packet.starts_with("42")).and_then(|it| it.last()?.as_str())
            {
                offset.clone_into(&mut self.memory.offset);
            }
            if packet.starts_with(beginning) {
                return data;
            }
        }
    }

    pub(crate) async fn join(&mut self, room: &RoomId) {
        self.say(&format!("420{}", json!(["join-chat-room", room]))).await;
        self.hear("430").await;
    }

    /// The text of the next message of a room.
    pub(crate) async fn hear_message(&mut self) -> String {
        let said = self.hear(r#"42["chat-message""#).await;
        said[1]["content"].as_str().unwrap().to_owned()
    }

    /// Sends a message and receives it, so that the client has an offset.
    pub(crate) async fn speak(&mut self, room: &RoomId, text: &str) {
        let said = json!({ "roomId": room, "content": text });
        self.say(&format!("42{}", json!(["send-chat-message", said]))).await;
        assert_eq!(self.hear_message().await, text);
    }
}
