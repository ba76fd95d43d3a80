//! Message receiver: hands the application the messages of one session.

use std::future::poll_fn;
use std::sync::Arc;

use crate::receive_queue::Message;
use crate::session_inner::SessionInner;

/// Receives the messages of one session.
#[derive(Debug)]
pub struct MessageReceiver {
    session: Arc<SessionInner>,
}

impl MessageReceiver {
    pub(crate) fn new(session: Arc<SessionInner>) -> Self {
        Self { session }
    }

    /// The next message. `None` once the session has ended and everything was received. May be dropped and called again;
    /// nothing is lost.
    pub async fn next(&mut self) -> Option<Message> {
        poll_fn(|cx| self.session.received.poll_next(cx)).await
    }
}

impl Drop for MessageReceiver {
    fn drop(&mut self) {
        // No message is taken any more; a transport that waits for room must not wait forever.
        self.session.received.close();
    }
}
