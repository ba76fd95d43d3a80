//! The writing half of a connection, served by a loop that writes for many.
//!
//! Nothing in here waits for the client: what the socket does not take stays queued until it does, which costs nobody else
//! anything. An idle line owns no buffer, no timer and no task.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::time::Duration;

use bytes::Bytes;
use rustix::net::{Shutdown, shutdown};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use wire::websocket::OutFrame;

use super::loops::{Tools, WriteLoop};
use super::pongs::Due;
use super::progress::Progress;
use super::shrink::{Agreed, Shrinker};
use super::unsent::Unsent;
use super::writer::Writer;

/// Frames written in one go: a header and a payload each fill what is handed to the socket at once.
const BURST: usize = 64;

/// Bursts that one line may write before the others have their turn.
const BURSTS: usize = 8;

/// What a line writes.
pub trait Source: Send + Sync + 'static {
    /// Whom to wake when there is something to write after there was nothing. The waker only notes the line; it may be
    /// called under whatever lock.
    fn wake_with(&self, waker: &Waker);

    /// Hands out what is to be written now, about `limit` frames.
    fn next(&self, limit: usize, put: &mut dyn FnMut(OutFrame)) -> Turn;

    /// Nothing is written any more, and nobody is to be woken: the connection broke, or was cut. May be called twice.
    fn end(&self);
}

/// What a line does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing.
    Wait,
    /// Write what was handed out, and ask again.
    Some,
    /// Write what was handed out. That was all, and whatever comes wakes.
    All,
    /// Write a close frame with this code and reason, and nothing after it.
    Close(u16, &'static str),
}

/// The handle of a line. Dropping it cuts the line.
pub struct Line {
    wire: Arc<Wire>,
}

pub(super) struct Wire {
    half: OwnedWriteHalf,
    agreed: Agreed,
    due: Due,
    progress: Progress,
    source: Box<dyn Source>,
    home: Arc<WriteLoop>,
    /// The loop knows that there is something to write.
    is_noted: AtomicBool,
    /// Held for some writes that do not wait, never across an `.await`.
    writing: Mutex<Writing>,
    over: Notify,
}

struct Writing {
    unsent: Unsent,
    phase: Phase,
    /// The socket is full, and a task waits for it.
    is_blocked: bool,
    written_at: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// The close frame is queued.
    Closing,
    /// It is written.
    Closed,
    /// The connection broke, or was cut.
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

impl Line {
    pub(super) fn new(writer: Writer, source: impl Source, home: Arc<WriteLoop>) -> Self {
        let Writer { half, agreed, due, progress, unsent } = writer;
        let writing = Writing { unsent, phase: Phase::Open, is_blocked: false, written_at: Instant::now() };
        let wire = Arc::new(Wire {
            half,
            agreed,
            due,
            progress,
            source: Box::new(source),
            home,
            is_noted: AtomicBool::new(false),
            writing: Mutex::new(writing),
            over: Notify::new(),
        });
        let waker = Waker::from(wire.clone());
        wire.source.wake_with(&waker);
        wire.due.wake_with(Some(waker));
        // What came before anybody could be woken.
        wire.note();
        Self { wire }
    }

    /// Writes a ping.
    pub fn ping(&self) {
        self.wire.writing().unsent.push(OutFrame::ping(Bytes::new()));
        self.wire.note();
    }

    /// When something was last written.
    pub fn written_at(&self) -> Instant {
        self.wire.writing().written_at
    }

    /// How the client takes what is written.
    pub fn progress(&self) -> &Progress {
        &self.wire.progress
    }

    /// Resolves when the close frame is written; whether that could be done.
    pub async fn closed(&self) -> bool {
        loop {
            // Made before the look: it also hears what happens between the look and the waiting.
            let over = self.wire.over.notified();
            match self.wire.writing().phase {
                Phase::Closed => return true,
                Phase::Broken => return false,
                Phase::Open | Phase::Closing => {}
            }
            over.await;
        }
    }

    /// As [`closed`](Self::closed), once the source is about to end: a client that takes nothing for so long is given up.
    pub async fn closed_within(&self, patience: Duration) -> bool {
        let mut taken_at = self.wire.progress.at();
        loop {
            if let Ok(is_closed) = timeout(patience, self.closed()).await {
                return is_closed;
            }
            let before = std::mem::replace(&mut taken_at, self.wire.progress.at());
            if before == taken_at {
                return false;
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.wire.cut();
    }
}

impl Wake for Wire {
    fn wake(self: Arc<Self>) {
        self.note();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.note();
    }
}

impl Wire {
    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(self: &Arc<Self>) {
        if !self.is_noted.swap(true, Ordering::AcqRel) {
            self.home.note(self.clone());
        }
    }

    /// Writes what waits, as far as the socket takes it.
    pub(super) fn flush(self: &Arc<Self>, tools: &mut Tools, now: Instant) {
        // Before the look: what comes after it is noted again.
        self.is_noted.store(false, Ordering::Release);
        let mut writing = self.writing();
        if writing.is_blocked {
            return;
        }
        if writing.unsent.is_empty() {
            writing.unsent = std::mem::take(&mut tools.unsent);
        }
        match self.write(&mut writing, &mut tools.shrinker, now) {
            Written::All => tools.unsent = std::mem::take(&mut writing.unsent),
            Written::Enough => self.note(),
            Written::Blocked => {
                writing.is_blocked = true;
                tokio::spawn(self.clone().unblock());
            }
        }
    }

    /// Waits for a client whose line is full.
    async fn unblock(self: Arc<Self>) {
        let mut shrinker = Shrinker::default();
        loop {
            let writable = self.half.writable().await;
            let mut writing = self.writing();
            if let Err(error) = writable {
                self.give_up(&mut writing, &error);
            }
            let now = Instant::now();
            let written = self.write(&mut writing, &mut shrinker, now);
            shrinker.forget();
            if writing.written_at == now {
                // It made room, however little.
                self.progress.note();
            }
            if written != Written::Blocked {
                writing.is_blocked = false;
                writing.unsent.release();
                drop(writing);
                // For what came meanwhile and was left to this task.
                return self.note();
            }
        }
    }

    fn write(&self, writing: &mut Writing, shrinker: &mut Shrinker, now: Instant) -> Written {
        let mut is_all = false;
        for _ in 0..BURSTS {
            let is_done =
                writing.unsent.is_empty() && (is_all || !self.fetch(writing, shrinker, &mut is_all));
            if is_done {
                return Written::All;
            }
            match writing.unsent.write_to(self.half.as_ref()) {
                Ok(()) => writing.written_at = now,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Written::Blocked,
                Err(error) => self.give_up(writing, &error),
            }
        }
        Written::Enough
    }

    /// Queues what is to be written next; whether there is anything.
    fn fetch(&self, writing: &mut Writing, shrinker: &mut Shrinker, is_all: &mut bool) -> bool {
        match writing.phase {
            Phase::Open => {}
            Phase::Closing => {
                self.hang_up(writing);
                return false;
            }
            Phase::Closed | Phase::Broken => return false,
        }
        let unsent = &mut writing.unsent;
        for payload in self.due.take() {
            unsent.push(OutFrame::pong(payload));
        }
        let turn = self.source.next(BURST, &mut |frame| unsent.push(shrinker.shrink(self.agreed, frame)));
        match turn {
            Turn::Wait | Turn::All => *is_all = true,
            Turn::Some => {}
            Turn::Close(code, reason) => {
                unsent.push(OutFrame::close(code, reason));
                writing.phase = Phase::Closing;
            }
        }
        !writing.unsent.is_empty()
    }

    /// The close frame is written; so the client reads it, and then the end.
    fn hang_up(&self, writing: &mut Writing) {
        writing.phase = Phase::Closed;
        if let Err(error) = shutdown(self.half.as_ref(), Shutdown::Write) {
            tracing::debug!(%error, "A connection was gone before its end");
        }
        self.over.notify_waiters();
    }

    fn give_up(&self, writing: &mut Writing, error: &io::Error) {
        tracing::debug!(%error, "A client did not take what was written");
        self.source.end();
        self.stop(writing);
    }

    fn stop(&self, writing: &mut Writing) {
        writing.phase = Phase::Broken;
        writing.unsent = Unsent::default();
        self.over.notify_waiters();
    }

    /// Nobody holds the line any more: what waits is lost, and whoever could wake it forgets it.
    fn cut(&self) {
        self.source.end();
        self.due.wake_with(None);
        self.stop(&mut self.writing());
        // Wakes a task that waits for room in the socket. One that is closed already cannot be shut.
        if let Err(error) = shutdown(self.half.as_ref(), Shutdown::Both) {
            tracing::trace!(%error, "A connection was closed already");
        }
    }
}
