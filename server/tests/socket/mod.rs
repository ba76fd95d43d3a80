//! Native client: sends and receives frames of the native protocol.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::{ClientFrame, Cursor, DraftId, JoinedRoom, Pong, RoomId, ServerFrame};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

/// How long a test waits for an answer that should come at once, before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// What ended a connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Closed(u16),
    Lost,
}

impl Socket {
    /// Connects without waiting for a welcome; the status of a refused handshake otherwise.
    pub(crate) async fn try_connect(url: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Self { stream }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Connects and takes the welcome.
    pub(crate) async fn enter(url: &str) -> Self {
        let mut socket = Self::try_connect(url, &[]).await.unwrap();
        let first = socket.hear().await;
        assert!(matches!(first, ServerFrame::Welcome { .. }), "{first:?}");
        socket
    }

    pub(crate) async fn say(&mut self, frame: &ClientFrame) {
        self.say_raw(&serde_json::to_string(frame).unwrap()).await;
    }

    pub(crate) async fn say_raw(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn say_bytes(&mut self, bytes: &[u8]) {
        self.stream.send(Message::binary(bytes.to_vec())).await.unwrap();
    }

    /// Whether it could still be sent: a server that was killed takes nothing.
    pub(crate) async fn try_say(&mut self, frame: &ClientFrame) -> bool {
        self.stream.send(Message::text(serde_json::to_string(frame).unwrap())).await.is_ok()
    }

    /// The next frame, or how the connection ended.
    pub(crate) async fn next(&mut self) -> Result<ServerFrame, End> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.stream.next()).await;
            match message.unwrap_or_else(|_| panic!("no answer in {PATIENCE:?}")) {
                Some(Ok(Message::Text(text))) => {
                    return Ok(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")));
                }
                Some(Ok(Message::Close(Some(frame)))) => return Err(End::Closed(frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(End::Lost),
            }
        }
    }

    pub(crate) async fn hear(&mut self) -> ServerFrame {
        self.next().await.unwrap()
    }

    /// The next frame of the kind that `pick` knows; others are passed over.
    pub(crate) async fn hear_some<T>(&mut self, pick: impl Fn(ServerFrame) -> Option<T>) -> T {
        loop {
            if let Some(picked) = pick(self.hear().await) {
                return picked;
            }
        }
    }

    /// How the connection ends; frames before it are skipped.
    pub(crate) async fn end(&mut self) -> End {
        loop {
            if let Err(end) = self.next().await {
                return end;
            }
        }
    }

    pub(crate) async fn join(&mut self, room: &RoomId, since: Option<Cursor>) -> JoinedRoom {
        self.say(&ClientFrame::Join { room: room.clone(), since, changes: None }).await;
        self.hear_some(|frame| match frame {
            ServerFrame::Joined { data } => Some(data),
            _ => None,
        })
        .await
    }

    /// The frames before the answer to a ping that is sent now.
    pub(crate) async fn before_pong(&mut self) -> Vec<ServerFrame> {
        const NONCE: u32 = 4_000_000_007;
        self.say(&ClientFrame::Ping { nonce: NONCE }).await;
        let mut before = Vec::new();
        loop {
            match self.hear().await {
                ServerFrame::Pong { data: Pong { nonce: NONCE } } => return before,
                frame => before.push(frame),
            }
        }
    }

    /// The next error, as code and field.
    pub(crate) async fn error(&mut self) -> (String, Option<String>) {
        self.hear_some(|frame| match frame {
            ServerFrame::Error { data, .. } => {
                let code = serde_json::to_value(data.code).unwrap();
                Some((code.as_str().unwrap().to_owned(), data.field))
            }
            _ => None,
        })
        .await
    }
}

pub(crate) fn post(room: &RoomId, draft: u128, body: &str) -> ClientFrame {
    ClientFrame::Post {
        room: room.clone(),
        draft: DraftId(Uuid::from_u128(draft)),
        body: body.to_owned(),
        parent: None,
        kind: protocol::MessageKind::Text,
    }
}

/// Uses every item, because each test binary needs only some of them.
const _: fn() = || {
    let _ = (
        Socket::try_connect,
        Socket::enter,
        Socket::say,
        Socket::say_raw,
        Socket::say_bytes,
        Socket::try_say,
    );
    let _ = (Socket::before_pong, PATIENCE);
    let _ = (Socket::next, Socket::hear, Socket::end, Socket::join, Socket::error, post);
    let _ = |mut socket: Socket| async move { socket.hear_some(Some).await };
};
