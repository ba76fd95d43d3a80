//! Session inner: the part of a session that its handle, its transports and its heartbeat share.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::task::AtomicWaker;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use websocket::WriteProgress;

use crate::admission::Permit;
use crate::close_reason::{CloseReason, SessionClosed};
use crate::codec::EnginePacket;
use crate::outgoing::Outgoing;
use crate::receive_queue::{Message, ReceiveQueue};
use crate::settings::EngineSettings;
use crate::sid::Sid;
use crate::state::{NextWrite, Phase, State, Transport};

/// The shared part of a session.
#[derive(Debug)]
pub(crate) struct SessionInner {
    pub(crate) sid: Sid,
    pub(crate) settings: Arc<EngineSettings>,
    pub(crate) received: ReceiveQueue,
    /// Whether the application has admitted the client.
    pub(crate) is_admitted: AtomicBool,
    /// Upgrades that came too late to take over, and are being closed.
    pub(crate) rejected_upgrades: AtomicUsize,
    /// A std mutex: held for a change of state, never across an `.await`.
    state: Mutex<State>,
    /// The waiting poll has to check the state.
    pub(crate) wake_poll: Notify,
    /// Messages have left, or the session is to end.
    taken: Notify,
    /// How the client takes what its WebSocket writes, once there is one.
    pub(crate) progress: OnceLock<WriteProgress>,
    /// The session has ended or is about to, a ping was answered, or a poll came after its client had closed the session.
    changed: Notify,
    /// As `changed`, for the heartbeat, which always waits: a waker is smaller than an entry in the list of a `Notify`.
    heartbeat_task: AtomicWaker,
    /// As `changed`, for the one WebSocket.
    socket: AtomicWaker,
    /// Given back when nothing of the session is left: each of its connections holds this.
    _permit: Option<Permit>,
}

impl SessionInner {
    pub(crate) fn new(
        sid: Sid,
        settings: Arc<EngineSettings>,
        transport: Transport,
        permit: Option<Permit>,
    ) -> Self {
        Self {
            sid,
            received: ReceiveQueue::new(settings.receive_queue_bytes),
            is_admitted: AtomicBool::new(false),
            rejected_upgrades: AtomicUsize::new(0),
            state: Mutex::new(State::new(transport, &settings)),
            settings,
            wake_poll: Notify::new(),
            taken: Notify::new(),
            progress: OnceLock::new(),
            changed: Notify::new(),
            heartbeat_task: AtomicWaker::new(),
            socket: AtomicWaker::new(),
            _permit: permit,
        }
    }

    /// Bytes that a message, or a polling payload, may have at the moment.
    pub(crate) fn max_payload(&self) -> usize {
        let EngineSettings { max_payload, early_payload, .. } = *self.settings;
        if self.is_admitted.load(Ordering::Relaxed) { max_payload } else { early_payload.min(max_payload) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the session has ended. One whose client did not answer in time has, however late its timer is.
    pub(crate) fn has_ended(&self) -> bool {
        if Instant::now() >= self.gone_at() {
            self.abort(CloseReason::PingTimeout);
        }
        matches!(self.lock().phase, Phase::Closed(_))
    }

    fn notify_changed(&self) {
        self.changed.notify_waiters();
        self.heartbeat_task.wake();
        self.socket.wake();
    }

    /// Sets the waker of the heartbeat's task. To be called before the state is read.
    pub(crate) fn wake_heartbeat_with(&self, waker: &Waker) {
        self.heartbeat_task.register(waker);
    }

    /// As [`ended`](Self::ended), for the session's WebSocket alone.
    pub(crate) fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<()> {
        // Before the check, so that a later change wakes the task.
        self.socket.register(cx.waker());
        if matches!(self.lock().phase, Phase::Closed(_)) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Resolves when the session has ended.
    pub(crate) async fn ended(&self) {
        self.until(|state| matches!(state.phase, Phase::Closed(_))).await;
    }

    /// Resolves once the state fulfils a condition; every change that can fulfil one raises `changed`.
    pub(crate) async fn until(&self, is_so: impl Fn(&State) -> bool) {
        loop {
            // Created before the check, so that a change between the check and the wait is not missed.
            let changed = self.changed.notified();
            if is_so(&self.lock()) {
                return;
            }
            changed.await;
        }
    }

    /// When the client counts as gone, unless it gives a sign of life. While the socket is full the ping is still on its way,
    /// and a client that takes bytes is alive.
    pub(crate) fn gone_at(&self) -> Instant {
        let gone_at = self.lock().heartbeat.gone_at;
        let taken_at = self.progress.get().and_then(WriteProgress::at);
        taken_at.map_or(gone_at, |taken_at| gone_at.max(taken_at + self.settings.ping_timeout))
    }

    pub(crate) fn push(&self, message: Outgoing) -> Result<(), SessionClosed> {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return Err(SessionClosed);
        }
        let transport = state.transport;
        let pushed = state.push(message);
        drop(state);
        if pushed.is_err() {
            self.abort(CloseReason::TooSlow);
            return Err(SessionClosed);
        }
        self.wake(transport);
        Ok(())
    }

    /// `None`: the session has ended or is about to.
    pub(crate) fn ask_for_receipt(&self) -> Option<oneshot::Receiver<()>> {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return None;
        }
        let (answered, answer) = oneshot::channel();
        let transport = state.transport;
        state.ask_for_receipt(answered);
        drop(state);
        self.wake(transport);
        Some(answer)
    }

    pub(crate) fn push_uncounted(
        &self,
        messages: impl IntoIterator<Item = Outgoing>,
    ) -> Result<(), SessionClosed> {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return Err(SessionClosed);
        }
        let transport = state.transport;
        state.push_uncounted(messages);
        drop(state);
        self.wake(transport);
        Ok(())
    }

    pub(crate) fn close(&self, reason: CloseReason) {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return;
        }
        state.phase = Phase::Closing(reason);
        let transport = state.transport;
        drop(state);
        self.received.close();
        self.notify_changed();
        self.taken.notify_waiters();
        self.wake(transport);
    }

    pub(crate) fn abort(&self, reason: CloseReason) {
        let mut state = self.lock();
        if matches!(state.phase, Phase::Closed(_)) {
            return;
        }
        state.phase = Phase::Closed(reason);
        state.end_receipt();
        state.clear();
        drop(state);
        self.notify_ended();
    }

    fn expect_late_poll(&self) {
        let mut state = self.lock();
        state.is_poll_due =
            state.phase == Phase::Open && state.transport != Transport::WebSocket && !state.is_polled;
    }

    /// A poll has come after its client closed the session. Returns whether it is still answered as if it had been in time.
    pub(crate) fn take_late_poll(&self) -> bool {
        let was_due = std::mem::take(&mut self.lock().is_poll_due);
        if was_due {
            self.notify_changed();
        }
        was_due
    }

    /// The phase has become closed: wakes all that wait for it.
    pub(crate) fn notify_ended(&self) {
        self.received.close();
        self.notify_changed();
        self.taken.notify_waiters();
        self.wake_poll.notify_one();
        self.wake_writer();
    }

    /// Resolves when the session has ended or is about to, or the state fulfils a condition; taking messages raises `taken`.
    pub(crate) async fn until_taken(&self, is_so: impl Fn(&State) -> bool) {
        loop {
            // Created before the check, so that a change between the check and the wait is not missed.
            let taken = self.taken.notified();
            if self.is_over_or(&is_so) {
                return;
            }
            taken.await;
        }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.is_over_or(&State::has_room)
    }

    fn is_over_or(&self, is_so: &impl Fn(&State) -> bool) -> bool {
        let state = self.lock();
        state.phase != Phase::Open || is_so(&state)
    }

    /// Takes what a transport writes next. Notifies tasks that wait for room, and for the end if it was the last.
    pub(crate) fn next_write(&self, next: impl FnOnce(&mut State) -> NextWrite) -> NextWrite {
        let next = next(&mut self.lock());
        match next {
            NextWrite::Write(_, None) => self.taken.notify_waiters(),
            NextWrite::Write(_, Some(_)) => self.notify_ended(),
            NextWrite::End(_) | NextWrite::Displaced | NextWrite::Wait | NextWrite::WaitBriefly => {}
        }
        next
    }

    fn wake(&self, transport: Transport) {
        match transport {
            Transport::Polling | Transport::Upgrading { .. } => self.wake_poll.notify_one(),
            Transport::WebSocket => self.wake_writer(),
        }
    }

    fn wake_writer(&self) {
        if let Some(writer) = &self.lock().writer {
            writer.wake_by_ref();
        }
    }

    /// Counts a packet without content.
    ///
    /// # Errors
    /// Why the session was ended by it.
    pub(crate) fn count_idle(&self) -> Result<(), CloseReason> {
        if !self.lock().heartbeat.count_idle(&self.settings) {
            return Ok(());
        }
        self.abort(CloseReason::TooFast);
        Err(CloseReason::TooFast)
    }

    /// Handles a packet of the client. Any packet proves that the client is alive. Returns a message for which there is no
    /// room yet: it is to be [delivered](ReceiveQueue::deliver) before anything else is read.
    ///
    /// # Errors
    /// Why the session was ended by it; nothing more is to be read.
    pub(crate) fn accept_packet(&self, packet: EnginePacket) -> Result<Option<Message>, CloseReason> {
        if self.lock().heartbeat.on_packet(&self.settings) {
            self.notify_changed();
        }
        match packet {
            EnginePacket::Text(text) => Ok(self.received.put(Message::Text(text)).err()),
            EnginePacket::Binary(data) => Ok(self.received.put(Message::Binary(data)).err()),
            EnginePacket::Pong => {
                self.lock().on_pong();
                self.count_idle().map(|()| None)
            }
            EnginePacket::Upgrade | EnginePacket::Noop => self.count_idle().map(|()| None),
            EnginePacket::Close => {
                self.expect_late_poll();
                self.abort(CloseReason::ClosedByClient);
                Err(CloseReason::ClosedByClient)
            }
            // In this revision only the server pings, except for a probe.
            EnginePacket::Ping(_) => {
                self.abort(CloseReason::Protocol);
                Err(CloseReason::Protocol)
            }
        }
    }
}
