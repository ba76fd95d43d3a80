//! Frames that are on their way into a socket.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::Bytes;
use tokio::net::tcp::OwnedWriteHalf;
use wire::websocket::{Head, OutFrame};

/// Parts handed to the socket at once. More are written in several turns; Linux takes 1,024.
const SLICES: usize = 128;

/// Survives a write that was given up in the middle: the next one goes on where it stood.
#[derive(Default)]
pub(super) struct Unsent {
    queue: VecDeque<Queued>,
    /// Bytes of the first frame that are written already.
    written: usize,
}

struct Queued {
    head: Head,
    frame: OutFrame,
}

impl Unsent {
    pub(super) fn push(&mut self, frame: OutFrame) {
        self.queue.push_back(Queued { head: frame.head(), frame });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Owns no memory any more, if nothing waits.
    pub(super) fn release(&mut self) {
        if self.queue.is_empty() {
            self.queue = VecDeque::new();
        }
    }

    /// Writes as much as the socket takes at once.
    pub(super) fn write_to(&mut self, half: &OwnedWriteHalf) -> io::Result<()> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let count = self.fill(&mut slices);
        let bytes = match slices.get(..count).unwrap_or_default() {
            [one] => half.try_write(one)?,
            several => half.try_write_vectored(several)?,
        };
        if bytes == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.forget(bytes);
        Ok(())
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
    fn forget(&mut self, bytes: usize) {
        self.written += bytes;
        while let Some(first) = self.queue.front().map(Queued::len).filter(|first| *first <= self.written) {
            self.written -= first;
            self.queue.pop_front();
        }
    }
}

impl Queued {
    fn parts(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(self.head.as_bytes()).chain(self.frame.pieces().iter().map(Bytes::as_ref))
    }

    fn len(&self) -> usize {
        self.head.as_bytes().len() + self.frame.payload_bytes()
    }
}
