//! Connecting, closing and writing.

use std::io::{self, ErrorKind, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::net::{self, AddressFamily, SocketFlags, SocketType, sockopt};

use super::connection::Stage;
use super::{Engine, Event, source_of};
use crate::casts::count;
use crate::clock::now;
use crate::frame;

impl Engine {
    /// Begins to connect. What fails at once is reported as lost.
    pub(crate) fn open(&mut self, id: usize, on: &mut dyn FnMut(Event)) {
        let began = now();
        match self.dial(id) {
            Ok(stream) => {
                if let Some(connection) = self.connections.get_mut(id) {
                    connection.stream = Some(stream);
                    connection.stage = Stage::Dialling;
                    connection.began = began;
                    self.under_way += 1;
                }
            }
            Err(error) => {
                self.note_failure(|| format!("connecting: {error}"));
                on(Event::Lost(id));
            }
        }
    }

    fn dial(&self, id: usize) -> io::Result<TcpStream> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        sockopt::set_tcp_nodelay(&socket, true)?;
        net::bind(&socket, &SocketAddrV4::new(source_of(id), 0))?;
        match net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.port)) {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        epoll::add(&self.poller, &socket, EventData::new_u64(count(id)), EventFlags::IN | EventFlags::OUT)?;
        Ok(socket.into())
    }

    /// Ends a connection from this side. With `reset` by a reset (RFC 9293, section 3.10.4), which leaves nothing in the
    /// tables of this machine.
    pub(crate) fn close(&mut self, id: usize, reset: bool) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let Some(stream) = connection.stream.take() else { return };
        if reset && let Err(error) = sockopt::set_socket_linger(&stream, Some(Duration::ZERO)) {
            self.first_failure.get_or_insert_with(|| format!("no reset: {error}"));
        }
        match std::mem::replace(&mut connection.stage, Stage::Closed) {
            Stage::Ready => self.ready -= 1,
            Stage::Closed => {}
            _ => self.under_way -= 1,
        }
        connection.held = Vec::new();
        connection.fragments = Vec::new();
        connection.unsent = Vec::new();
    }

    pub(super) fn lose(&mut self, id: usize, why: &str, on: &mut dyn FnMut(Event)) {
        let stage = self.connections.get(id).map_or(Stage::Closed, |it| it.stage);
        self.note_failure(|| format!("{why} ({stage:?})"));
        self.close(id, false);
        on(Event::Lost(id));
    }

    pub(super) fn writable(&mut self, id: usize, on: &mut dyn FnMut(Event)) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let Some(stream) = &connection.stream else { return };
        if connection.stage == Stage::Dialling {
            if let Some(error) = stream.take_error().unwrap_or_else(Some) {
                self.lose(id, &format!("connecting: {error}"), on);
                return;
            }
            connection.stage = Stage::Upgrading;
            self.watch(id, EventFlags::IN);
            let request = self.request(id);
            self.write(id, request.as_bytes());
        } else {
            let rest = std::mem::take(&mut connection.unsent);
            self.watch(id, EventFlags::IN);
            self.write(id, &rest);
        }
    }

    /// The opening handshake of RFC 6455, section 4.1, as a page of the same origin sends it.
    fn request(&mut self, id: usize) -> String {
        let mut key = [0; 16];
        let (high, low) = (self.rng.next(), self.rng.next());
        key.iter_mut()
            .zip(high.to_be_bytes().into_iter().chain(low.to_be_bytes()))
            .for_each(|(to, from)| *to = from);
        let token = self.connections.get(id).map(|it| it.spec.token.as_str()).unwrap_or_default();
        format!(
            "GET {} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n\r\n",
            self.dialect.path(token),
            STANDARD.encode(key),
            port = self.port,
        )
    }

    fn watch(&mut self, id: usize, flags: EventFlags) {
        let Some(stream) = self.connections.get(id).and_then(|it| it.stream.as_ref()) else { return };
        if let Err(error) = epoll::modify(&self.poller, stream, EventData::new_u64(count(id)), flags) {
            self.note_failure(|| format!("watching: {error}"));
        }
    }

    pub(super) fn say(&mut self, id: usize, opcode: u8, payload: &[u8]) {
        let mut out = std::mem::take(&mut self.out);
        out.clear();
        let [a, b, c, d, ..] = self.rng.next().to_ne_bytes();
        frame::write(&mut out, opcode, payload, [a, b, c, d]);
        self.write(id, &out);
        self.out = out;
    }

    /// Writes what the socket takes and keeps the rest. A read finds that a socket is broken.
    fn write(&mut self, id: usize, bytes: &[u8]) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let Some(stream) = &mut connection.stream else { return };
        if !connection.unsent.is_empty() {
            connection.unsent.extend_from_slice(bytes);
            return;
        }
        let taken = match stream.write(bytes) {
            Ok(taken) => taken,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => 0,
            Err(error) => {
                self.note_failure(|| format!("writing: {error}"));
                return;
            }
        };
        if let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            connection.unsent.extend_from_slice(rest);
            self.watch(id, EventFlags::IN | EventFlags::OUT);
        }
    }
}
