//! Text socket: a WebSocket client whose connection may end at any moment.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::program::Program;

/// How long a test waits for what should come, before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct TextSocket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl TextSocket {
    pub(crate) async fn open(program: &Program, path: &str) -> Self {
        let (stream, _) = connect_async(format!("ws://{}{path}", program.address)).await.unwrap();
        Self { stream }
    }

    /// Whether the connection took it.
    pub(crate) async fn say(&mut self, text: String) -> bool {
        self.stream.send(Message::text(text)).await.is_ok()
    }

    /// The next text; `None` when the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.stream.next()).await;
            match message.unwrap_or_else(|_| panic!("nothing was said in {PATIENCE:?}")) {
                Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }
}
