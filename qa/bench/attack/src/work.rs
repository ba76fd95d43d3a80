//! Expensive work: attacks with few sockets, each as fast as it gets through, costly for
//! the server and cheap for the attacker.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use flate2::Compression;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use crate::kinds::{Count, frame, handshake};
use crate::network::{Http, Source, connect, source};
use crate::server::{Targets, token};

/// Addresses of attackers: 127.8.0.0/16.
const GROUP: u8 = 8;

/// How long an attacker waits after it was disconnected.
const PAUSE: Duration = Duration::from_millis(50);

/// The bytes of a frame or a message that is as long as any may be.
const LONG: usize = 1024 * 1024;

/// Messages of a room that is read from, and bytes of each.
const MESSAGES: usize = 100;
const MESSAGE_BYTES: usize = 60_000;

/// One kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    LongPings,
    LongEvents,
    LongCredentials,
    LonelyTexts,
    UnfinishedMessages,
    UnreadPages,
    AbandonedLogins,
    Rooms,
    Renames,
    Tickets,
    Refreshes,
    Directory,
}

/// All of them.
pub(crate) const ALL: [Work; 12] = [
    Work::LongPings,
    Work::LongEvents,
    Work::LongCredentials,
    Work::LonelyTexts,
    Work::UnfinishedMessages,
    Work::UnreadPages,
    Work::AbandonedLogins,
    Work::Rooms,
    Work::Renames,
    Work::Tickets,
    Work::Refreshes,
    Work::Directory,
];

impl Work {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::LongPings => "native pings of 1 MiB, deflated to 1 KiB",
            Self::LongEvents => "events of Socket.IO of 1 MiB, deflated to 1 KiB",
            Self::LongCredentials => "CONNECTs of Socket.IO with 1 MB of `auth`",
            Self::LonelyTexts => "texts of 1 MiB that wait for an attachment, deflated to 1 KiB",
            Self::UnfinishedMessages => "messages of 1 MiB without their last byte, before a token",
            Self::UnreadPages => "pages of messages of 60 KB, not read",
            Self::AbandonedLogins => "sign-ins that are given up at once",
            Self::Rooms => "rooms with somebody else in them",
            Self::Renames => "renames of a room",
            Self::Tickets => "tickets",
            Self::Refreshes => "refreshes with nonsense",
            Self::Directory => "pages of the directory",
        }
    }

    /// Attacks until `end` with so many sockets, from one address or from several.
    pub(crate) async fn attack(
        self,
        to: Targets,
        sockets: usize,
        from: Source,
        end: Instant,
        count: Arc<Count>,
    ) {
        let to = if self == Self::AbandonedLogins { to.accounts } else { to.hub };
        let mut tasks = JoinSet::new();
        for number in 0..sockets {
            let from = from.address(GROUP, number);
            let count = count.clone();
            tasks.spawn(async move {
                let work = async {
                    loop {
                        if self.connection(from, to, &count.done).await.is_err() {
                            count.refused.fetch_add(1, Ordering::Relaxed);
                        }
                        sleep(PAUSE).await;
                    }
                };
                timeout_at(end, work).await.unwrap_or(());
            });
        }
        while tasks.join_next().await.is_some() {}
    }

    /// What one connection does, until the server ends it.
    // Long because it is a table: one arm for each kind of work.
    async fn connection(self, from: Ipv4Addr, to: SocketAddr, done: &AtomicU64) -> io::Result<()> {
        let user = format!("worker-{from}");
        let token = token(&user).map_err(io::Error::other)?;
        let bearer = format!("authorization: Bearer {token}\r\ncontent-type: application/json\r\n");
        match self {
            Self::LongPings => {
                let ping = format!(
                    r#"{{"type":"ping","data":{{"nonce":1,"a":[{}0]}}}}"#,
                    "0,".repeat(LONG / 2 - 64)
                );
                let hello = handshake(&format!("/api/v1/ws?token={token}"), true);
                send(from, to, &hello, &[], &deflated(ping.as_bytes()), done).await
            }
            Self::LongEvents => {
                let event = format!(r#"42["mark-message-read",[{}0]]"#, "0,".repeat(LONG / 2 - 64));
                let connect = frame(0x81, format!(r#"40{{"token":"{token}"}}"#).as_bytes());
                send(from, to, &handshake(SOCKET_IO, true), &connect, &deflated(event.as_bytes()), done).await
            }
            Self::LongCredentials => {
                let connect = format!(r#"40{{"token":"{}"}}"#, "x".repeat(1_000_000 - 64));
                let connect = frame(0x81, connect.as_bytes());
                send(from, to, &handshake(SOCKET_IO, false), &[], &connect, done).await
            }
            Self::LonelyTexts => {
                let text = format!(r#"451-["a",{}0]"#, "0,".repeat(LONG / 2 - 64));
                hold(from, to, &handshake(SOCKET_IO, true), &deflated(text.as_bytes()), done).await
            }
            Self::UnfinishedMessages => {
                let mut message = frame(0x81, &vec![b'x'; LONG]);
                message.pop();
                hold(from, to, &handshake("/api/v1/ws", false), &message, done).await
            }
            Self::UnreadPages => {
                let mut stream = connect(from, to, Some(16 * 1024)).await?;
                let request = format!(
                    "GET /api/v1/chats/{}/messages?limit=200 HTTP/1.1\r\nhost: x\r\n{bearer}\r\n",
                    room_of(from)
                );
                stream.write_all(request.as_bytes()).await?;
                done.fetch_add(1, Ordering::Relaxed);
                std::future::pending().await
            }
            Self::AbandonedLogins => {
                let body = r#"{"username":"nobody","password":"a guess of some length"}"#;
                let mut stream = connect(from, to, None).await?;
                let head = format!(
                    "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                     content-length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(head.as_bytes()).await?;
                done.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_millis(5)).await;
                Ok(())
            }
            Self::Rooms => {
                let room = r#"{"name":"Unasked","member_ids":["ordinary-1"]}"#;
                ask(from, to, "POST", "/api/v1/chats", &bearer, room, done).await
            }
            Self::Renames => {
                let path = format!("/api/v1/chats/{}", room_of(from));
                ask(from, to, "PATCH", &path, &bearer, r#"{"name":"Another name"}"#, done).await
            }
            Self::Tickets => ask(from, to, "POST", "/api/v1/auth/ticket", &bearer, "", done).await,
            Self::Refreshes => {
                let body = r#"{"refresh_token":"bm9uc2Vuc2Ugbm9uc2Vuc2Ugbm9uc2Vuc2Ugbm9uc2Vuc2U"}"#;
                let headers = "content-type: application/json\r\n";
                ask(from, to, "POST", "/api/v1/auth/refresh", headers, body, done).await
            }
            Self::Directory => ask(from, to, "GET", "/api/v1/users?q=a", &bearer, "", done).await,
        }
    }
}

/// Where a session of Engine.IO begins with a WebSocket.
const SOCKET_IO: &str = "/socket.io/?EIO=4&transport=websocket";

/// The room of an attacker.
fn room_of(from: Ipv4Addr) -> String {
    format!("work-room-{}", from.to_string().replace('.', "-"))
}

/// Makes the room that the attackers of so many addresses read from and rename, and fills it.
pub(crate) async fn prepare(to: SocketAddr, addresses: usize) -> io::Result<()> {
    for number in 0..addresses {
        let from = source(GROUP, number);
        let token = token(&format!("worker-{from}")).map_err(io::Error::other)?;
        let headers = format!("authorization: Bearer {token}\r\ncontent-type: application/json\r\n");
        let mut http = Http::connect(from, to).await?;
        let room = room_of(from);
        let (made, answer) = http
            .ask("POST", "/api/v1/chats", &headers, &format!(r#"{{"id":"{room}","name":"Work"}}"#))
            .await?;
        if made != 201 {
            return Err(io::Error::other(answer));
        }
        // Of the first address alone: a full room takes 6 MB.
        let messages = if number == 0 { MESSAGES } else { 8 };
        let body = format!(r#"{{"content":"{}"}}"#, "x".repeat(MESSAGE_BYTES));
        for _ in 0..messages {
            http.ask("POST", &format!("/api/v1/chats/{room}/messages"), &headers, &body).await?;
        }
    }
    Ok(())
}

/// Opens a socket and sends one message again and again. What the server sends is read and thrown away.
async fn send(
    from: Ipv4Addr,
    to: SocketAddr,
    hello: &str,
    first: &[u8],
    message: &[u8],
    done: &AtomicU64,
) -> io::Result<()> {
    let mut stream = connect(from, to, None).await?;
    stream.write_all(hello.as_bytes()).await?;
    stream.write_all(first).await?;
    let (mut reads, mut writes) = stream.split();
    let flood = async {
        loop {
            writes.write_all(message).await?;
            done.fetch_add(1, Ordering::Relaxed);
        }
    };
    let answers = async {
        let mut some = vec![0; 64 * 1024];
        while reads.read(&mut some).await? > 0 {}
        Ok(())
    };
    tokio::select! {
        ended = flood => ended,
        ended = answers => ended,
    }
}

/// Opens a socket, sends one message and waits until the server ends it.
async fn hold(
    from: Ipv4Addr,
    to: SocketAddr,
    hello: &str,
    message: &[u8],
    done: &AtomicU64,
) -> io::Result<()> {
    let mut stream: TcpStream = connect(from, to, None).await?;
    stream.write_all(hello.as_bytes()).await?;
    stream.write_all(message).await?;
    done.fetch_add(1, Ordering::Relaxed);
    let mut some = vec![0; 64 * 1024];
    while stream.read(&mut some).await? > 0 {}
    Ok(())
}

/// Asks the same thing again and again on one connection.
async fn ask(
    from: Ipv4Addr,
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
    done: &AtomicU64,
) -> io::Result<()> {
    let mut http = Http::connect(from, to).await?;
    loop {
        http.ask(method, path, headers, body).await?;
        done.fetch_add(1, Ordering::Relaxed);
    }
}

/// A compressed text frame (RFC 7692).
fn deflated(text: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), Compression::best());
    let written = packed.write_all(text).and_then(|()| packed.flush());
    let mut packed = packed.get_ref().clone();
    if written.is_err() {
        packed.clear();
    }
    // RFC 7692, section 7.2.1: the end of a flush is left out.
    packed.truncate(packed.len().saturating_sub(4));
    frame(0xc1, &packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_a_short_frame() {
        let frame = deflated("0,".repeat(LONG / 2).as_bytes());
        assert!(frame.len() < 2_048, "{}", frame.len());
    }
}
