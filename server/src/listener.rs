//! The listening socket: handed over by whoever started this program, or bound here.
//!
//! Handed over as systemd does it (`sd_listen_fds(3)`): `LISTEN_FDS` says how many, `LISTEN_PID` to whom. A socket that was
//! there before the program and stays after it makes connections wait, instead of being refused, while there is none.

use std::io;
use std::net::SocketAddr;

use listenfd::ListenFd;
use tokio::net::{TcpListener, TcpSocket};

/// Connections that may wait to be taken. As many as Linux allows by default (`net.core.somaxconn`): ten thousand clients
/// that come back within seconds must not find the door shut.
const BACKLOG: u32 = 4_096;

/// Why the socket cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address cannot be had.
    #[error("cannot listen on {0}")]
    Bind(SocketAddr, #[source] io::Error),
    /// What was handed over is no listening socket.
    #[error("the socket that was handed over cannot be used")]
    Inherited(#[source] io::Error),
    /// One address is served.
    #[error("{0} sockets were handed over, and only one can be served")]
    TooMany(usize),
}

/// The socket that was handed over; `None` if there is none. To be called once, before there are other threads: it takes
/// its variables out of the environment.
///
/// # Errors
/// [`ListenError::Inherited`], [`ListenError::TooMany`].
pub fn inherited() -> Result<Option<std::net::TcpListener>, ListenError> {
    let mut handed_over = ListenFd::from_env();
    match handed_over.len() {
        0 => Ok(None),
        1 => handed_over.take_tcp_listener(0).map_err(ListenError::Inherited),
        more => Err(ListenError::TooMany(more)),
    }
}

/// Takes up a socket that was handed over.
pub(crate) fn take_up(socket: std::net::TcpListener) -> Result<TcpListener, ListenError> {
    socket.set_nonblocking(true).map_err(ListenError::Inherited)?;
    TcpListener::from_std(socket).map_err(ListenError::Inherited)
}

/// Makes a socket.
pub(crate) fn bind(addr: SocketAddr) -> Result<TcpListener, ListenError> {
    let listen = || {
        let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // Connections of the last process that still end do not keep the address.
        socket.set_reuseaddr(true)?;
        socket.bind(addr)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|error| ListenError::Bind(addr, error))
}
