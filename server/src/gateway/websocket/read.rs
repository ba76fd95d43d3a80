//! Reading: executes the frames of an attached client in the order sent, and closes the connection when its time is over.

use std::convert::Infallible;
use std::mem::take;
use std::pin::{Pin, pin};
use std::time::Duration;

use hub::{ClientSession, CommandError, Event, HubError, Outbox};
use protocol::{CloseCode, Expiry, RunId, SimulationPlan};
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;
use websocket::{Incoming, ReadError, Reader, WriteHandle};

use super::close_code;
use super::rejection::token_error;
use crate::auth::AuthUser;
use crate::auth::client_ip::ClientIp;
use crate::demo::simulated_jobs::Simulations;
use crate::dialect::{Decoded, Dialect, Request, Scope};
use crate::gateway::EXPIRY_NOTICE;
use crate::state::AppState;

/// The server pings as often. Below the 30 s after which many proxies cut an idle connection.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(25);

/// Silence after which a connection counts as dead: two pings went unanswered. Taking bytes while the send buffer is full counts
/// as a sign of life.
const SILENCE: Duration = Duration::from_mins(1);

/// The execution of one frame. It is boxed, so that a task that waits for the next frame is small.
type Execution<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// The reader's side of an attached client.
pub(super) struct AttachedConnection {
    dialect: &'static Dialect,
    scope: Scope,
    state: AppState,
    pub(super) session: ClientSession,
    outbox: Outbox,
    client_ip: ClientIp,
    /// Few connections have any.
    simulations: Option<Box<Simulations>>,
    expires_at: Instant,
    is_warned: bool,
    received_at: Instant,
    pinged_at: Instant,
    /// How long to wait before the next frame is read.
    pause: Duration,
}

impl AttachedConnection {
    pub(super) fn new(
        dialect: &'static Dialect,
        scope: Scope,
        state: AppState,
        session: ClientSession,
        outbox: Outbox,
        user: &AuthUser,
        client_ip: ClientIp,
    ) -> Self {
        let expires_at = state.moment(user.expires_at_ms);
        let received_at = Instant::now();
        Self {
            dialect,
            scope,
            state,
            session,
            outbox,
            client_ip,
            simulations: None,
            expires_at,
            is_warned: false,
            received_at,
            pinged_at: received_at,
            pause: Duration::ZERO,
        }
    }

    /// How long the token is good for.
    pub(super) fn expires_in_ms(&self) -> u64 {
        let left = self.expires_at.saturating_duration_since(Instant::now());
        u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
    }

    /// When the client is to be sent that the token ends soon, or, after that, when it ends.
    fn next_expiry_step(&self) -> Instant {
        let notice_at = self.expires_at.checked_sub(EXPIRY_NOTICE);
        notice_at.filter(|_| !self.is_warned).unwrap_or(self.expires_at)
    }

    /// Executes frames in the order sent until one side ends the connection; returns the code to close it with.
    pub(super) async fn read(
        &mut self,
        reader: &mut Reader,
        writer: &WriteHandle,
    ) -> Result<Infallible, CloseCode> {
        let outbox = self.outbox.clone();
        let mut closed = pin!(outbox.closed());
        // Not reset by every frame: when it goes off, what was received meanwhile sets it anew.
        let mut timer = pin!(sleep_until(self.next_check(writer)));
        loop {
            let pause = take(&mut self.pause);
            if !pause.is_zero() {
                Box::pin(self.wait_until(sleep(pause), writer)).await?;
            }
            // In this order, the timer and the end cost nothing while the client sends.
            let incoming = tokio::select! {
                biased;
                received = reader.next() => self.on_received(received)?,
                () = &mut closed => return Err(CloseCode::Normal),
                () = &mut timer => {
                    self.check_time(writer)?;
                    timer.as_mut().reset(self.next_check(writer));
                    continue;
                }
            };
            let wait = self.session.charge(incoming.cost());
            if !wait.is_zero() {
                Box::pin(self.wait_until(sleep(wait), writer)).await?;
            }
            match &incoming {
                Incoming::Pong(payload) => note_pong(&outbox, payload),
                Incoming::Ping(_) => {}
                frame if outbox.has_room() => self.execute(frame).await,
                _ => Box::pin(self.execute_when_room(incoming, writer)).await?,
            }
            // A fresh token may end sooner.
            if self.next_expiry_step() < timer.deadline() {
                timer.as_mut().reset(self.next_check(writer));
            }
        }
    }

    /// Notes a sign of life.
    ///
    /// # Errors
    /// The code to close the connection with, if this was the last frame or the connection is closed already.
    fn on_received(&mut self, received: Result<Incoming, ReadError>) -> Result<Incoming, CloseCode> {
        if self.outbox.is_closed() {
            return Err(CloseCode::Normal);
        }
        self.received_at = Instant::now();
        match received {
            Ok(Incoming::Close(_)) => Err(CloseCode::Normal),
            Ok(incoming) => Ok(incoming),
            Err(error) => Err(close_code::of_read_error(&error)),
        }
    }

    /// Waits before a frame is executed. Nothing is read meanwhile.
    ///
    /// # Errors
    /// The code to close the connection with instead.
    async fn wait_until(
        &mut self,
        ready: impl Future<Output = ()>,
        writer: &WriteHandle,
    ) -> Result<(), CloseCode> {
        let outbox = self.outbox.clone();
        let (mut ready, mut closed) = (pin!(ready), pin!(outbox.closed()));
        loop {
            tokio::select! {
                biased;
                () = &mut closed => return Err(CloseCode::Normal),
                () = &mut ready => return Ok(()),
                () = sleep_until(self.next_check(writer)) => self.check_time(writer)?,
            }
        }
    }

    /// When the client counts as dead, unless it gives a sign of life.
    fn dead_at(&self, writer: &WriteHandle) -> Instant {
        let taken_at = writer.progress().at();
        taken_at.map_or(self.received_at, |taken_at| taken_at.max(self.received_at)) + SILENCE
    }

    fn next_check(&self, writer: &WriteHandle) -> Instant {
        self.next_expiry_step().min(self.dead_at(writer)).min(self.next_ping(writer))
    }

    /// When a client that is sent nothing is pinged.
    fn next_ping(&self, writer: &WriteHandle) -> Instant {
        writer.written_at().max(self.pinged_at) + HEARTBEAT
    }

    /// Does what is due: a ping, or the notice that the token ends soon.
    ///
    /// # Errors
    /// The code to close the connection with: the token has ended, or there was no sign of life for long.
    fn check_time(&mut self, writer: &WriteHandle) -> Result<(), CloseCode> {
        let now = Instant::now();
        if now >= self.expires_at {
            self.session.send(&Event::Failed(HubError::Unauthorized.into()));
            return Err(CloseCode::Token);
        }
        if now >= self.dead_at(writer) {
            return Err(CloseCode::GoingAway);
        }
        if now >= self.next_expiry_step() {
            self.is_warned = true;
            self.session.send(&Event::Expiring(Expiry { expires_in_ms: self.expires_in_ms() }));
        }
        if now >= self.next_ping(writer) {
            self.pinged_at = now;
            writer.ping();
        }
        Ok(())
    }

    /// Executes a frame as soon as the outbox has room for the answer: a client is not closed for its own requests, however fast
    /// it sends and however slowly it reads. Events of others go on meanwhile and may still be too much for it.
    ///
    /// # Errors
    /// As [`wait_until`](Self::wait_until).
    async fn execute_when_room(&mut self, frame: Incoming, writer: &WriteHandle) -> Result<(), CloseCode> {
        let outbox = self.outbox.clone();
        self.wait_until(outbox.room_available(), writer).await?;
        self.execute(&frame).await;
        Ok(())
    }

    fn execute(&mut self, frame: &Incoming) -> Execution<'_> {
        match self.decode(frame) {
            Ok(Request::Hub(command)) => Box::pin(self.session.handle(command)),
            other => Box::pin(self.execute_other(other)),
        }
    }

    /// Counts a frame and checks its size, and only then decodes it.
    fn decode(&mut self, frame: &Incoming) -> Decoded {
        let failed = |error: HubError| Box::new(CommandError::from(error));
        self.session.count().map_err(failed)?;
        let Incoming::Text(text) = frame else {
            self.pause = self.session.surcharge(frame.cost());
            return Err(failed(HubError::BinaryFrame));
        };
        let text = text.as_str();
        let limit = self.dialect.most_bytes(text, self.state.config().limits.message_bytes);
        if text.len() > limit {
            self.pause = self.session.surcharge(text.len());
            return Err(failed(HubError::TooBig { size: text.len(), limit }));
        }
        (self.dialect.decode)(text, &self.scope)
    }

    /// Executes what is not for the hub.
    async fn execute_other(&mut self, decoded: Decoded) {
        let request = match decoded {
            Ok(request) => request,
            Err(failure) => return self.session.send(&Event::Failed(*failure)),
        };
        let done = match request {
            Request::Hub(_) => Ok(()),
            Request::Authenticate { token, inbox } => self.renew(&token, inbox).await,
            Request::Simulate(plan) => self.simulate(plan),
            Request::SimulateUnnamed(mut plan) => {
                plan.run = RunId(Uuid::new_v4());
                self.simulate(plan)
            }
            Request::Cancel(run) => {
                if let Some(simulations) = &mut self.simulations {
                    simulations.cancel(run);
                }
                Ok(())
            }
        };
        if let Err(error) = done {
            self.session.send(&Event::Failed(CommandError::from(error)));
        }
    }

    fn simulate(&mut self, plan: SimulationPlan) -> Result<(), HubError> {
        let simulations = self.simulations.get_or_insert_with(|| {
            Box::new(Simulations::new(self.state.run_counts().clone(), self.session.user().id.clone()))
        });
        simulations.start(plan, self.session.notifier())
    }

    /// Logs that the client was disconnected because it was too slow.
    pub(super) fn log_slow(&self) {
        self.state.rejection_log().note_slow(
            self.client_ip,
            self.state.clock().monotonic_ms(),
            &self.session.user().id,
        );
    }

    /// Takes a fresh token of the same user. A wrong one changes nothing: the old one is still good until it ends.
    async fn renew(&mut self, token: &str, inbox: Option<u64>) -> Result<(), HubError> {
        let renewed = self.state.auth().renew(&self.session, token).await;
        let user =
            renewed.map_err(|error| token_error(&self.state, self.client_ip, "a fresh token", &error))?;
        self.expires_at = self.state.moment(user.expires_at_ms);
        self.is_warned = false;
        if let Some(seq) = inbox {
            self.session.received_inbox(seq).await;
        }
        self.session.send(&Event::Authenticated(Expiry { expires_in_ms: self.expires_in_ms() }));
        Ok(())
    }
}

/// Passes the answer to a ping of the outbox on. That to a ping of the heartbeat is empty.
fn note_pong(outbox: &Outbox, payload: &[u8]) {
    if let Ok(token) = <[u8; 8]>::try_from(payload) {
        outbox.answer(u64::from_be_bytes(token));
    }
}
