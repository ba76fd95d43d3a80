//! Reader: the reading half of a connection. It returns one message or control frame at a time and owns no buffer meanwhile.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use tokio::net::tcp::OwnedReadHalf;
use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_util::io::poll_read_buf;

use crate::codec::{Decoder, Incoming, Limits, Violation};
use crate::ping_queue::PingSender;
use crate::settings::WebSocketSettings;
use crate::wait_time::WaitTime;

/// Bytes of one read. More than most clients send at once: a read that does not fill it shows that the socket is empty,
/// which spares a system call.
const READ_BYTES: usize = 64 * 1024;

/// The decoder leaves the beginning of a header or of a control frame in the buffer, no more.
const LONGEST_BEGINNING: usize = 256;

thread_local! {
    /// Lent to the reader that is polled on this thread. Only what has not arrived completely is kept by a connection itself.
    static BUFFER: RefCell<BytesMut> = RefCell::default();
}

/// How long a message may keep the reader waiting from its first byte on, whatever comes between its frames. A message of the
/// largest size comes within it over 17 KB a second.
pub const MESSAGE_TIMEOUT: Duration = Duration::from_mins(1);

/// Bytes that are discarded after a close: more than are on their way when a client that sends much is closed.
const DISCARDED_BYTES: usize = 16 * 1024 * 1024;

/// What a reader reads and decodes before other tasks run: with many busy clients each waits until all others have done as much.
const BUDGET_BYTES: usize = 64 * 1024;

/// Why nothing more is read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The connection ended without a close frame.
    #[error("the connection was lost")]
    Lost,
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] io::Error),
    /// The client violated the protocol and is to be sent the code: see [`Violation::close_code`].
    #[error(transparent)]
    Violation(#[from] Violation),
    /// A message has begun and does not end.
    #[error("a message did not end in time")]
    Unfinished,
}

/// A message that has begun, and for the rest of which the reader waits.
struct Unfinished {
    waited: WaitTime,
    timer: Pin<Box<Sleep>>,
}

/// Reads messages and control frames.
pub struct Reader {
    half: OwnedReadHalf,
    /// What was read and is not decoded yet.
    buffer: BytesMut,
    decoder: Decoder,
    pings: PingSender,
    /// Bytes that were read and decoded since other tasks ran.
    spent_bytes: usize,
    /// How long a message may be waited for.
    patience: Duration,
    /// Only for those whose messages come in pieces.
    unfinished: Option<Box<Unfinished>>,
}

impl Reader {
    pub(crate) fn new(
        half: OwnedReadHalf,
        read_ahead: BytesMut,
        settings: &WebSocketSettings,
        may_compress: bool,
        pings: PingSender,
    ) -> Self {
        let decoder = Decoder::new(settings.limits, may_compress);
        let patience = settings.message_timeout;
        Self { half, buffer: read_ahead, decoder, pings, spent_bytes: 0, patience, unfinished: None }
    }

    /// Sets how much a message may be from now on, also one that has begun.
    pub fn set_limits(&mut self, limits: Limits) {
        self.decoder.set_limits(limits);
    }

    /// The next message or control frame. May be dropped and called again; nothing is lost. A ping is handed to the
    /// [`Writer`](crate::Writer) by itself; it is returned only so that the caller knows the client is alive.
    ///
    /// # Errors
    /// [`ReadError`]. A close frame is no error: it is the last thing received.
    pub async fn next(&mut self) -> Result<Incoming, ReadError> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// As [`next`](Self::next), for callers that poll by hand.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, ReadError>> {
        loop {
            if self.spent_bytes >= BUDGET_BYTES {
                return self.poll_yield(cx);
            }
            let incoming = self.decoder.decode(&mut self.buffer)?;
            if !self.decoder.has_begun() {
                self.unfinished = None;
            }
            if self.buffer.is_empty() {
                give_back(&mut self.buffer);
            }
            if let Some(incoming) = incoming {
                if let Incoming::Ping(payload) = &incoming {
                    self.pings.push(payload.clone());
                }
                self.spent_bytes += incoming.cost();
                return Poll::Ready(Ok(incoming));
            }
            if self.decoder.is_paused() {
                self.spent_bytes = BUDGET_BYTES;
                continue;
            }
            let Poll::Ready(read) = self.poll_read(cx) else {
                return self.poll_unfinished(cx).map(Err);
            };
            if let Some(unfinished) = &mut self.unfinished {
                unfinished.waited.end(Instant::now());
            }
            read?;
        }
    }

    /// Lets other tasks run, also those whose sockets have become ready meanwhile; the task is woken after them.
    fn poll_yield<T>(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        self.spent_bytes = 0;
        let is_woken = pin!(yield_now()).poll(cx).is_ready();
        debug_assert!(!is_woken, "a task that yields is woken later");
        Poll::Pending
    }

    /// Ready when a message that has begun was waited for too long.
    fn poll_unfinished(&mut self, cx: &mut Context<'_>) -> Poll<ReadError> {
        if !self.decoder.has_begun() {
            return Poll::Pending;
        }
        let now = Instant::now();
        let unfinished = self.unfinished.get_or_insert_with(|| {
            Box::new(Unfinished { waited: WaitTime::default(), timer: Box::pin(sleep(self.patience)) })
        });
        let until = unfinished.waited.until(self.patience, now);
        if unfinished.timer.deadline() != until {
            unfinished.timer.as_mut().reset(until);
        }
        unfinished.timer.as_mut().poll(cx).map(|()| ReadError::Unfinished)
    }

    /// Discards what still comes until the client closes the connection, but not for longer than `patience`, and not more than a
    /// client may have been sending when it was closed. To be called when
    /// the close frame is written: a socket that is dropped with something unread is reset, and the client may never
    /// see why (RFC 6455, section 7.1.1; RFC 9112, section 9.6).
    pub async fn discard_rest(mut self, patience: Duration) {
        let mut discarded = 0;
        let closed = poll_fn(|cx| {
            loop {
                give_back(&mut self.buffer);
                if self.spent_bytes >= BUDGET_BYTES {
                    return self.poll_yield(cx);
                }
                if std::task::ready!(self.poll_read(cx)).is_err() || discarded > DISCARDED_BYTES {
                    return Poll::Ready(());
                }
                discarded += self.buffer.len();
            }
        });
        if timeout(patience, closed).await.is_err() {
            tracing::debug!("A client did not close its connection after the close frame");
        }
    }

    /// Reads at least one byte. While there is none, there is no buffer either.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ReadError>> {
        let begun = &mut self.buffer;
        BUFFER.with_borrow_mut(|lent| {
            lent.clear();
            lent.reserve(READ_BYTES);
            lent.extend_from_slice(begun);
            match poll_read_buf(Pin::new(&mut self.half), cx, lent) {
                Poll::Ready(Ok(0)) => Poll::Ready(Err(ReadError::Lost)),
                Poll::Ready(Ok(read)) => {
                    self.spent_bytes += read;
                    std::mem::swap(begun, lent);
                    Poll::Ready(Ok(()))
                }
                Poll::Ready(Err(error)) => Poll::Ready(Err(ReadError::Broken(error))),
                Poll::Pending => {
                    self.spent_bytes = 0;
                    if begun.capacity() > LONGEST_BEGINNING {
                        *begun = BytesMut::from(&**begun);
                    }
                    Poll::Pending
                }
            }
        })
    }
}

/// Gives a buffer to the next reader of this thread, unless that has one.
fn give_back(buffer: &mut BytesMut) {
    if buffer.capacity() == 0 {
        return;
    }
    let mut buffer = std::mem::take(buffer);
    buffer.clear();
    BUFFER.with_borrow_mut(|lent| {
        if lent.capacity() < buffer.capacity() {
            *lent = buffer;
        }
    });
}
