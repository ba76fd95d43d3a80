//! Frame source: what a connection writes, as far as the write half can see it.

use std::task::Waker;

use crate::codec::OutFrame;

/// What a connection writes.
pub trait FrameSource: Send + Sync + 'static {
    /// Sets whom to wake when there is something to write after there was nothing. The waker only schedules the connection;
    /// it may be called under any lock.
    fn wake_with(&self, waker: &Waker);

    /// Hands out what is to be written now, about `limit` frames.
    fn next(&self, limit: usize, put: &mut dyn FnMut(OutFrame)) -> NextWrite;

    /// Nothing is written any more, and nobody is to be woken: the connection broke, or was aborted. May be called twice.
    fn end(&self);
}

/// What a connection does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextWrite {
    /// Nothing.
    Wait,
    /// Write what was handed out, and ask again.
    Some,
    /// Write what was handed out. That was all, and whatever comes wakes.
    All,
    /// Write a close frame with this code and reason, and nothing after it.
    Close(u16, &'static str),
}
