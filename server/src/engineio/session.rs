//! One client's session: the handle that the application has, and what its transports share.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::task::AtomicWaker;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use wire::engineio::Packet;

use super::application::Permit;
use super::inbox::{Mailbox, Message};
use super::outgoing::Outgoing;
use super::settings::Settings;
use super::sid::Sid;
use super::state::{CloseReason, Phase, State, Transport, Turn};
use crate::websocket::Progress;

/// The session has ended, or was just ended because its reader is too slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session has ended")]
pub struct Gone;

/// The application's handle of a session. Cloning it copies one pointer.
#[derive(Debug, Clone)]
pub struct Session {
    shared: Arc<Shared>,
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Queues a message, without waiting for the client.
    ///
    /// # Errors
    /// [`Gone`] when the session has ended, or ends now because too much waits.
    pub fn send(&self, message: Outgoing) -> Result<(), Gone> {
        self.shared.push(message)
    }

    /// Queues messages with nothing in between, and without counting them: whoever made them has bounded them.
    ///
    /// # Errors
    /// [`Gone`] when the session has ended.
    pub fn send_uncounted(&self, messages: impl IntoIterator<Item = Outgoing>) -> Result<(), Gone> {
        self.shared.push_uncounted(messages)
    }

    /// The application has let the client in: its messages may be as long as messages may be.
    pub fn let_in(&self) {
        self.shared.is_let_in.store(true, Ordering::Relaxed);
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

    /// Whether [`drained`](Self::drained) would resolve at once.
    pub fn is_drained(&self) -> bool {
        self.shared.is_drained()
    }

    /// Resolves when so little waits that one more message finds room, however large, or when the session has ended or is
    /// about to. Who waits for it before a question is taken up does not let a client go for what it asked.
    pub async fn drained(&self) {
        self.shared.until_drained(State::has_room).await;
    }

    /// Resolves when the client keeps up with what was sent, or when the session has ended or is about to. A sender of many
    /// messages waits for it before each portion: then the portions leave room for what the client asks for meanwhile.
    pub async fn keeps_up(&self) {
        self.shared.until_drained(|state| !state.is_behind()).await;
    }

    /// Asks the client to prove that it received everything sent before this call, and resolves when it has: over a
    /// WebSocket by the answer to a ping that leaves right behind, over polling by the poll after the one that fetched it. At
    /// most one may be under way.
    ///
    /// # Errors
    /// [`Gone`] when the session ended before.
    pub async fn receipt(&self) -> Result<(), Gone> {
        let receipt = self.shared.ask_for_receipt().ok_or(Gone)?;
        receipt.await.map_err(|_| Gone)
    }

    /// Why the session has ended, or is about to.
    pub fn close_reason(&self) -> Option<CloseReason> {
        match self.shared.lock().phase {
            Phase::Open => None,
            Phase::Closing(reason) | Phase::Closed(reason) => Some(reason),
        }
    }
}

/// What the transports and the heartbeat of a session share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) sid: Sid,
    pub(super) settings: Arc<Settings>,
    pub(super) mailbox: Mailbox,
    /// Whether the application has let the client in.
    is_let_in: AtomicBool,
    /// Upgrades that came too late to take over, and are on their way out.
    pub(super) surplus: AtomicUsize,
    /// A std mutex: held for a change of state, never across an `.await`.
    state: Mutex<State>,
    /// The waiting poll has something to look at.
    pub(super) wake_poll: Notify,
    /// Messages have left, or the session is to end.
    drained: Notify,
    /// How the client takes what its WebSocket writes, once there is one.
    pub(super) progress: OnceLock<Progress>,
    /// The session has ended or is about to, a ping was answered, or a poll came after its client has left.
    news: Notify,
    /// As `news`, for the heartbeat, which is always there: a waker is smaller than a place among those who wait.
    heart: AtomicWaker,
    /// As `news`, for the one WebSocket.
    socket: AtomicWaker,
    /// Given back when nothing of the session is left: each of its connections holds this.
    _permit: Option<Permit>,
}

impl Shared {
    pub(super) fn new(
        sid: Sid,
        settings: Arc<Settings>,
        transport: Transport,
        permit: Option<Permit>,
    ) -> Self {
        Self {
            sid,
            mailbox: Mailbox::new(settings.inbox_bytes),
            is_let_in: AtomicBool::new(false),
            surplus: AtomicUsize::new(0),
            state: Mutex::new(State::new(transport, &settings)),
            settings,
            wake_poll: Notify::new(),
            drained: Notify::new(),
            progress: OnceLock::new(),
            news: Notify::new(),
            heart: AtomicWaker::new(),
            socket: AtomicWaker::new(),
            _permit: permit,
        }
    }

    /// Bytes that a message, or a polling payload, may have at the moment.
    pub(super) fn max_payload(&self) -> usize {
        let Settings { max_payload, early_payload, .. } = *self.settings;
        if self.is_let_in.load(Ordering::Relaxed) { max_payload } else { early_payload.min(max_payload) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the session has ended. One whose client did not answer in time has, however late its timer is.
    pub(super) fn has_ended(&self) -> bool {
        if Instant::now() >= self.gone_at() {
            self.abort(CloseReason::PingTimeout);
        }
        matches!(self.lock().phase, Phase::Closed(_))
    }

    fn tell_news(&self) {
        self.news.notify_waiters();
        self.heart.wake();
        self.socket.wake();
    }

    /// The heartbeat's task is woken by news from now on. To be called before a look at the state.
    pub(super) fn wake_heart_with(&self, waker: &Waker) {
        self.heart.register(waker);
    }

    /// As [`ended`](Self::ended), for the session's WebSocket alone.
    pub(super) fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<()> {
        // Before the look: what comes after it wakes.
        self.socket.register(cx.waker());
        if matches!(self.lock().phase, Phase::Closed(_)) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Resolves when the session has ended.
    pub(super) async fn ended(&self) {
        self.until(|state| matches!(state.phase, Phase::Closed(_))).await;
    }

    /// Resolves as soon as the state is so; whatever makes it so raises `news`.
    pub(super) async fn until(&self, is_so: impl Fn(&State) -> bool) {
        loop {
            // Made before the look: it also hears what happens between the look and the waiting.
            let news = self.news.notified();
            if is_so(&self.lock()) {
                return;
            }
            news.await;
        }
    }

    /// When the client counts as gone, unless it gives a sign of life. On a full line the ping is still on its way; who takes
    /// bytes off it is there.
    pub(super) fn gone_at(&self) -> Instant {
        let gone_at = self.lock().pulse.gone_at;
        let taken_at = self.progress.get().and_then(Progress::at);
        taken_at.map_or(gone_at, |taken_at| gone_at.max(taken_at + self.settings.ping_timeout))
    }

    pub(super) fn push(&self, message: Outgoing) -> Result<(), Gone> {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return Err(Gone);
        }
        let transport = state.transport;
        let pushed = state.push(message);
        drop(state);
        if pushed.is_err() {
            self.abort(CloseReason::TooSlow);
            return Err(Gone);
        }
        self.wake(transport);
        Ok(())
    }

    /// `None`: the session has ended or is about to.
    fn ask_for_receipt(&self) -> Option<oneshot::Receiver<()>> {
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

    fn push_uncounted(&self, messages: impl IntoIterator<Item = Outgoing>) -> Result<(), Gone> {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return Err(Gone);
        }
        let transport = state.transport;
        state.push_uncounted(messages);
        drop(state);
        self.wake(transport);
        Ok(())
    }

    pub(super) fn close(&self, reason: CloseReason) {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return;
        }
        state.phase = Phase::Closing(reason);
        let transport = state.transport;
        drop(state);
        self.mailbox.close();
        self.tell_news();
        self.drained.notify_waiters();
        self.wake(transport);
    }

    pub(super) fn abort(&self, reason: CloseReason) {
        let mut state = self.lock();
        if matches!(state.phase, Phase::Closed(_)) {
            return;
        }
        state.phase = Phase::Closed(reason);
        state.end_receipt();
        state.clear();
        drop(state);
        self.tell_the_end();
    }

    fn expect_late_poll(&self) {
        let mut state = self.lock();
        state.is_poll_due =
            state.phase == Phase::Open && state.transport != Transport::WebSocket && !state.is_polled;
    }

    /// A poll has come after its client has left. Whether it may still be answered as if it had been in time.
    pub(super) fn take_late_poll(&self) -> bool {
        let was_due = std::mem::take(&mut self.lock().is_poll_due);
        if was_due {
            self.tell_news();
        }
        was_due
    }

    /// The phase has become closed: whoever waits for that is told.
    pub(super) fn tell_the_end(&self) {
        self.mailbox.close();
        self.tell_news();
        self.drained.notify_waiters();
        self.wake_poll.notify_one();
        self.wake_writer();
    }

    /// Resolves when the session has ended or is about to, or so little waits; whatever takes messages raises `drained`.
    async fn until_drained(&self, is_so: impl Fn(&State) -> bool) {
        loop {
            // Made before the look: it also hears what happens between the look and the waiting.
            let drained = self.drained.notified();
            if self.is_over_or(&is_so) {
                return;
            }
            drained.await;
        }
    }

    fn is_drained(&self) -> bool {
        self.is_over_or(&State::has_room)
    }

    fn is_over_or(&self, is_so: &impl Fn(&State) -> bool) -> bool {
        let state = self.lock();
        state.phase != Phase::Open || is_so(&state)
    }

    /// Takes a turn; tells that there is room again, and the end if it was the last.
    pub(super) fn take_turn(&self, turn: impl FnOnce(&mut State) -> Turn) -> Turn {
        let turn = turn(&mut self.lock());
        match turn {
            Turn::Write(_, None) => self.drained.notify_waiters(),
            Turn::Write(_, Some(_)) => self.tell_the_end(),
            Turn::End(_) | Turn::Displaced | Turn::Wait | Turn::WaitBriefly => {}
        }
        turn
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

    /// Counts a packet that says nothing.
    ///
    /// # Errors
    /// Why the session was ended by it.
    pub(super) fn take_idle(&self) -> Result<(), CloseReason> {
        if !self.lock().pulse.hear_nothing(&self.settings) {
            return Ok(());
        }
        self.abort(CloseReason::TooFast);
        Err(CloseReason::TooFast)
    }

    /// Takes a packet of the client up. Any packet proves that the client is there. Answers a message for which there is no
    /// room yet: it is to be [delivered](Mailbox::deliver) before anything else is read.
    ///
    /// # Errors
    /// Why the session was ended by it; nothing more is to be read.
    pub(super) fn take_up(&self, packet: Packet) -> Result<Option<Message>, CloseReason> {
        if self.lock().pulse.hear(&self.settings) {
            self.tell_news();
        }
        match packet {
            Packet::Text(text) => Ok(self.mailbox.put(Message::Text(text)).err()),
            Packet::Binary(data) => Ok(self.mailbox.put(Message::Binary(data)).err()),
            Packet::Pong => {
                self.lock().hear_pong();
                self.take_idle().map(|()| None)
            }
            Packet::Upgrade | Packet::Noop => self.take_idle().map(|()| None),
            Packet::Close => {
                self.expect_late_poll();
                self.abort(CloseReason::Client);
                Err(CloseReason::Client)
            }
            // In this revision only the server pings, except for a probe.
            Packet::Ping(_) => {
                self.abort(CloseReason::Protocol);
                Err(CloseReason::Protocol)
            }
        }
    }
}
