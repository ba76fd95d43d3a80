//! TCP connections from a chosen address of this machine, and HTTP requests on them.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Bytes that wait on the client's side. The kernel would make it 4 MB, and to fill that for each connection would cost the
/// clients more of the two cores that they share with the server than it costs the server.
const SEND_BUFFER: u32 = 128 * 1024;

/// The source address number `host` of a group. All of 127.0.0.0/8 is this machine, so each counts as another client.
pub(crate) fn source(group: u8, host: usize) -> Ipv4Addr {
    let [.., high, low] = (host % 250 + 1).to_be_bytes();
    Ipv4Addr::new(127, group, high, low)
}

/// Which addresses the sockets of an attack come from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    OneAddress,
    /// Each socket has an address of its own, counted from this one.
    Addresses {
        first: usize,
    },
}

impl Source {
    /// The address of a socket, by its number in the attack.
    pub(crate) fn address(self, group: u8, number: usize) -> Ipv4Addr {
        match self {
            Self::OneAddress => source(group, 0),
            Self::Addresses { first } => source(group, first + number),
        }
    }
}

/// Connects from this address; `receive_bytes` is the room for what is not read.
pub(crate) async fn connect(
    from: Ipv4Addr,
    to: SocketAddr,
    receive_bytes: Option<u32>,
) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_nodelay(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    if let Some(bytes) = receive_bytes {
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.bind(SocketAddr::new(IpAddr::V4(from), 0))?;
    socket.connect(to).await
}

/// A WebSocket from this address.
pub(crate) async fn open_socket(
    from: Ipv4Addr,
    to: SocketAddr,
    path: &str,
) -> io::Result<WebSocketStream<TcpStream>> {
    let stream = connect(from, to, None).await?;
    let request = format!("ws://{to}{path}").into_client_request().map_err(io::Error::other)?;
    Ok(client_async(request, stream).await.map_err(io::Error::other)?.0)
}

/// Sends a text frame.
pub(crate) async fn send_text(socket: &mut WebSocketStream<TcpStream>, text: String) -> io::Result<()> {
    socket.send(Message::text(text)).await.map_err(io::Error::other)
}

/// The next text frame; pings are answered by the library.
pub(crate) async fn next_text(socket: &mut WebSocketStream<TcpStream>) -> io::Result<String> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
            Some(Ok(Message::Close(frame))) => return Err(io::Error::other(format!("closed: {frame:?}"))),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(io::Error::other(error)),
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// A connection for requests, one after the other.
pub(crate) struct Http {
    stream: TcpStream,
    /// Bytes that were read behind the last answer.
    read: Vec<u8>,
}

impl Http {
    pub(crate) async fn connect(from: Ipv4Addr, to: SocketAddr) -> io::Result<Self> {
        Ok(Self { stream: connect(from, to, None).await?, read: Vec::new() })
    }

    /// Status and body. `headers` end with a line break each.
    pub(crate) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> io::Result<(u16, String)> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        self.stream.write_all(head.as_bytes()).await?;
        let head = loop {
            if let Some(end) = self.read.windows(4).position(|it| it == b"\r\n\r\n") {
                let rest = self.read.split_off(end + 4);
                break String::from_utf8_lossy(&std::mem::replace(&mut self.read, rest)).to_lowercase();
            }
            self.read_more().await?;
        };
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
        let status = status.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, head.clone()))?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length = length.and_then(|it| it.trim().parse().ok()).unwrap_or(0);
        while self.read.len() < length {
            self.read_more().await?;
        }
        let rest = self.read.split_off(length);
        let body = std::mem::replace(&mut self.read, rest);
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }

    async fn read_more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
