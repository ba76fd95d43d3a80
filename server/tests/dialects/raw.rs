//! Raw socket client: sends and receives JSON, and shares no code with the server.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::rest::Tokens;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::common::App;

/// How long a test waits for an answer that should come, before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Raw {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Raw {
    /// Connects to a path with its query; the status and the body of a refused handshake otherwise.
    pub(crate) async fn try_connect(
        app: &App,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, (u16, Value)> {
        let mut request = format!("ws://{}{path}", app.addr).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Self { stream }),
            Err(Error::Http(response)) => {
                let body = response.body().as_deref().unwrap_or_default();
                Err((response.status().as_u16(), serde_json::from_slice(body).unwrap_or_default()))
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Connects with a token in the query.
    pub(crate) async fn open(app: &App, path: &str, who: &Tokens) -> Self {
        Self::try_connect(app, &format!("{path}?token={}", who.access_token), &[]).await.unwrap()
    }

    /// The status of a handshake that is refused.
    pub(crate) async fn status(app: &App, path: &str) -> Option<u16> {
        Self::try_connect(app, path, &[]).await.err().map(|(status, _)| status)
    }

    pub(crate) async fn say(&mut self, frame: &Value) {
        self.say_raw(&frame.to_string()).await;
    }

    pub(crate) async fn say_raw(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn say_bytes(&mut self, bytes: &[u8]) {
        self.stream.send(Message::binary(bytes.to_vec())).await.unwrap();
    }

    /// Sends a text that the server may refuse before its end.
    pub(crate) async fn try_say(&mut self, text: String) {
        self.stream.send(Message::text(text)).await.ok();
    }

    /// The next frame as it came, or the code of the close; 1006 for a line that broke (RFC 6455, section 7.1.5).
    pub(crate) async fn next(&mut self) -> Result<String, u16> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.stream.next()).await;
            match message.unwrap_or_else(|_| panic!("no answer in {PATIENCE:?}")) {
                Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
                Some(Ok(Message::Close(Some(frame)))) => return Err(frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }

    pub(crate) async fn hear(&mut self) -> Value {
        serde_json::from_str(&self.next().await.unwrap()).unwrap()
    }

    /// The next frame of a type; others are passed over.
    pub(crate) async fn hear_a(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.hear().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// The code of the next frame, which must be an error in the form of all raw sockets.
    pub(crate) async fn error(&mut self) -> String {
        let frame = self.hear().await;
        let is_error = frame["type"] == "error" && frame["message"].is_string();
        assert!(is_error, "{frame}");
        frame["data"]["code"].as_str().unwrap().to_owned()
    }

    /// All frames before the answer to a ping.
    pub(crate) async fn before_pong(&mut self) -> Vec<Value> {
        self.say(&json!({ "type": "ping" })).await;
        let mut heard = Vec::new();
        loop {
            let frame = self.hear().await;
            if frame["type"] == "pong" {
                return heard;
            }
            heard.push(frame);
        }
    }

    /// The code with which the connection ends; frames before it are skipped.
    pub(crate) async fn end(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }

    /// Closes the connection, and waits for the close of the server.
    pub(crate) async fn close(mut self) {
        self.stream.close(None).await.unwrap();
        self.end().await;
    }
}
