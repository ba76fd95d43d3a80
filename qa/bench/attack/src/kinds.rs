//! Kinds of floods: what each does on a connection, and its rate.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use flate2::Compression;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout_at};

use crate::network::{connect, source};
use crate::server::{FILE_PATH, token};

/// Addresses of attackers: 127.9.0.0/16.
const GROUP: u8 = 9;

/// Addresses that attack together.
const MANY: usize = 250;

/// Connections that an attack holds at a time.
const HELD: usize = 2_000;

/// One kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    SlowHeads,
    SlowBodies,
    UnreadAnswers,
    HalfOpen,
    Handshakes,
    Frames,
    Bombs,
    LongPaths,
    DeepJson,
}

pub(crate) const ALL: [Kind; 9] = [
    Kind::SlowHeads,
    Kind::SlowBodies,
    Kind::UnreadAnswers,
    Kind::HalfOpen,
    Kind::Handshakes,
    Kind::Frames,
    Kind::Bombs,
    Kind::LongPaths,
    Kind::DeepJson,
];

/// What an attack did.
#[derive(Default)]
pub(crate) struct Count {
    /// Connections that were begun, or frames that were sent.
    pub(crate) done: AtomicU64,
    /// Connections that could not be made.
    pub(crate) refused: AtomicU64,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SlowHeads => "slow heads",
            Self::SlowBodies => "slow bodies",
            Self::UnreadAnswers => "unread answers of 16 MiB",
            Self::HalfOpen => "connections that say nothing",
            Self::Handshakes => "WebSocket handshakes, half of them with a good token",
            Self::Frames => "frames of 20 sockets: pings, rubbish, posts to foreign rooms",
            Self::Bombs => "frames of 1 MiB of zeros, deflated to 1 KiB; one in ten of 16 MiB",
            Self::LongPaths => "requests for paths of 8 KB",
            Self::DeepJson => "sign-ins of 100,000 nested brackets",
        }
    }

    /// Connections (or, of frames and bombs, frames) a second.
    pub(crate) fn rate(self) -> u32 {
        match self {
            Self::SlowHeads | Self::SlowBodies | Self::LongPaths => 300,
            Self::UnreadAnswers | Self::DeepJson => 100,
            Self::HalfOpen | Self::Handshakes => 400,
            Self::Frames => 4_000,
            Self::Bombs => 50,
        }
    }

    /// Attacks until `end`, from one address or from many.
    pub(crate) async fn attack(self, to: SocketAddr, from_many: bool, end: Instant, count: Arc<Count>) {
        match self {
            Self::Frames | Self::Bombs => self.send_frames(to, from_many, end, count).await,
            _ => self.open_connections(to, from_many, end, count).await,
        }
    }

    async fn open_connections(self, to: SocketAddr, from_many: bool, end: Instant, count: Arc<Count>) {
        let held = Arc::new(Semaphore::new(HELD));
        let mut beat = beat(self.rate());
        let mut tasks = JoinSet::new();
        for number in 0.. {
            if timeout_at(end, beat.tick()).await.is_err() {
                break;
            }
            while tasks.try_join_next().is_some() {}
            let Ok(place) = held.clone().try_acquire_owned() else { continue };
            let (from, count) = (attacker(number, from_many), count.clone());
            tasks.spawn(async move {
                count.done.fetch_add(1, Ordering::Relaxed);
                // Whatever becomes of it: the server may end it at any time.
                if let Ok(Err(_)) = timeout_at(end, self.connection(from, to, number)).await {
                    count.refused.fetch_add(1, Ordering::Relaxed);
                }
                drop(place);
            });
        }
        while tasks.join_next().await.is_some() {}
    }

    /// What one connection does, until the server ends it.
    async fn connection(self, from: Ipv4Addr, to: SocketAddr, number: usize) -> io::Result<()> {
        let room = (self == Self::UnreadAnswers).then_some(16 * 1024);
        let mut stream = connect(from, to, room).await?;
        match self {
            Self::SlowHeads => {
                stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n").await?;
                trickle(&mut stream, b"x-slow: yes\r\n", Duration::from_secs(1)).await
            }
            Self::SlowBodies => {
                stream.write_all(post(100_000).as_bytes()).await?;
                trickle(&mut stream, b"{", Duration::from_secs(5)).await
            }
            Self::UnreadAnswers => {
                stream.write_all(format!("GET {FILE_PATH} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await?;
                std::future::pending().await
            }
            Self::Handshakes => {
                let user = format!("attacker-{}", number % 100);
                let good = token(&user).map_err(io::Error::other)?;
                let token = if number.is_multiple_of(2) { good.as_str() } else { "wrong" };
                stream.write_all(handshake(&native(token), false).as_bytes()).await?;
                stream.read(&mut [0; 512]).await.map(drop)
            }
            Self::LongPaths => {
                let path = "a/".repeat(4_000);
                let request = format!("GET /{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
                stream.write_all(request.as_bytes()).await?;
                read_all(&mut stream).await
            }
            Self::DeepJson => {
                let body = "[".repeat(100_000);
                stream.write_all(post(body.len()).as_bytes()).await?;
                stream.write_all(body.as_bytes()).await?;
                read_all(&mut stream).await
            }
            Self::HalfOpen | Self::Frames | Self::Bombs => stream.read(&mut [0; 512]).await.map(drop),
        }
    }

    async fn send_frames(self, to: SocketAddr, from_many: bool, end: Instant, count: Arc<Count>) {
        const SOCKETS: usize = 20;
        let bombs = [bomb(1024 * 1024), bomb(16 * 1024 * 1024)];
        let mut tasks = JoinSet::new();
        for number in 0..SOCKETS {
            let (count, bombs) = (count.clone(), bombs.clone());
            let rate = (self.rate() / u32::try_from(SOCKETS).unwrap_or(1)).max(1);
            tasks.spawn(async move {
                let work = async {
                    loop {
                        let ended = self.frames(to, from_many, number, rate, &bombs, &count).await;
                        if ended.is_err() {
                            count.refused.fetch_add(1, Ordering::Relaxed);
                        }
                        sleep(Duration::from_millis(200)).await;
                    }
                };
                timeout_at(end, work).await.unwrap_or(());
            });
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Floods one socket until the server ends it.
    async fn frames(
        self,
        to: SocketAddr,
        from_many: bool,
        number: usize,
        rate: u32,
        bombs: &[Vec<u8>; 2],
        count: &Count,
    ) -> io::Result<()> {
        let mut stream = connect(attacker(number, from_many), to, None).await?;
        let user = if from_many { format!("attacker-{number}") } else { "attacker".to_owned() };
        let token = token(&user).map_err(io::Error::other)?;
        stream.write_all(handshake(&native(&token), self == Self::Bombs).as_bytes()).await?;
        let (mut reads, mut writes) = stream.split();
        let answers = async {
            let mut some = vec![0; 64 * 1024];
            while reads.read(&mut some).await? > 0 {}
            Ok(())
        };
        let flood = async {
            let mut beat = beat(rate);
            for step in number.. {
                beat.tick().await;
                let [small, large] = bombs;
                let frame = match (self, step % 10) {
                    (Self::Bombs, 9) => large.clone(),
                    (Self::Bombs, _) => small.clone(),
                    (_, 0..=3) => text_frame(br#"{"type":"ping","data":{"nonce":1}}"#),
                    (_, 4..=6) => text_frame(b"{\"type\":[[[[[[\"rubbish"),
                    _ => text_frame(
                        br#"{"type":"post","data":{"room":"attack-room-1","draft":"0190a000-0000-7000-8000-000000000000","body":"x"}}"#,
                    ),
                };
                writes.write_all(&frame).await?;
                count.done.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        };
        tokio::select! {
            ended = answers => ended,
            ended = flood => ended,
        }
    }
}

/// So often a second; what was missed is not made up for.
fn beat(rate: u32) -> tokio::time::Interval {
    let mut beat = interval(Duration::from_secs(1) / rate.max(1));
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    beat
}

fn attacker(number: usize, from_many: bool) -> Ipv4Addr {
    source(GROUP, if from_many { number % MANY } else { 0 })
}

fn post(length: usize) -> String {
    format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n"
    )
}

fn native(token: &str) -> String {
    format!("/api/v1/ws?token={token}")
}

/// The request for a WebSocket at a path.
pub(crate) fn handshake(path: &str, deflates: bool) -> String {
    let extensions = if deflates { "sec-websocket-extensions: permessage-deflate\r\n" } else { "" };
    format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{extensions}\r\n"
    )
}

/// Sends a little again and again, until the server ends the connection.
async fn trickle(stream: &mut TcpStream, piece: &[u8], pause: Duration) -> io::Result<()> {
    let (mut reads, mut writes) = stream.split();
    let end = async { reads.read(&mut [0; 512]).await.map(drop) };
    let send = async {
        loop {
            sleep(pause).await;
            writes.write_all(piece).await?;
        }
    };
    tokio::select! {
        ended = end => ended,
        ended = send => ended,
    }
}

async fn read_all(stream: &mut TcpStream) -> io::Result<()> {
    let mut some = vec![0; 16 * 1024];
    while stream.read(&mut some).await? > 0 {}
    Ok(())
}

/// A masked frame (RFC 6455, section 5.2) with this first byte; the mask is of zeros.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | u8::try_from(length).unwrap_or(0)),
        length @ 126..=65_535 => {
            frame.push(0xfe);
            frame.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        }
        length => {
            frame.push(0xff);
            frame.extend_from_slice(&u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

fn text_frame(payload: &[u8]) -> Vec<u8> {
    frame(0x81, payload)
}

/// A compressed text frame (RFC 7692) of so many zeros; what does not fit into 64 KiB is cut off.
fn bomb(bytes: usize) -> Vec<u8> {
    let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), Compression::best());
    let written = packed.write_all(&vec![b'0'; bytes]).and_then(|()| packed.flush());
    let mut packed = packed.get_ref().clone();
    if written.is_err() {
        packed.clear();
    }
    // RFC 7692, section 7.2.1: the end of a flush is left out.
    packed.truncate(packed.len().saturating_sub(4).min(65_535));
    frame(0xc1, &packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_small_and_becomes_large() {
        for bytes in [1024 * 1024, 16 * 1024 * 1024] {
            let bomb = bomb(bytes);
            assert!(bomb.len() < 40_000, "{}", bomb.len());
            let mut inflated = Vec::with_capacity(bytes + 1024);
            let packed = [&bomb[8..], &[0, 0, 0xff, 0xff]].concat();
            flate2::Decompress::new(false)
                .decompress_vec(&packed, &mut inflated, flate2::FlushDecompress::Sync)
                .unwrap();
            assert_eq!(inflated.len(), bytes);
        }
    }
}
