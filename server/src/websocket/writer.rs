//! The writing half, for a task of its own: many frames in one go, their payloads shared.

use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;
use wire::websocket::OutFrame;

use super::line::{Line, Source};
use super::loops::Loops;
use super::pongs::Due;
use super::progress::Progress;
use super::shrink::{Agreed, Shrinker};
use super::unsent::Unsent;

/// Writes messages and control frames. Pings that the [`Reader`](super::Reader) heard are answered with every write, and
/// by [`Writer::answer_pings`] while there is nothing to write.
pub struct Writer {
    pub(super) half: OwnedWriteHalf,
    pub(super) agreed: Agreed,
    pub(super) due: Due,
    pub(super) progress: Progress,
    pub(super) unsent: Unsent,
}

impl Writer {
    pub(super) fn new(half: OwnedWriteHalf, agreed: Agreed, due: Due) -> Self {
        let progress = due.progress();
        Self { half, agreed, due, progress, unsent: Unsent::default() }
    }

    /// From now on what `source` has waiting is written by one of the loops, which write for many connections in turn.
    pub fn hand_over(self, source: impl Source, loops: &Loops) -> Line {
        Line::new(self, source, loops.next())
    }

    /// Writes frames in as few turns as the socket takes. If it is dropped before it is done, the next write takes up
    /// where this one stood.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn write(&mut self, frames: impl IntoIterator<Item = OutFrame>) -> io::Result<()> {
        for payload in self.due.take() {
            self.unsent.push(OutFrame::pong(payload));
        }
        let mut shrinker = Shrinker::default();
        for frame in frames {
            self.unsent.push(shrinker.shrink(self.agreed, frame));
        }
        self.flush().await
    }

    /// Writes one frame.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn send(&mut self, frame: OutFrame) -> io::Result<()> {
        self.write([frame]).await
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
        self.write([]).await
    }

    /// Writes a close frame behind what is queued, and ends the writing side. 1005 writes a frame without a code.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn close(mut self, code: u16, reason: &str) -> io::Result<()> {
        self.send(OutFrame::close(code, reason)).await?;
        self.half.shutdown().await
    }

    async fn flush(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            self.half.writable().await?;
            match self.unsent.write_to(self.half.as_ref()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => done?,
            }
        }
        // An idle connection owns nothing.
        self.unsent.release();
        Ok(())
    }
}
