//! Frame source: the trait by which a write half gets the frames of its connection.

use std::task::Waker;

use crate::codec::OutFrame;

/// The source of a connection's frames.
pub trait FrameSource: Send + Sync + 'static {
    /// Sets the waker for the next frame after there were none. The waker only schedules the connection;
    /// it may be called under any lock.
    fn wake_with(&self, waker: &Waker);

    /// Hands out what is to be written now, about `limit` frames.
    fn next(&self, limit: usize, put: &mut dyn FnMut(OutFrame)) -> NextWrite;

    /// No frame is written any more, and the waker is to be dropped: the connection broke, or was aborted. May be called twice.
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
