//! The listening sockets: inherited from the parent process, or bound here.
//!
//! Inherited as from systemd (`sd_listen_fds(3)`): `LISTEN_FDS` is the number of sockets, `LISTEN_PID` the process. Between two
//! processes connections wait in the accept queue of an inherited socket, instead of being refused.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use listenfd::ListenFd;
use rustix::io::Errno;
use rustix::net::sockopt::set_ipv6_v6only;
use tokio::net::{TcpListener, TcpSocket};

use crate::config::ListenAddress;

/// Length of the accept queue. As long as Linux allows by default (`net.core.somaxconn`): ten thousand clients that
/// reconnect within seconds must not be refused.
const BACKLOG: u32 = 4_096;

/// Why the sockets cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address cannot be bound.
    #[error("cannot listen on {0}")]
    Bind(SocketAddr, #[source] io::Error),
    /// An inherited file is not a listening socket.
    #[error("an inherited socket cannot be used")]
    Inherited(#[source] io::Error),
    /// There are no addresses.
    #[error("there is no address to listen on")]
    Nowhere,
}

/// The inherited sockets; empty if there are none. To be called once, before there are other threads: it removes its
/// variables from the environment.
///
/// # Errors
/// [`ListenError::Inherited`].
pub fn inherited() -> Result<Vec<std::net::TcpListener>, ListenError> {
    let mut inherited = ListenFd::from_env();
    let taken = (0..inherited.len()).filter_map(|at| inherited.take_tcp_listener(at).transpose());
    taken.collect::<Result<_, _>>().map_err(ListenError::Inherited)
}

/// Registers an inherited socket with the runtime.
pub(super) fn adopt(socket: std::net::TcpListener) -> Result<TcpListener, ListenError> {
    socket.set_nonblocking(true).map_err(ListenError::Inherited)?;
    TcpListener::from_std(socket).map_err(ListenError::Inherited)
}

/// Binds a socket to each address. Addresses of a host name that this machine does not have are skipped, such as those of
/// IPv6 where it is disabled.
pub(super) fn bind(entries: &[ListenAddress]) -> Result<Vec<TcpListener>, ListenError> {
    let mut all: Vec<SocketAddr> = entries.iter().flat_map(|entry| entry.addresses.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    let mut listeners = Vec::new();
    let mut bound: Vec<SocketAddr> = Vec::new();
    for entry in entries {
        let mut missing = None;
        for addr in &entry.addresses {
            // Two names may have one address.
            if addr.port() != 0 && bound.contains(addr) {
                continue;
            }
            match bind_one(*addr, &all) {
                Ok(listener) => listeners.push(listener),
                Err(error) if entry.name.is_some() && is_unavailable(&error) => {
                    missing = Some(ListenError::Bind(*addr, error));
                    continue;
                }
                Err(error) => return Err(ListenError::Bind(*addr, error)),
            }
            bound.push(*addr);
        }
        if let Some(error) = missing
            && !entry.addresses.iter().any(|addr| bound.contains(addr))
        {
            return Err(error);
        }
    }
    if listeners.is_empty() { Err(ListenError::Nowhere) } else { Ok(listeners) }
}

fn bind_one(addr: SocketAddr, all: &[SocketAddr]) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Closing connections of the last process do not block the address.
    socket.set_reuseaddr(true)?;
    let dual_stack =
        |other: &SocketAddr| other.is_ipv4() && other.ip().is_unspecified() && other.port() == addr.port();
    if addr.is_ipv6() && addr.ip().is_unspecified() && all.iter().any(dual_stack) {
        // Otherwise `[::]` includes IPv4 and conflicts with the other address.
        set_ipv6_v6only(&socket, true)?;
    }
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// The machine does not have this address, or its address family.
fn is_unavailable(error: &io::Error) -> bool {
    error.kind() == ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(Errno::AFNOSUPPORT.raw_os_error())
}
