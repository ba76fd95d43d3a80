//! Write half: writes what one connection has queued, without ever waiting for the client.
//!
//! Bytes that the socket does not take remain queued until it does, at no cost for other connections. An idle connection
//! owns no buffer, no timer and no task.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use bytes::Bytes;
use rustix::net::{Shutdown, shutdown};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use crate::codec::OutFrame;
use crate::deflate_cache::{DeflateCache, NegotiatedCompression};
use crate::frame_source::{FrameSource, NextWrite};
use crate::ping_queue::PingReceiver;
use crate::ready_queue::ReadyQueue;
use crate::write_buffer::WriteBuffer;
use crate::write_progress::WriteProgress;

/// Frames written in one go: a header and a payload each fill what is handed to the socket at once.
const BURST: usize = 64;

/// Bursts that one connection may write before the others are served.
const BURSTS: usize = 8;

/// The state that writing to one client needs.
pub(crate) struct WriteParts {
    pub(crate) half: OwnedWriteHalf,
    pub(crate) compression: NegotiatedCompression,
    pub(crate) pings: PingReceiver,
    pub(crate) progress: WriteProgress,
    pub(crate) buffer: WriteBuffer,
}

/// What a writer task lends to the connection that it serves.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(crate) buffer: WriteBuffer,
    pub(crate) deflate_cache: DeflateCache,
}

pub(crate) struct WriteHalf {
    half: OwnedWriteHalf,
    compression: NegotiatedCompression,
    pings: PingReceiver,
    progress: WriteProgress,
    source: Box<dyn FrameSource>,
    queue: Arc<ReadyQueue<WriteHalf>>,
    /// It is in the queue.
    is_scheduled: AtomicBool,
    /// Held for some writes that do not wait, never across an `.await`.
    state: Mutex<WriteState>,
    over: Notify,
}

struct WriteState {
    buffer: WriteBuffer,
    phase: Phase,
    /// The socket is full, and a task waits for it.
    is_blocked: bool,
    written_at: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    /// The close frame is queued.
    Closing,
    /// It is written.
    Closed,
    /// The connection broke, or was aborted.
    Broken,
}

/// How a number of writes ended.
#[derive(PartialEq, Eq)]
enum Written {
    All,
    /// There is more, and others have waited long enough.
    Enough,
    /// The socket takes no more.
    Blocked,
}

impl WriteHalf {
    /// Writes from now on what `source` has, whenever the task behind `queue` serves it.
    pub(crate) fn start(
        parts: WriteParts,
        source: impl FrameSource,
        queue: Arc<ReadyQueue<Self>>,
    ) -> Arc<Self> {
        let WriteParts { half, compression, pings, progress, buffer } = parts;
        let state = WriteState { buffer, phase: Phase::Open, is_blocked: false, written_at: Instant::now() };
        let this = Arc::new(Self {
            half,
            compression,
            pings,
            progress,
            source: Box::new(source),
            queue,
            is_scheduled: AtomicBool::new(false),
            state: Mutex::new(state),
            over: Notify::new(),
        });
        let waker = Waker::from(this.clone());
        this.source.wake_with(&waker);
        this.pings.wake_with(Some(waker));
        // For frames that came before the waker was set.
        this.schedule();
        this
    }

    /// Queues a ping.
    pub(crate) fn ping(self: &Arc<Self>) {
        self.lock().buffer.push(OutFrame::ping(Bytes::new()));
        self.schedule();
    }

    /// When something was last written.
    pub(crate) fn written_at(&self) -> Instant {
        self.lock().written_at
    }

    pub(crate) fn progress(&self) -> &WriteProgress {
        &self.progress
    }

    pub(crate) fn phase(&self) -> Phase {
        self.lock().phase
    }

    /// Resolves when the phase has become closed or broken after this call.
    pub(crate) fn over(&self) -> Notified<'_> {
        self.over.notified()
    }

    /// Drops what waits, closes the connection, and ends the frame source.
    pub(crate) fn abort(&self) {
        self.source.end();
        self.pings.wake_with(None);
        self.stop(&mut self.lock());
        // Wakes a task that waits for room in the socket. One that is closed already cannot be shut.
        if let Err(error) = shutdown(self.half.as_ref(), Shutdown::Both) {
            tracing::trace!(%error, "A connection was closed already");
        }
    }

    /// Writes what waits, as far as the socket takes it.
    pub(crate) fn flush(self: &Arc<Self>, scratch: &mut Scratch, now: Instant) {
        // Before the check, so that a later frame schedules the connection again.
        self.is_scheduled.store(false, Ordering::Release);
        let mut state = self.lock();
        if state.is_blocked {
            return;
        }
        if state.buffer.is_empty() {
            state.buffer = std::mem::take(&mut scratch.buffer);
        }
        match self.write(&mut state, &mut scratch.deflate_cache, now) {
            Written::All => scratch.buffer = std::mem::take(&mut state.buffer),
            Written::Enough => self.schedule(),
            Written::Blocked => {
                state.is_blocked = true;
                tokio::spawn(self.clone().unblock());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, WriteState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn schedule(self: &Arc<Self>) {
        if !self.is_scheduled.swap(true, Ordering::AcqRel) {
            self.queue.push(self.clone());
        }
    }

    /// Waits for a client whose socket is full.
    async fn unblock(self: Arc<Self>) {
        let mut deflate_cache = DeflateCache::default();
        loop {
            let writable = self.half.writable().await;
            let mut state = self.lock();
            if let Err(error) = writable {
                self.fail(&mut state, &error);
            }
            let now = Instant::now();
            let written = self.write(&mut state, &mut deflate_cache, now);
            deflate_cache.clear();
            if state.written_at == now {
                // The client made room, however little.
                self.progress.record();
            }
            if written != Written::Blocked {
                state.is_blocked = false;
                state.buffer.release();
                drop(state);
                // For what came meanwhile and was left to this task.
                return self.schedule();
            }
        }
    }

    fn write(&self, state: &mut WriteState, deflate_cache: &mut DeflateCache, now: Instant) -> Written {
        let mut is_all = false;
        for _ in 0..BURSTS {
            let is_done =
                state.buffer.is_empty() && (is_all || !self.fetch(state, deflate_cache, &mut is_all));
            if is_done {
                return Written::All;
            }
            match state.buffer.write_to(self.half.as_ref()) {
                Ok(()) => state.written_at = now,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Written::Blocked,
                Err(error) => self.fail(state, &error),
            }
        }
        Written::Enough
    }

    /// Queues what is to be written next; returns whether there is anything.
    fn fetch(&self, state: &mut WriteState, deflate_cache: &mut DeflateCache, is_all: &mut bool) -> bool {
        match state.phase {
            Phase::Open => {}
            Phase::Closing => {
                self.shutdown_write(state);
                return false;
            }
            Phase::Closed | Phase::Broken => return false,
        }
        let buffer = &mut state.buffer;
        for payload in self.pings.take() {
            buffer.push(OutFrame::pong(payload));
        }
        let mut put = |frame| buffer.push(deflate_cache.compress(self.compression, frame));
        match self.source.next(BURST, &mut put) {
            NextWrite::Wait | NextWrite::All => *is_all = true,
            NextWrite::Some => {}
            NextWrite::Close(code, reason) => {
                buffer.push(OutFrame::close(code, reason));
                state.phase = Phase::Closing;
            }
        }
        !state.buffer.is_empty()
    }

    /// The close frame is written; so the client reads it, and then the end.
    fn shutdown_write(&self, state: &mut WriteState) {
        state.phase = Phase::Closed;
        if let Err(error) = shutdown(self.half.as_ref(), Shutdown::Write) {
            tracing::debug!(%error, "A connection was gone before its end");
        }
        self.over.notify_waiters();
    }

    fn fail(&self, state: &mut WriteState, error: &io::Error) {
        tracing::debug!(%error, "A client did not take what was written");
        self.source.end();
        self.stop(state);
    }

    fn stop(&self, state: &mut WriteState) {
        state.phase = Phase::Broken;
        state.buffer = WriteBuffer::default();
        self.over.notify_waiters();
    }
}

impl Wake for WriteHalf {
    fn wake(self: Arc<Self>) {
        self.schedule();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.schedule();
    }
}
