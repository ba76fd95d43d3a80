//! The listening sockets: handed over by whoever started this program, or bound here.
//!
//! Handed over as systemd does it (`sd_listen_fds(3)`): `LISTEN_FDS` says how many, `LISTEN_PID` to whom. A socket that was
//! there before the program and stays after it makes connections wait, instead of being refused, while there is none.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use listenfd::ListenFd;
use rustix::io::Errno;
use rustix::net::sockopt::set_ipv6_v6only;
use tokio::net::{TcpListener, TcpSocket};

use crate::config::ListenAddress;

/// Connections that may wait to be taken. As many as Linux allows by default (`net.core.somaxconn`): ten thousand clients
/// that come back within seconds must not find the door shut.
const BACKLOG: u32 = 4_096;

/// Why the sockets cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address cannot be had.
    #[error("cannot listen on {0}")]
    Bind(SocketAddr, #[source] io::Error),
    /// What was handed over is no listening socket.
    #[error("a socket that was handed over cannot be used")]
    Inherited(#[source] io::Error),
    /// There are no sockets.
    #[error("there is no address to listen on")]
    Nowhere,
}

/// The sockets that were handed over; empty if there are none. To be called once, before there are other threads: it takes
/// its variables out of the environment.
///
/// # Errors
/// [`ListenError::Inherited`].
pub fn inherited() -> Result<Vec<std::net::TcpListener>, ListenError> {
    let mut handed_over = ListenFd::from_env();
    let taken = (0..handed_over.len()).filter_map(|at| handed_over.take_tcp_listener(at).transpose());
    taken.collect::<Result<_, _>>().map_err(ListenError::Inherited)
}

/// Takes up a socket that was handed over.
pub(crate) fn take_up(socket: std::net::TcpListener) -> Result<TcpListener, ListenError> {
    socket.set_nonblocking(true).map_err(ListenError::Inherited)?;
    TcpListener::from_std(socket).map_err(ListenError::Inherited)
}

/// Makes a socket for each address. Of what a host name stands for, addresses that this machine does not have are passed
/// over, such as those of IPv6 where it is switched off.
pub(crate) fn bind(places: &[ListenAddress]) -> Result<Vec<TcpListener>, ListenError> {
    let mut all: Vec<SocketAddr> = places.iter().flat_map(|place| place.addresses.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    let mut listeners = Vec::new();
    let mut bound: Vec<SocketAddr> = Vec::new();
    for place in places {
        let mut missing = None;
        for addr in &place.addresses {
            // Two names may stand for one address.
            if addr.port() != 0 && bound.contains(addr) {
                continue;
            }
            match bind_one(*addr, &all) {
                Ok(listener) => listeners.push(listener),
                Err(error) if place.name.is_some() && is_not_here(&error) => {
                    missing = Some(ListenError::Bind(*addr, error));
                    continue;
                }
                Err(error) => return Err(ListenError::Bind(*addr, error)),
            }
            bound.push(*addr);
        }
        if let Some(error) = missing
            && !place.addresses.iter().any(|addr| bound.contains(addr))
        {
            return Err(error);
        }
    }
    if listeners.is_empty() { Err(ListenError::Nowhere) } else { Ok(listeners) }
}

fn bind_one(addr: SocketAddr, all: &[SocketAddr]) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Connections of the last process that still end do not keep the address.
    socket.set_reuseaddr(true)?;
    let of_both =
        |other: &SocketAddr| other.is_ipv4() && other.ip().is_unspecified() && other.port() == addr.port();
    if addr.is_ipv6() && addr.ip().is_unspecified() && all.iter().any(of_both) {
        // Otherwise `[::]` is for IPv4, too, and takes the address from the other one.
        set_ipv6_v6only(&socket, true)?;
    }
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// The machine has no such address, or knows none of its family.
fn is_not_here(error: &io::Error) -> bool {
    error.kind() == ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(Errno::AFNOSUPPORT.raw_os_error())
}
