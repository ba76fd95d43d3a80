//! Writing: hands what waits in the outbox of a connection to the writer pool, as frames.

use std::task::Waker;

use bytes::Bytes;
use hub::{OutboxItem, OutboxReceiver, Taken};
use websocket::{FrameSource, NextWrite, OutFrame};

/// What waits for one client.
pub(super) struct OutboxFrames(pub(super) OutboxReceiver);

impl FrameSource for OutboxFrames {
    fn wake_with(&self, waker: &Waker) {
        self.0.wake_with(waker);
    }

    fn next(&self, limit: usize, put: &mut dyn FnMut(OutFrame)) -> NextWrite {
        let put = |item| {
            put(match item {
                OutboxItem::Frame(frame) => OutFrame::text(frame),
                OutboxItem::Ping(token) => OutFrame::ping(Bytes::copy_from_slice(&token.to_be_bytes())),
            });
        };
        match self.0.take(limit, put) {
            Taken::Nothing => NextWrite::Wait,
            Taken::Some => NextWrite::Some,
            Taken::All => NextWrite::All,
            Taken::Close(code) => NextWrite::Close(code.number(), code.reason()),
        }
    }

    fn end(&self) {
        self.0.end();
    }
}
