//! Nothing reaches a client before it knows that it is in a namespace, and nothing once it is out.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::engineio::{CloseReason, Gone, Outgoing, Session};

const HOLDING: u8 = 0;
const OPEN: u8 = 1;
const SHUT: u8 = 2;

/// Between everybody who speaks to a client and its session.
#[derive(Debug)]
pub(super) struct Gate {
    /// Changed under the lock only. Read without it: a gate that is open stays so until it is shut.
    position: AtomicU8,
    limit: usize,
    held: Mutex<Held>,
}

/// What came before the gate was opened.
#[derive(Debug, Default)]
struct Held {
    messages: Vec<Outgoing>,
    bytes: usize,
}

impl Gate {
    /// A gate that holds at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { position: AtomicU8::new(HOLDING), limit, held: Mutex::default() }
    }

    /// Sends a message, or holds it until the gate is opened.
    pub(super) fn send(&self, session: &Session, message: Outgoing) -> Result<(), Gone> {
        if self.position() == OPEN {
            return session.send(message);
        }
        let mut held = self.lock();
        match self.position() {
            HOLDING => {
                held.bytes += message.weight();
                if held.bytes > self.limit {
                    drop(held);
                    session.abort(CloseReason::TooSlow);
                    return Err(Gone);
                }
                held.messages.push(message);
                Ok(())
            }
            OPEN => {
                drop(held);
                session.send(message)
            }
            _ => Err(Gone),
        }
    }

    /// Sends what the client must see first, then what was held, and lets everything pass from now on. Does nothing
    /// when the gate was shut meanwhile.
    pub(super) fn open(&self, session: &Session, connect: Bytes, replay: Vec<Outgoing>) {
        let mut held = self.lock();
        if self.position() != HOLDING {
            return;
        }
        let first = std::iter::once(Outgoing::text(connect)).chain(replay);
        // A session that has ended says so to the client's task.
        session.send_uncounted(first.chain(std::mem::take(&mut held.messages))).ok();
        self.position.store(OPEN, Ordering::Release);
    }

    /// Lets nothing pass any more. Whether it did until now.
    pub(super) fn shut(&self) -> bool {
        let mut held = self.lock();
        *held = Held::default();
        self.position.swap(SHUT, Ordering::AcqRel) != SHUT
    }

    pub(super) fn is_holding(&self) -> bool {
        self.position() == HOLDING
    }

    pub(super) fn is_shut(&self) -> bool {
        self.position() == SHUT
    }

    fn position(&self) -> u8 {
        self.position.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
