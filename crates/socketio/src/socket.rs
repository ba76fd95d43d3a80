//! Socket: sends to a client in a namespace.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use engineio::{CloseReason, DeliveryPolicy, Outgoing, Session, SessionClosed};
use futures_util::task::AtomicWaker;
use tokio::sync::{Notify, oneshot};

use crate::acks::Acks;
use crate::codec::{Encoded, IncomingArgs, OutgoingArgs, ack, connect, disconnect, event};
use crate::connect_buffer::ConnectBuffer;

/// A client in a namespace. Cloning it copies one pointer.
#[derive(Debug, Clone)]
pub struct Socket {
    shared: Arc<SocketInner>,
}

#[derive(Debug)]
struct SocketInner {
    namespace: Box<str>,
    proposed_id: Box<str>,
    id: OnceLock<Box<str>>,
    session: Session,
    signal: Arc<Signal>,
    buffer: ConnectBuffer,
    acks: Acks,
    /// Raised when the client is in the namespace, and when it is not any more.
    changed: Notify,
}

/// Notifies the client's task that a socket was disconnected.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    is_raised: AtomicBool,
    /// The client's task; there is no other one that waits.
    task: AtomicWaker,
    close: AtomicBool,
}

impl Signal {
    /// Resolves when a socket may have been disconnected.
    pub(crate) fn poll_raised(&self, cx: &mut Context<'_>) -> Poll<()> {
        // Before the check, so that a later change wakes the task.
        self.task.register(cx.waker());
        if self.is_raised.swap(false, Ordering::AcqRel) { Poll::Ready(()) } else { Poll::Pending }
    }

    fn raise(&self) {
        self.is_raised.store(true, Ordering::Release);
        self.task.wake();
    }

    /// Whether the session is to be closed, too.
    pub(crate) fn wants_close(&self) -> bool {
        self.close.load(Ordering::Acquire)
    }
}

impl Socket {
    pub(crate) fn new(
        namespace: Box<str>,
        id: Box<str>,
        session: Session,
        buffer: ConnectBuffer,
        signal: Arc<Signal>,
    ) -> Self {
        Self {
            shared: Arc::new(SocketInner {
                namespace,
                proposed_id: id,
                id: OnceLock::new(),
                session,
                signal,
                buffer,
                acks: Acks::default(),
                changed: Notify::new(),
            }),
        }
    }

    /// The `id` of the client. Before it is accepted, the proposed one, which a recovery may replace.
    pub fn id(&self) -> &str {
        self.shared.id.get().unwrap_or(&self.shared.proposed_id)
    }

    /// The namespace; it begins with a slash.
    pub fn namespace(&self) -> &str {
        &self.shared.namespace
    }

    /// Sends an event that is encoded already, for this namespace.
    ///
    /// # Errors
    /// [`SessionClosed`] when the client has left, or is closed now as a slow consumer.
    pub fn send(&self, message: Outgoing) -> Result<(), SessionClosed> {
        self.shared.buffer.send(&self.shared.session, message)
    }

    /// Sends an event.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn emit(&self, name: &str, args: &OutgoingArgs) -> Result<(), SessionClosed> {
        self.send(outgoing(event(self.namespace(), None, name, args)))
    }

    /// Sends an event that is dropped while the client lags.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn emit_volatile(&self, name: &str, args: &OutgoingArgs) -> Result<(), SessionClosed> {
        self.send(
            outgoing(event(self.namespace(), None, name, args)).with_delivery(DeliveryPolicy::BestEffort),
        )
    }

    /// Sends an event and asks for an acknowledgement.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn emit_with_ack(&self, name: &str, args: &OutgoingArgs) -> Result<PendingAck, SessionClosed> {
        let (id, answer) = self.shared.acks.expect()?;
        let pending = PendingAck::new(id, answer, self.clone());
        self.send(outgoing(event(self.namespace(), Some(id), name, args)))?;
        Ok(pending)
    }

    /// Acknowledges an event of the client, by the number in [`ClientEvent::ack`](crate::codec::ClientEvent::ack). More than
    /// once does no harm: the client listens once.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn ack(&self, id: u64, args: &OutgoingArgs) -> Result<(), SessionClosed> {
        self.send(outgoing(ack(self.namespace(), id, args)))
    }

    /// Disconnects the client from the namespace, after what was sent before. With `close` its session ends, too, and with it the
    /// connection.
    pub fn disconnect(&self, close: bool) {
        if self.leave() {
            // A session that has ended needs no packet.
            self.shared.session.send(Outgoing::text(disconnect(self.namespace()))).ok();
        }
        if close {
            self.shared.signal.close.store(true, Ordering::Release);
        }
        self.shared.signal.raise();
    }

    /// Ends the session after what was sent before, without disconnecting the client from its namespaces: the client library comes back.
    pub fn end(&self, reason: CloseReason) {
        self.shared.session.close(reason);
    }

    /// Resolves when the client is not in the namespace any more.
    pub async fn left(&self) {
        loop {
            // Created before the check, so that a change between the check and the wait is not missed.
            let changed = self.shared.changed.notified();
            if self.has_left() {
                return;
            }
            changed.await;
        }
    }

    /// Resolves when the client knows that it is in the namespace, or is not accepted.
    async fn opened(&self) {
        loop {
            // Created before the check, so that a change between the check and the wait is not missed.
            let changed = self.shared.changed.notified();
            if !self.shared.buffer.is_buffering() {
                return;
            }
            changed.await;
        }
    }

    /// Resolves when the client keeps up with what was sent, or when it is gone.
    pub async fn keeps_up(&self) {
        self.opened().await;
        if !self.has_left() {
            self.shared.session.keeps_up().await;
        }
    }

    /// Asks the client to prove that it received everything sent before, and resolves when it has.
    ///
    /// # Errors
    /// [`SessionClosed`] when the client is gone before.
    pub async fn receipt(&self) -> Result<(), SessionClosed> {
        // The buffered messages are sent first.
        self.opened().await;
        if self.has_left() {
            return Err(SessionClosed);
        }
        self.shared.session.receipt().await
    }

    /// The client is in the namespace from now on.
    pub(crate) fn open(&self, sid: Option<Box<str>>, pid: Option<&str>, replay: Vec<Outgoing>) {
        if let Some(sid) = sid {
            self.shared.id.get_or_init(|| sid);
        }
        let connect = connect(self.namespace(), self.id(), pid);
        self.shared.buffer.open(&self.shared.session, connect, replay);
        self.shared.changed.notify_waiters();
    }

    /// Nothing is sent any more and no answer comes. Returns whether the client was in the namespace until now.
    pub(crate) fn leave(&self) -> bool {
        let left = self.shared.buffer.close();
        self.shared.acks.end();
        self.shared.changed.notify_waiters();
        left
    }

    pub(crate) fn has_left(&self) -> bool {
        self.shared.buffer.is_closed()
    }

    fn acks(&self) -> &Acks {
        &self.shared.acks
    }

    pub(crate) fn resolve(&self, id: u64, args: IncomingArgs) {
        self.shared.acks.resolve(id, args);
    }
}

/// An event that the client is asked to acknowledge. Dropping it is giving up.
#[derive(Debug)]
pub struct PendingAck {
    id: u64,
    answer: oneshot::Receiver<IncomingArgs>,
    socket: Socket,
}

impl PendingAck {
    fn new(id: u64, answer: oneshot::Receiver<IncomingArgs>, socket: Socket) -> Self {
        Self { id, answer, socket }
    }

    /// Waits for the client's answer; for how long is up to the caller.
    ///
    /// # Errors
    /// [`SessionClosed`] when the client leaves before it answers.
    pub async fn answer(mut self) -> Result<IncomingArgs, SessionClosed> {
        (&mut self.answer).await.map_err(|_| SessionClosed)
    }
}

impl Drop for PendingAck {
    fn drop(&mut self) {
        self.socket.acks().give_up(self.id);
    }
}

/// A packet as the session takes it.
pub(crate) fn outgoing(encoded: Encoded) -> Outgoing {
    let text: Bytes = encoded.text;
    Outgoing::text(text).with_attachments(encoded.attachments.into())
}
