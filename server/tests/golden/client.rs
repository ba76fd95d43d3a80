//! Golden client: keeps every frame it gets, and writes those that a script waits for into a transcript.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::common::App;
use crate::transcript::Transcript;

/// How long a test waits for an answer that should come at once, before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A socket with the name that it has in the transcript.
pub(crate) struct Client {
    name: &'static str,
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    pub(crate) async fn open(app: &App, name: &'static str, path: &str) -> Self {
        let (stream, _) = connect_async(format!("ws://{}{path}", app.addr)).await.unwrap();
        Self { name, stream }
    }

    pub(crate) async fn send(&mut self, transcript: &mut Transcript, text: &str) {
        transcript.note(&format!("{} >", self.name), text);
        self.stream.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn send_bytes(&mut self, transcript: &mut Transcript, bytes: &[u8]) {
        transcript.note(&format!("{} > bytes", self.name), &format!("{bytes:?}"));
        self.stream.send(Message::binary(bytes.to_vec())).await.unwrap();
    }

    /// Notes the next frame that has this in it, or begins with it if that is a digit, as packets of Socket.IO do. Others
    /// are passed over, because their order is not promised.
    pub(crate) async fn expect(&mut self, transcript: &mut Transcript, part: &str) -> String {
        // Digits are in every time and identifier, too.
        let is_packet = part.starts_with(|it: char| it.is_ascii_digit());
        let is_expected = |text: &str| if is_packet { text.starts_with(part) } else { text.contains(part) };
        loop {
            let message = tokio::time::timeout(PATIENCE, self.stream.next()).await;
            let message = message.unwrap_or_else(|_| panic!("{}: nothing with `{part}` came", self.name));
            match message {
                Some(Ok(Message::Text(text))) if is_expected(&text) => {
                    transcript.note(&format!("{} <", self.name), &text);
                    return text.to_string();
                }
                Some(Ok(Message::Close(frame))) => {
                    panic!("{}: closed with {frame:?} instead of `{part}`", self.name)
                }
                Some(Ok(_)) => {}
                other => panic!("{}: {other:?} instead of `{part}`", self.name),
            }
        }
    }

    /// Sends a frame and notes the frame that answers it.
    pub(crate) async fn ask(&mut self, transcript: &mut Transcript, text: &str, part: &str) -> String {
        self.send(transcript, text).await;
        self.expect(transcript, part).await
    }

    /// Notes how the connection is closed.
    pub(crate) async fn expect_close(&mut self, transcript: &mut Transcript) {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.stream.next()).await;
            match message.unwrap_or_else(|_| panic!("{}: not closed", self.name)) {
                Some(Ok(Message::Close(Some(frame)))) => {
                    transcript.note(&format!("{} < close", self.name), &u16::from(frame.code).to_string());
                    return;
                }
                Some(Ok(_)) => {}
                other => panic!("{}: {other:?} instead of a close", self.name),
            }
        }
    }
}
