//! Write buffer: the frames that are being written into a socket.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::Bytes;
use rustix::net::{SendFlags, send};
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::codec::{EncodedHeader, OutFrame};

/// Parts handed to the socket at once. More are written in several turns; Linux takes 1,024.
const SLICES: usize = 128;

/// What is no longer than this is copied into one piece. A `send` of one piece costs the kernel 0.3 µs less than a `writev`
/// of a header and a payload, and copying this much costs a tenth of that.
const COPIED: usize = 2048;

/// Survives a write that was dropped in the middle: the next one goes on where it stopped.
#[derive(Default)]
pub(crate) struct WriteBuffer {
    queue: VecDeque<Queued>,
    /// Bytes of the first frame that are written already.
    written: usize,
}

struct Queued {
    header: EncodedHeader,
    frame: OutFrame,
}

impl WriteBuffer {
    pub(crate) fn push(&mut self, frame: OutFrame) {
        self.queue.push_back(Queued { header: frame.header(), frame });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Owns no memory any more, if nothing waits.
    pub(crate) fn release(&mut self) {
        if self.queue.is_empty() {
            self.queue = VecDeque::new();
        }
    }

    /// Writes as much as the socket takes at once.
    pub(crate) fn write_to(&mut self, socket: &TcpStream) -> io::Result<()> {
        let mut copy = [0; COPIED];
        let bytes = match self.copy_into(&mut copy) {
            Some(copied) => send_now(socket, copy.get(..copied).unwrap_or_default())?,
            None => self.write_pieces(socket)?,
        };
        if bytes == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.advance(bytes);
        Ok(())
    }

    /// Copies everything that waits, if it fits; how much that is.
    fn copy_into(&self, copy: &mut [u8; COPIED]) -> Option<usize> {
        let mut skip = self.written;
        let mut count = 0;
        for part in self.queue.iter().flat_map(Queued::parts) {
            let skipped = skip.min(part.len());
            skip -= skipped;
            let part = part.get(skipped..)?;
            copy.get_mut(count..)?.get_mut(..part.len())?.copy_from_slice(part);
            count += part.len();
        }
        Some(count)
    }

    fn write_pieces(&self, socket: &TcpStream) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let count = self.fill(&mut slices);
        socket.try_write_vectored(slices.get(..count).unwrap_or_default())
    }

    fn fill<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut skip = self.written;
        let parts = self.queue.iter().flat_map(Queued::parts);
        let unwritten = parts.filter_map(|part| {
            let skipped = skip.min(part.len());
            skip -= skipped;
            part.get(skipped..).filter(|part| !part.is_empty())
        });
        let mut count = 0;
        for (place, part) in slices.iter_mut().zip(unwritten) {
            *place = IoSlice::new(part);
            count += 1;
        }
        count
    }

    /// So many bytes are on their way.
    fn advance(&mut self, bytes: usize) {
        self.written += bytes;
        while let Some(first) = self.queue.front().map(Queued::len).filter(|first| *first <= self.written) {
            self.written -= first;
            self.queue.pop_front();
        }
    }
}

/// Most sockets take all bytes, so the first try does not check readiness. A socket that does not is tried again in the way
/// that registers it with the runtime.
fn send_now(socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let send = || send(socket, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL).map_err(io::Error::from);
    match send() {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => socket.try_io(Interest::WRITABLE, send),
        done => done,
    }
}

impl Queued {
    fn parts(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(self.header.as_bytes()).chain(self.frame.pieces().iter().map(Bytes::as_ref))
    }

    fn len(&self) -> usize {
        self.header.as_bytes().len() + self.frame.payload_bytes()
    }
}
