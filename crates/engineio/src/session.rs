//! Session: the application's handle on the session of one client.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::close_reason::{CloseReason, SessionClosed};
use crate::outgoing::Outgoing;
use crate::session_inner::SessionInner;
use crate::state::{Phase, State};

/// The application's handle of a session. Cloning it copies one pointer.
#[derive(Debug, Clone)]
pub struct Session {
    shared: Arc<SessionInner>,
}

impl Session {
    pub(crate) fn new(shared: Arc<SessionInner>) -> Self {
        Self { shared }
    }

    /// Queues a message, without waiting for the client.
    ///
    /// # Errors
    /// [`SessionClosed`] when the session has ended, or ends now because too much waits.
    pub fn send(&self, message: Outgoing) -> Result<(), SessionClosed> {
        self.shared.push(message)
    }

    /// Queues messages with nothing in between, and without counting them: the caller bounds them.
    ///
    /// # Errors
    /// [`SessionClosed`] when the session has ended.
    pub fn send_uncounted(&self, messages: impl IntoIterator<Item = Outgoing>) -> Result<(), SessionClosed> {
        self.shared.push_uncounted(messages)
    }

    /// The application has admitted the client: its messages may now be as long as `max_payload` permits.
    pub fn mark_admitted(&self) {
        self.shared.is_admitted.store(true, Ordering::Relaxed);
    }

    /// Ends the session after what was sent before. Only the first end counts.
    pub fn close(&self, reason: CloseReason) {
        self.shared.close(reason);
    }

    /// Ends the session at once; what waits is lost.
    pub fn abort(&self, reason: CloseReason) {
        self.shared.abort(reason);
    }

    /// Resolves when the session has ended or is about to.
    pub async fn closed(&self) {
        self.shared.until(|state| state.phase != Phase::Open).await;
    }

    /// Whether [`room_available`](Self::room_available) would resolve at once.
    pub fn has_room(&self) -> bool {
        self.shared.has_room()
    }

    /// Resolves when so little waits that one more message finds room, however large, or when the session has ended or is
    /// about to. An application that waits for it before it handles a request does not close a client for its own requests.
    pub async fn room_available(&self) {
        self.shared.until_taken(State::has_room).await;
    }

    /// Resolves when the client keeps up with what was sent, or when the session has ended or is about to. A sender of many
    /// messages waits for it before each portion: then the portions leave room for answers to the client's own requests.
    pub async fn keeps_up(&self) {
        self.shared.until_taken(|state| !state.is_lagging()).await;
    }

    /// Asks the client to prove that it received everything sent before this call, and resolves when it has: over a
    /// WebSocket by the answer to a ping that leaves right behind, over polling by the poll after the one that fetched it. At
    /// most one may be under way.
    ///
    /// # Errors
    /// [`SessionClosed`] when the session ended before.
    pub async fn receipt(&self) -> Result<(), SessionClosed> {
        let receipt = self.shared.ask_for_receipt().ok_or(SessionClosed)?;
        receipt.await.map_err(|_| SessionClosed)
    }

    /// Why the session has ended, or is about to.
    pub fn close_reason(&self) -> Option<CloseReason> {
        match self.shared.lock().phase {
            Phase::Open => None,
            Phase::Closing(reason) | Phase::Closed(reason) => Some(reason),
        }
    }
}
