//! Newcomer: a client that connects for the first time, from an address that is new, too.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::network::{Http, next_text, open_socket, source};
use crate::server::token;

/// The addresses of newcomers: 127.2.0.0/16.
const GROUP: u8 = 2;

/// How long until it has a page and is in with a socket.
pub(crate) async fn newcomer(number: usize, to: SocketAddr) -> io::Result<Duration> {
    let begun = Instant::now();
    let from = source(GROUP, number);
    let (status, _) = Http::connect(from, to).await?.ask("GET", "/sign-in", "", "").await?;
    if status != 200 {
        return Err(io::Error::other(format!("the page got {status}")));
    }
    let token = token(&format!("newcomer-{number}")).map_err(io::Error::other)?;
    let mut socket = open_socket(from, to, &format!("/api/v1/ws?token={token}")).await?;
    let frame = next_text(&mut socket).await?;
    if !frame.starts_with(r#"{"type":"welcome""#) {
        return Err(io::Error::other(frame));
    }
    Ok(begun.elapsed())
}
