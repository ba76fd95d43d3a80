//! Test client: sends any bytes, valid or not.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// How long a test waits for what should come at once, before it fails. Less than the 25 s after which the product
/// pings, which would bring along what it owes.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const FIN: u8 = 0x80;
pub(crate) const RSV1: u8 = 0x40;
pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// Starts the echo application at a port of its own.
pub(crate) async fn echo() -> SocketAddr {
    serve(crate::echo::router()).await
}

/// Starts an application at a port of its own.
pub(crate) async fn serve(application: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let listener = listener.tap_io(|connection| connection.set_nodelay(true).unwrap());
    tokio::spawn(async move { axum::serve(listener, application).await.unwrap() });
    addr
}

/// The request that opens a socket, with more headers, each with its line end.
pub(crate) fn request(path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
    )
}

/// A masked frame whose first byte is `first`.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = head(first, payload.len() as u64);
    let mask = [0x11, 0x92, 0xf3, 0x54];
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// The header of a masked frame, without its mask.
pub(crate) fn head(first: u8, payload_bytes: u64) -> Vec<u8> {
    match payload_bytes {
        0..=125 => vec![first, 0x80 | u8::try_from(payload_bytes).unwrap()],
        126..=0xffff => {
            [&[first, 0x80 | 0x7e][..], &u16::try_from(payload_bytes).unwrap().to_be_bytes()].concat()
        }
        _ => [&[first, 0x80 | 0x7f][..], &payload_bytes.to_be_bytes()].concat(),
    }
}

/// What a server sent: the first byte of the header, and the payload.
pub(crate) type Heard = (u8, Vec<u8>);

pub(crate) struct Client {
    stream: TcpStream,
}

impl Client {
    /// Opens a socket without extensions.
    pub(crate) async fn open(addr: SocketAddr) -> Self {
        let (client, answer) = Self::try_connect(addr, request("/", "").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        client
    }

    /// Opens a socket that may send and take compressed messages.
    pub(crate) async fn open_compressing(addr: SocketAddr, offer: &str) -> Self {
        let offer = format!("Sec-WebSocket-Extensions: {offer}\r\n");
        let (client, answer) = Self::try_connect(addr, request("/", &offer).as_bytes()).await;
        assert!(answer.contains("sec-websocket-extensions: permessage-deflate;"), "{answer}");
        client
    }

    /// Sends a request and takes the head of the answer.
    pub(crate) async fn try_connect(addr: SocketAddr, request: &[u8]) -> (Self, String) {
        let mut client = Self { stream: TcpStream::connect(addr).await.unwrap() };
        client.stream.set_nodelay(true).unwrap();
        client.say(request).await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let [byte] = client.take().await.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&head)));
            head.push(byte);
        }
        (client, String::from_utf8(head).unwrap())
    }

    pub(crate) async fn say(&mut self, bytes: &[u8]) {
        self.try_say(bytes).await.unwrap();
    }

    /// A server that has closed may not read any more.
    pub(crate) async fn try_say(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        timeout(PATIENCE, self.stream.write_all(bytes)).await.unwrap()
    }

    async fn take<const LENGTH: usize>(&mut self) -> Option<[u8; LENGTH]> {
        let mut bytes = [0; LENGTH];
        timeout(PATIENCE, self.stream.read_exact(&mut bytes)).await.unwrap().ok()?;
        Some(bytes)
    }

    /// The next frame; nothing when the server has hung up, properly.
    pub(crate) async fn hear(&mut self) -> Option<Heard> {
        let mut first = [0];
        if timeout(PATIENCE, self.stream.read(&mut first)).await.unwrap().unwrap() == 0 {
            return None;
        }
        let [second] = self.take().await.unwrap();
        let length = match second {
            126 => u64::from(u16::from_be_bytes(self.take().await.unwrap())),
            127 => u64::from_be_bytes(self.take().await.unwrap()),
            masked @ 128.. => panic!("a server's frame has no mask: {masked}"),
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        timeout(PATIENCE, self.stream.read_exact(&mut payload)).await.unwrap().unwrap();
        let [first] = first;
        Some((first, payload))
    }

    /// Sends a message and requires its echo.
    pub(crate) async fn is_echoed(&mut self, opcode: u8, payload: &[u8]) {
        self.say(&frame(FIN | opcode, payload)).await;
        self.hears(FIN | opcode, payload).await;
    }

    /// Requires this as the next frame; long ones are not printed.
    #[track_caller]
    pub(crate) fn hears(&mut self, first: u8, payload: &[u8]) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let heard = self.hear().await.unwrap_or_else(|| panic!("hung up, at {place}"));
            let received = heard.1.get(..heard.1.len().min(40)).map(String::from_utf8_lossy);
            assert!(heard.0 == first && heard.1 == payload, "{:x} {received:?}, at {place}", heard.0);
        }
    }

    /// The code of the close frame that comes next, after which the server must hang up. 1005 if it has none.
    pub(crate) async fn close_code(&mut self) -> u16 {
        let (first, payload) = self.hear().await.unwrap();
        assert_eq!(first, FIN | CLOSE, "{}", String::from_utf8_lossy(&payload));
        assert_eq!(self.hear().await, None);
        payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code))
    }
}
