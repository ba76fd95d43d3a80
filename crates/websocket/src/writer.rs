//! Writer: the writing side of a connection that has a task of its own. Many frames leave in one go, their payloads shared.

use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;

use crate::codec::OutFrame;
use crate::deflate_cache::{DeflateCache, NegotiatedCompression};
use crate::frame_source::FrameSource;
use crate::ping_queue::PingReceiver;
use crate::write_buffer::WriteBuffer;
use crate::write_half::{WriteHalf, WriteParts};
use crate::write_handle::WriteHandle;
use crate::writer_pool::WriterPool;

/// Writes messages and control frames. Pings that the [`Reader`](crate::Reader) received are answered with every write, and
/// by [`Writer::answer_pings`] while there is nothing to write.
pub struct Writer {
    parts: WriteParts,
}

impl Writer {
    pub(crate) fn new(half: OwnedWriteHalf, compression: NegotiatedCompression, pings: PingReceiver) -> Self {
        let progress = pings.progress();
        Self { parts: WriteParts { half, compression, pings, progress, buffer: WriteBuffer::default() } }
    }

    /// From now on a task of `pool` writes the frames of `source`, alternating with other connections.
    pub fn attach(self, source: impl FrameSource, pool: &WriterPool) -> WriteHandle {
        WriteHandle::new(WriteHalf::start(self.parts, source, pool.next_queue()))
    }

    /// Writes frames in as few writes as the socket takes. If the future is dropped before it is done, the next write
    /// continues where this one stopped.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn write(&mut self, frames: impl IntoIterator<Item = OutFrame>) -> io::Result<()> {
        let WriteParts { pings, buffer, compression, .. } = &mut self.parts;
        for payload in pings.take() {
            buffer.push(OutFrame::pong(payload));
        }
        let mut deflate_cache = DeflateCache::default();
        for frame in frames {
            buffer.push(deflate_cache.compress(*compression, frame));
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

    /// Waits until the reader has received a ping that is not answered. Then call [`Writer::answer_pings`].
    pub async fn pinged(&self) {
        self.parts.pings.arrived().await;
    }

    /// Answers the pings that were received.
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
        self.parts.half.shutdown().await
    }

    async fn flush(&mut self) -> io::Result<()> {
        let WriteParts { half, buffer, .. } = &mut self.parts;
        while !buffer.is_empty() {
            half.writable().await?;
            match buffer.write_to(half.as_ref()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => done?,
            }
        }
        // An idle connection owns nothing.
        buffer.release();
        Ok(())
    }
}
