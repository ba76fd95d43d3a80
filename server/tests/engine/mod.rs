//! Engine.IO client: sends exactly the packets that a test gives it, to an application on a free port.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

use std::fmt::Debug;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use futures_util::{SinkExt, StreamExt};
use reqwest::{Client, Method};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long a test waits for what should come at once, before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something that should come at once.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.unwrap_or_else(|_| panic!("nothing in {PATIENCE:?}"))
}

/// An HTTP server at a port of its own, and a client of it.
pub(crate) struct HttpServer {
    pub(crate) authority: String,
    client: Client,
}

/// Serves the responses of `handle` at `/engine.io/`.
pub(crate) async fn serve_http<F, A>(handle: F) -> HttpServer
where
    F: Fn(Request) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let router = Router::new().route("/engine.io/", any(handle));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    HttpServer { authority, client: Client::new() }
}

impl HttpServer {
    /// A request with this query; its status and its body.
    pub(crate) async fn ask(&self, method: Method, query: &str, body: impl Into<Vec<u8>>) -> (u16, String) {
        let url = format!("http://{}/engine.io/?{query}", self.authority);
        let response = soon(self.client.request(method, url).body(body.into()).send()).await.unwrap();
        (response.status().as_u16(), soon(response.text()).await.unwrap())
    }

    /// The handshake of polling.
    pub(crate) async fn begin(&self) -> Polling<'_> {
        let (status, body) = self.ask(Method::GET, "EIO=4&transport=polling", "").await;
        assert_eq!(status, 200, "{body}");
        let handshake: Value = serde_json::from_str(body.strip_prefix('0').unwrap()).unwrap();
        let sid = handshake.get("sid").and_then(Value::as_str).unwrap().to_owned();
        Polling { http: self, handshake, sid }
    }

    /// A WebSocket with this query, or the status of the error.
    pub(crate) async fn connect(&self, query: &str) -> Result<Socket, u16> {
        match soon(connect_async(format!("ws://{}/engine.io/?{query}", self.authority))).await {
            Ok((stream, _)) => Ok(Socket { stream }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// A session on a WebSocket, with its handshake taken.
    pub(crate) async fn begin_on_socket(&self) -> Socket {
        let mut socket = self.connect("EIO=4&transport=websocket").await.unwrap();
        let open = socket.hear().await;
        assert!(open.starts_with("0{"), "{open}");
        socket
    }
}

/// A session that polls.
pub(crate) struct Polling<'a> {
    http: &'a HttpServer,
    pub(crate) handshake: Value,
    pub(crate) sid: String,
}

impl Polling<'_> {
    pub(crate) async fn poll(&self) -> (u16, String) {
        self.ask(Method::GET, "").await
    }

    pub(crate) async fn post(&self, body: impl Into<Vec<u8>>) -> (u16, String) {
        self.ask(Method::POST, body).await
    }

    /// A request of this session.
    pub(crate) async fn ask(&self, method: Method, body: impl Into<Vec<u8>>) -> (u16, String) {
        self.http.ask(method, &format!("EIO=4&transport=polling&sid={}", self.sid), body).await
    }

    /// A WebSocket that names this session.
    pub(crate) async fn upgrade(&self) -> Socket {
        self.http.connect(&format!("EIO=4&transport=websocket&sid={}", self.sid)).await.unwrap()
    }

    /// Whether the server still knows the session.
    pub(crate) async fn is_known(&self) -> bool {
        let (status, body) = self.ask(Method::PUT, "").await;
        assert_eq!(status, 400);
        !body.contains("Session ID unknown")
    }
}

/// A WebSocket.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// What a WebSocket received: a message, or the code of the close.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Text(String),
    Binary(Vec<u8>),
    Closed(u16),
}

impl Socket {
    pub(crate) async fn say(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn say_bytes(&mut self, bytes: &[u8]) {
        self.stream.send(Message::binary(bytes.to_vec())).await.unwrap();
    }

    /// Sends the first frame of a fragmented text.
    pub(crate) async fn begin_text(&mut self, text: &'static str) {
        let first = Frame::message(text, OpCode::Data(Data::Text), false);
        self.stream.send(Message::Frame(first)).await.unwrap();
    }

    /// Pings the server until it closes; the code of the close.
    pub(crate) async fn ping_to_the_end(&mut self) -> u16 {
        loop {
            // The last one may not be read any more.
            self.stream.send(Message::Ping(Bytes::new())).await.ok();
            match soon(self.stream.next()).await {
                Some(Ok(Message::Close(frame))) => return frame.map_or(1005, |it| it.code.into()),
                Some(Ok(Message::Pong(_))) => {}
                other => panic!("neither a pong nor a close: {other:?}"),
            }
        }
    }

    pub(crate) async fn next(&mut self) -> Heard {
        loop {
            match soon(self.stream.next()).await {
                Some(Ok(Message::Text(text))) => return Heard::Text(text.to_string()),
                Some(Ok(Message::Binary(bytes))) => return Heard::Binary(bytes.to_vec()),
                Some(Ok(Message::Close(frame))) => {
                    return Heard::Closed(frame.map_or(1005, |it| it.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => panic!("{error}"),
                None => panic!("the connection ended without a close"),
            }
        }
    }

    /// The next message, which is text.
    pub(crate) async fn hear(&mut self) -> String {
        match self.next().await {
            Heard::Text(text) => text,
            other => panic!("no text: {other:?}"),
        }
    }

    /// The code of the close, which comes next but for pings.
    pub(crate) async fn end(&mut self) -> u16 {
        loop {
            match self.next().await {
                Heard::Closed(code) => return code,
                Heard::Text(text) if text == "2" => {}
                other => panic!("no end: {other:?}"),
            }
        }
    }
}

/// Uses every item, because each test binary needs only some of them.
const _: fn() = || {
    let _ = (Socket::begin_text, Socket::ping_to_the_end);
};
