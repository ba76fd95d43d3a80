//! Slow socket: a WebSocket client over plain TCP that reads as few bytes as a test wants.

use std::collections::VecDeque;

use protocol::rest::Tokens;
use protocol::{ClientFrame, ServerFrame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::common::App;
use crate::socket::PATIENCE;

/// Bytes that the client's system takes without being read.
const RECEIVE_BUFFER: u32 = 16 * 1024;

/// A socket that is read by the byte.
pub(crate) struct SlowSocket {
    stream: TcpStream,
    heard: Vec<u8>,
    frames: VecDeque<Heard>,
}

/// The content of a frame.
#[derive(Debug)]
pub(crate) enum Heard {
    Frame(Box<ServerFrame>),
    Closed(u16),
}

impl SlowSocket {
    pub(crate) async fn open(app: &App, who: &Tokens) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(RECEIVE_BUFFER).unwrap();
        let mut stream = socket.connect(app.addr).await.unwrap();
        let request = format!(
            "GET /api/v1/ws?token={} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
            who.access_token
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut line = Self { stream, heard: Vec::new(), frames: VecDeque::new() };
        loop {
            line.read(4_096).await;
            if let Some(end) = line.heard.windows(4).position(|it| it == b"\r\n\r\n") {
                assert!(line.heard.starts_with(b"HTTP/1.1 101"));
                line.heard.drain(..end + 4);
                return line;
            }
        }
    }

    /// Sends a text in one frame with a length of two bytes, masked with zeros (sections 5.2 and 5.3).
    pub(crate) async fn say(&mut self, frame: &ClientFrame) {
        let text = serde_json::to_vec(frame).unwrap();
        let length = u16::try_from(text.len()).unwrap();
        let mut bytes = vec![0x81, 0xfe];
        bytes.extend(length.to_be_bytes());
        bytes.extend([0; 4]);
        bytes.extend(text);
        self.stream.write_all(&bytes).await.unwrap();
    }

    /// Reads at most so many bytes; whether there were any.
    pub(crate) async fn read(&mut self, limit: usize) -> bool {
        let mut taken = vec![0; limit];
        let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut taken)).await.unwrap();
        let count = read.unwrap_or(0);
        self.heard.extend(taken.get(..count).unwrap());
        count > 0
    }

    /// A frame that has come in already.
    pub(crate) fn taken(&mut self) -> Option<Heard> {
        self.take_frames();
        self.frames.pop_front()
    }

    /// The next frame; `None` when the connection is lost.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some(frame) = self.taken() {
                return Some(frame);
            }
            if !self.read(1024 * 1024).await {
                return None;
            }
        }
    }

    /// Section 5.2: what a server sends is not masked, and ours does not send fragments.
    fn take_frames(&mut self) {
        let mut start = 0;
        while let [first, second, rest @ ..] = &self.heard[start..] {
            let (head, length) = match second {
                126 => (4, rest.first_chunk().map(|it| u16::from_be_bytes(*it).into())),
                127 => (10, rest.first_chunk().map(|it| u64::from_be_bytes(*it))),
                length => (2, Some(u64::from(*length))),
            };
            let Some(length) = length else { break };
            let end = start + head + usize::try_from(length).unwrap();
            let Some(payload) = self.heard.get(start + head..end) else { break };
            match first & 0x0f {
                1 => {
                    let frame = serde_json::from_slice(payload).unwrap();
                    self.frames.push_back(Heard::Frame(Box::new(frame)));
                }
                8 => {
                    let code = u16::from_be_bytes([payload[0], payload[1]]);
                    self.frames.push_back(Heard::Closed(code));
                }
                _ => {}
            }
            start = end;
        }
        self.heard.drain(..start);
    }
}
