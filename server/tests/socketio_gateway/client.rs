//! Socket.IO client: sends exactly the packets that a test gives it, over WebSocket or polling.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::common::{Answer, App};

/// How long a test waits for an answer that should come, before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a session begins, beside its transport.
pub(crate) const PATH: &str = "/socket.io/?EIO=4";

/// On a WebSocket.
pub(crate) struct Client {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    /// A session, with more in its address and these headers, that is not connected to a namespace yet.
    pub(crate) async fn open(app: &App, query: &str, headers: &[(&'static str, &str)]) -> Self {
        let url = format!("ws://{}{PATH}&transport=websocket{query}", app.addr);
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let (stream, _) = connect_async(request).await.unwrap();
        let mut client = Self { stream };
        client.hear("0{").await;
        client
    }

    /// A client that is connected by its token.
    pub(crate) async fn enter(app: &App, token: &str) -> Self {
        let mut client = Self::open(app, "", &[]).await;
        client.connect(&json!({ "token": token })).await;
        client
    }

    /// Sends a CONNECT; the answer of the server.
    pub(crate) async fn ask(&mut self, auth: &Value) -> String {
        self.say(&format!("40{auth}")).await;
        self.hear("4").await
    }

    /// Connects successfully.
    pub(crate) async fn connect(&mut self, auth: &Value) -> Value {
        let answer = self.ask(auth).await;
        let answer = answer.strip_prefix("40").unwrap_or_else(|| panic!("refused: {answer}"));
        serde_json::from_str(answer).unwrap()
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    /// A text in so many frames, all but the first of them empty.
    pub(crate) async fn say_in_frames(&mut self, text: &str, count: usize) {
        for number in 1..=count {
            let (payload, kind) = if number == 1 { (text, Data::Text) } else { ("", Data::Continue) };
            let frame = Frame::message(payload.to_owned(), OpCode::Data(kind), number == count);
            // The last ones may not be read any more.
            self.stream.feed(Message::Frame(frame)).await.ok();
        }
        self.stream.flush().await.ok();
    }

    pub(crate) async fn say_bytes(&mut self, bytes: &[u8]) {
        self.stream.send(Message::binary(bytes.to_vec())).await.unwrap();
    }

    /// Several frames in one write.
    pub(crate) async fn say_at_once(&mut self, texts: &[String]) {
        for text in texts {
            self.stream.feed(Message::text(text.as_str())).await.unwrap();
        }
        self.stream.flush().await.unwrap();
    }

    /// Many pings of the WebSocket in one write.
    pub(crate) async fn ping_at_once(&mut self, count: usize) {
        for _ in 0..count {
            self.stream.feed(Message::Ping(Bytes::new())).await.unwrap();
        }
        self.stream.flush().await.unwrap();
    }

    async fn next(&mut self, what: &str) -> Option<Message> {
        let message = tokio::time::timeout(PATIENCE, self.stream.next()).await;
        message.unwrap_or_else(|_| panic!("nobody said `{what}`")).map(Result::unwrap)
    }

    /// The next text that begins so; others are passed over.
    pub(crate) async fn hear(&mut self, beginning: &str) -> String {
        loop {
            match self.next(beginning).await {
                Some(Message::Text(text)) if text.starts_with(beginning) => return text.to_string(),
                Some(Message::Close(frame)) => panic!("closed ({frame:?}) while waiting for `{beginning}`"),
                Some(_) => {}
                None => panic!("over while waiting for `{beginning}`"),
            }
        }
    }

    /// The arguments of the next event of this name.
    pub(crate) async fn event(&mut self, name: &str) -> Vec<Value> {
        let text = self.hear(&format!("42[\"{name}\"")).await;
        let mut all: Vec<Value> = serde_json::from_str(text.strip_prefix("42").unwrap()).unwrap();
        all.drain(1..).collect()
    }

    /// The next bytes.
    pub(crate) async fn bytes(&mut self) -> Bytes {
        loop {
            match self.next("bytes").await {
                Some(Message::Binary(bytes)) => return bytes,
                Some(Message::Ping(_) | Message::Text(_)) => {}
                other => panic!("{other:?} while waiting for bytes"),
            }
        }
    }

    /// How the connection is closed; packets before it are skipped.
    pub(crate) async fn end(&mut self) -> (u16, String) {
        loop {
            match self.next("end").await {
                Some(Message::Close(Some(frame))) => return (frame.code.into(), frame.reason.to_string()),
                Some(Message::Close(None)) | None => return (1005, String::new()),
                Some(_) => {}
            }
        }
    }
}

/// A session that is polled.
pub(crate) struct Polling<'a> {
    app: &'a App,
    path: String,
    /// Packets that arrived and were not returned yet.
    packets: RefCell<VecDeque<String>>,
}

impl<'a> Polling<'a> {
    pub(crate) async fn begin(app: &'a App) -> Self {
        let path = format!("{PATH}&transport=polling");
        let answer = Answer::to(app.request(Method::GET, &path)).await;
        let open: Value = serde_json::from_str(answer.text.strip_prefix('0').unwrap()).unwrap();
        let path = format!("{path}&sid={}", open["sid"].as_str().unwrap());
        Self { app, path, packets: RefCell::default() }
    }

    pub(crate) async fn post(&self, packets: &[String]) -> (u16, String) {
        let request = self.app.request(Method::POST, &self.path).body(packets.join("\u{1e}"));
        let answer = Answer::to(request).await;
        (answer.status.as_u16(), answer.text)
    }

    pub(crate) async fn poll(&self) -> (u16, String) {
        let answer = Answer::to(self.app.request(Method::GET, &self.path)).await;
        (answer.status.as_u16(), answer.text)
    }

    /// The next packet that begins so; others are passed over.
    pub(crate) async fn hear(&self, beginning: &str) -> String {
        loop {
            let next = self.packets.borrow_mut().pop_front();
            match next {
                Some(packet) if packet.starts_with(beginning) => return packet,
                Some(_) => {}
                None => {
                    let (status, text) = self.poll().await;
                    assert_eq!(status, 200, "{text} while waiting for `{beginning}`");
                    self.packets.borrow_mut().extend(text.split('\u{1e}').map(str::to_owned));
                }
            }
        }
    }
}
