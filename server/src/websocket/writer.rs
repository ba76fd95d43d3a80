//! The writing half: many frames in one go, their payloads shared.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;
use wire::websocket::{Deflate, Head, OutFrame, deflate};

use super::pongs::Due;
use super::progress::Progress;

/// Parts handed to the socket at once. More are written in several turns; Linux takes 1,024.
const SLICES: usize = 128;

/// Writes messages and control frames. Pings that the [`Reader`](super::Reader) heard are answered with every write, and
/// by [`Writer::answer_pings`] while there is nothing to write.
pub struct Writer {
    half: OwnedWriteHalf,
    deflate: Option<Deflate>,
    deflate_from_bytes: usize,
    due: Due,
    progress: Progress,
    /// Survives a write that was given up in the middle: the next one goes on where it stood.
    queue: VecDeque<Queued>,
    /// Bytes of the first frame that are written already.
    written: usize,
}

struct Queued {
    head: Head,
    frame: OutFrame,
}

impl Writer {
    pub(super) fn new(
        half: OwnedWriteHalf,
        deflate: Option<Deflate>,
        deflate_from_bytes: usize,
        due: Due,
    ) -> Self {
        Self {
            half,
            deflate,
            deflate_from_bytes,
            due,
            progress: Progress::default(),
            queue: VecDeque::new(),
            written: 0,
        }
    }

    /// Writes frames in as few turns as the socket takes. If it is dropped before it is done, the next write takes up
    /// where this one stood.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn write(&mut self, frames: impl IntoIterator<Item = OutFrame>) -> io::Result<()> {
        self.queue_pongs();
        for frame in frames {
            self.push(frame);
        }
        self.flush().await
    }

    /// Writes one frame.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn send(&mut self, frame: OutFrame) -> io::Result<()> {
        self.queue_pongs();
        self.push(frame);
        self.flush().await
    }

    /// Waits until the reader has heard a ping that is not answered. Then call [`Writer::answer_pings`].
    pub async fn pinged(&self) {
        self.due.arrived().await;
    }

    /// Answers the pings that were heard.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn answer_pings(&mut self) -> io::Result<()> {
        self.queue_pongs();
        self.flush().await
    }

    /// Writes a close frame behind what is queued, and ends the writing side. 1005 writes a frame without a code.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn close(mut self, code: u16, reason: &str) -> io::Result<()> {
        self.send(OutFrame::close(code, reason)).await?;
        self.half.shutdown().await
    }

    /// Whether permessage-deflate was agreed on, and with which window.
    pub fn deflate(&self) -> Option<Deflate> {
        self.deflate
    }

    /// How the client takes what is written.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    fn queue_pongs(&mut self) {
        for payload in self.due.take() {
            self.push(OutFrame::pong(payload));
        }
    }

    fn push(&mut self, frame: OutFrame) {
        let frame = self.compressed(&frame).unwrap_or(frame);
        self.queue.push_back(Queued { head: frame.head(), frame });
    }

    /// The same message, compressed, where that was agreed on and is worth it.
    fn compressed(&self, frame: &OutFrame) -> Option<OutFrame> {
        let agreed = self.deflate?;
        let kind = frame.compressible().filter(|_| frame.payload_bytes() >= self.deflate_from_bytes)?;
        deflate(frame.pieces(), agreed.window_bits).map(|smaller| OutFrame::deflated(kind, smaller))
    }

    async fn flush(&mut self) -> io::Result<()> {
        let mut was_full = false;
        while !self.queue.is_empty() {
            self.half.writable().await?;
            match self.try_write() {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    if std::mem::take(&mut was_full) {
                        self.progress.note();
                    }
                    self.forget(written);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => was_full = true,
                Err(error) => return Err(error),
            }
        }
        // An idle connection owns nothing.
        self.queue = VecDeque::new();
        Ok(())
    }

    fn try_write(&self) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); SLICES];
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
        self.half.try_write_vectored(slices.get(..count).unwrap_or_default())
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
