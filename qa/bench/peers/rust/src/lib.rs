//! What the Rust peers have in common.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// Listens on 127.0.0.1 at the port in `PORT`, with room in the queue for a crowd that comes back.
///
/// # Errors
/// When the port is missing or taken.
pub fn listener() -> io::Result<TcpListener> {
    let port = std::env::var("PORT").ok().and_then(|it| it.parse().ok());
    let port: u16 = port.ok_or_else(|| io::Error::other("PORT is not set"))?;
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(4096)
}
