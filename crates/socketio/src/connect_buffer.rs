//! Connect buffer: holds messages to a client back until it knows that it is in a namespace, and drops them after it has
//! left.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use engineio::{CloseReason, Outgoing, Session, SessionClosed};

const BUFFERING: u8 = 0;
const OPEN: u8 = 1;
const CLOSED: u8 = 2;

/// Between all senders to a client and its session.
#[derive(Debug)]
pub(crate) struct ConnectBuffer {
    /// Changed under the lock only. Read without it: a buffer that is open remains so until it is closed.
    phase: AtomicU8,
    limit: usize,
    buffered: Mutex<Buffered>,
}

/// Messages that were sent before the client was in the namespace.
#[derive(Debug, Default)]
struct Buffered {
    messages: Vec<Outgoing>,
    bytes: usize,
}

impl ConnectBuffer {
    /// A buffer of at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { phase: AtomicU8::new(BUFFERING), limit, buffered: Mutex::default() }
    }

    /// Sends a message, or keeps it until the client is in the namespace.
    pub(crate) fn send(&self, session: &Session, message: Outgoing) -> Result<(), SessionClosed> {
        if self.phase() == OPEN {
            return session.send(message);
        }
        let mut buffered = self.lock();
        match self.phase() {
            BUFFERING => {
                buffered.bytes += message.weight();
                if buffered.bytes > self.limit {
                    drop(buffered);
                    session.abort(CloseReason::TooSlow);
                    return Err(SessionClosed);
                }
                buffered.messages.push(message);
                Ok(())
            }
            OPEN => {
                drop(buffered);
                session.send(message)
            }
            _ => Err(SessionClosed),
        }
    }

    /// Sends the connect packet, the replay and then the kept messages, and passes every later message on. Does nothing when
    /// the buffer was closed meanwhile.
    pub(crate) fn open(&self, session: &Session, connect: Bytes, replay: Vec<Outgoing>) {
        let mut buffered = self.lock();
        if self.phase() != BUFFERING {
            return;
        }
        let first = std::iter::once(Outgoing::text(connect)).chain(replay);
        // The client's task notices a session that has ended.
        session.send_uncounted(first.chain(std::mem::take(&mut buffered.messages))).ok();
        self.phase.store(OPEN, Ordering::Release);
    }

    /// Drops messages from now on. Returns whether the buffer was not closed before.
    pub(crate) fn close(&self) -> bool {
        let mut buffered = self.lock();
        *buffered = Buffered::default();
        self.phase.swap(CLOSED, Ordering::AcqRel) != CLOSED
    }

    pub(crate) fn is_buffering(&self) -> bool {
        self.phase() == BUFFERING
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.phase() == CLOSED
    }

    fn phase(&self) -> u8 {
        self.phase.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, Buffered> {
        self.buffered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
