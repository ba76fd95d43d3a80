//! HTTP timeouts: ends connections whose clients stall, by a body that does not come or an answer that is not taken.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::http_activity::Activity;
use crate::limits::pace::Pace;

/// Bytes of an answer that may wait unsent in the system. With the megabytes that are usual, a slow phone that takes all
/// the time would seem to take nothing for minutes.
const UNSENT_BYTES: u32 = 16 * 1024;

/// Bytes of a body that count as sent from its beginning: one that comes more slowly than [`Pace`] allows has a minute.
const BODY_ADVANCE_BYTES: u32 = 64 * 1024;

/// A TCP connection that fails when an answer is not taken.
pub(crate) struct TimeoutStream {
    stream: TcpStream,
    activity: Arc<Activity>,
    progress: Progress,
    /// Only for clients that have ever kept the server waiting.
    timer: Option<Pin<Box<Sleep>>>,
}

/// How the answer to one request is taken after the other.
struct Progress {
    limit: Duration,
    /// The request that is answered.
    request: u64,
    pace: Pace,
}

impl TimeoutStream {
    pub(crate) fn new(stream: TcpStream, activity: Arc<Activity>, limit: Duration) -> Self {
        set_unsent_bytes(&stream, UNSENT_BYTES);
        Self { stream, activity, progress: Progress::new(limit), timer: None }
    }

    /// The connection without limits, for what has its own.
    pub(crate) fn into_inner(self) -> TcpStream {
        set_unsent_bytes(&self.stream, u32::MAX);
        self.stream
    }

    fn note(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let request = self.activity.requests();
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.activity.moved();
                self.progress.take(request, bytes, Instant::now());
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                let until = self.progress.block(request, Instant::now());
                let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
                if timer.deadline() != until {
                    timer.as_mut().reset(until);
                }
                ready!(timer.as_mut().poll(cx));
                tracing::debug!("An answer was not taken in time");
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

/// How much may wait unsent before the socket says that it is full.
fn set_unsent_bytes(stream: &TcpStream, bytes: u32) {
    if let Err(error) = SockRef::from(stream).set_tcp_notsent_lowat(bytes) {
        tracing::debug!(%error, "Could not set TCP_NOTSENT_LOWAT");
    }
}

impl Progress {
    fn new(limit: Duration) -> Self {
        Self { limit, request: 0, pace: Self::pace(limit) }
    }

    /// What is on its way was not seen to be taken.
    fn pace(limit: Duration) -> Pace {
        Pace::new(limit, UNSENT_BYTES)
    }

    /// The system took so many bytes.
    fn take(&mut self, request: u64, bytes: usize, now: Instant) {
        self.begin_request(request);
        self.pace.moved(bytes, now);
    }

    /// The system takes nothing; until when the client may leave it at that.
    fn block(&mut self, request: u64, now: Instant) -> Instant {
        self.begin_request(request);
        self.pace.until(now)
    }

    /// Every answer is measured by itself.
    fn begin_request(&mut self, request: u64) {
        if self.request != request {
            (self.request, self.pace) = (request, Self::pace(self.limit));
        }
    }
}

impl AsyncRead for TimeoutStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut this.stream).poll_read(cx, buffer));
        if buffer.filled().len() > before {
            this.activity.moved();
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for TimeoutStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.note(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, pieces);
        this.note(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// The body of a request, which fails when nothing of it comes for too long, or too little on average.
pub(crate) struct TimeoutBody {
    body: Incoming,
    activity: Arc<Activity>,
    pace: Pace,
    /// Only while a handler waits.
    timer: Option<Pin<Box<Sleep>>>,
}

impl TimeoutBody {
    pub(crate) fn new(body: Incoming, activity: Arc<Activity>, limit: Duration) -> Self {
        Self { body, activity, pace: Pace::new(limit, BODY_ADVANCE_BYTES), timer: None }
    }
}

impl HttpBody for TimeoutBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            let data = frame.as_ref().and_then(|it| it.as_ref().ok()).and_then(Frame::data_ref);
            this.pace.moved(data.map_or(0, Bytes::len), Instant::now());
            this.timer = None;
            this.activity.set_working(true);
            return Poll::Ready(frame.map(|it| it.map_err(Into::into)));
        }
        this.activity.set_working(false);
        let until = this.pace.until(Instant::now());
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
        ready!(timer.as_mut().poll(cx));
        this.activity.set_working(true);
        Poll::Ready(Some(Err("the body did not come in time".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    /// A client that takes so many bytes after each pause; how often, if it is given up before a thousand times.
    fn given_up(pause_seconds: u64, bytes: usize) -> Option<u32> {
        let (mut progress, mut now) = (Progress::new(LIMIT), Instant::now());
        for times in 0..1_000 {
            let until = progress.block(1, now);
            now += Duration::from_secs(pause_seconds);
            assert_eq!(progress.block(1, now), until, "waiting again does not move the end");
            if now > until {
                return Some(times);
            }
            progress.take(1, bytes, now);
        }
        None
    }

    #[test]
    fn an_answer_ends_when_nothing_moves_or_too_little_on_average() {
        assert_eq!(given_up(31, 1_000_000), Some(0), "nothing moves");
        assert_eq!(given_up(29, 1_000_000), None, "something moves");
        assert_eq!(given_up(1, 500), Some(30), "too little on average");
        assert_eq!(given_up(1, 1_024), None, "a slow phone");
        assert_eq!(given_up(15, 16 * 1_024), None, "a slow phone, as the system shows it");
    }

    #[test]
    fn a_response_is_timed_alone_and_only_while_it_waits_for_the_client() {
        let (mut progress, now) = (Progress::new(LIMIT), Instant::now());
        let later = |seconds| now + Duration::from_secs(seconds);
        progress.take(1, 44 * 1024, now);
        // A handler that takes its time is not counted against the client.
        progress.take(1, 1, later(1_000));
        assert_eq!(progress.block(1, later(1_000)), later(1_030));
        progress.take(1, 0, later(1_029));
        assert_eq!(progress.block(1, later(1_029)), later(1_059));
        progress.take(1, 0, later(1_058));
        let left = progress.block(1, later(1_058)).saturating_duration_since(later(1_058));
        assert!(left >= Duration::from_secs(2) && left < Duration::from_secs(3), "{left:?}");
        progress.take(2, 0, later(1_060));
        assert_eq!(progress.block(2, later(1_060)), later(1_090));
    }
}
