//! The reader's side of a connection: what the client says, and when the client has to go.

use std::future::poll_fn;
use std::mem::take;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use hub::{ClientSession, CommandError, Event, HubError, Outbox};
use protocol::{CloseCode, Expiry, RunId, SimulationPlan};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;
use websocket::{Incoming, ReadError, Reader, Violation, WriteHandle};

use super::HEARTBEAT;
use super::attach::refuse_token;
use super::turn::{ReadTurn, cost};
use crate::auth::AuthUser;
use crate::auth::client_ip::ClientIp;
use crate::demo::simulated_jobs::Simulations;
use crate::dialect::{Dialect, Request, Scope};
use crate::gateway::EXPIRY_NOTICE;
use crate::state::AppState;

/// Silence after which a connection counts as dead: two pings went unanswered. Who takes bytes off a full line is not silent.
const SILENCE: Duration = Duration::from_mins(1);

/// What the reader's side is waiting for.
enum News {
    /// The client said something, or nothing more.
    Said(Result<Incoming, ReadError>),
    /// The connection is to end.
    Closed,
    /// There is a moment to look at.
    Time,
}

/// What is done for one thing that the client said.
type Work<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// The reader's side of an attached connection.
pub(super) struct Connection {
    dialect: &'static Dialect,
    scope: Scope,
    state: AppState,
    pub(super) peer: ClientSession,
    outbox: Outbox,
    from: ClientIp,
    /// Few connections have any.
    simulations: Option<Box<Simulations>>,
    expires_at: Instant,
    warned: bool,
    heard_at: Instant,
    pinged_at: Instant,
    turn: ReadTurn,
    /// How long to wait before the next frame is read.
    pause: Duration,
}

impl Connection {
    pub(super) fn new(
        dialect: &'static Dialect,
        scope: Scope,
        state: AppState,
        peer: ClientSession,
        outbox: Outbox,
        caller: &AuthUser,
        from: ClientIp,
    ) -> Self {
        let expires_at = state.moment(caller.expires_at_ms);
        let heard_at = Instant::now();
        Self {
            dialect,
            scope,
            state,
            peer,
            outbox,
            from,
            simulations: None,
            expires_at,
            warned: false,
            heard_at,
            pinged_at: heard_at,
            turn: ReadTurn::default(),
            pause: Duration::ZERO,
        }
    }

    /// How long the token is good for.
    pub(super) fn expires_in_ms(&self) -> u64 {
        let left = self.expires_at.saturating_duration_since(Instant::now());
        u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
    }

    /// When the client is to be told that the token ends soon, or, once told, when it ends.
    fn next_expiry_step(&self) -> Instant {
        let notice_at = self.expires_at.checked_sub(EXPIRY_NOTICE);
        notice_at.filter(|_| !self.warned).unwrap_or(self.expires_at)
    }

    /// Takes up frames in the order sent until one side has had enough; answers why.
    pub(super) async fn read(&mut self, reader: &mut Reader, line: &WriteHandle) -> CloseCode {
        let outbox = self.outbox.clone();
        let mut closed = pin!(outbox.closed());
        // Not moved by every frame: when it goes off, what was heard meanwhile moves it on.
        let mut timer = pin!(sleep_until(self.next_check(line)));
        loop {
            let pause = take(&mut self.pause);
            if !pause.is_zero()
                && let Err(code) = Box::pin(self.wait_until(sleep(pause), line)).await
            {
                return code;
            }
            // By hand, which needs half of the memory that the macro does. The timer and the end cost nothing while the client
            // speaks.
            let news = poll_fn(|cx| {
                if let Poll::Ready(frame) = reader.poll_next(cx) {
                    return Poll::Ready(News::Said(frame));
                }
                if closed.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(News::Closed);
                }
                timer.as_mut().poll(cx).map(|()| News::Time)
            });
            let said = match news.await {
                News::Said(said) => said,
                News::Closed => return CloseCode::Normal,
                News::Time => {
                    if let Some(code) = self.check_time(line) {
                        return code;
                    }
                    timer.as_mut().reset(self.next_check(line));
                    continue;
                }
            };
            if outbox.is_closed() {
                return CloseCode::Normal;
            }
            self.heard_at = Instant::now();
            let said = match said {
                Ok(Incoming::Close(_)) => return CloseCode::Normal,
                Ok(said) => said,
                Err(ended) => return why(&ended),
            };
            if self.turn.is_over(&said) {
                yield_now().await;
            }
            let wait = self.peer.charge(cost(&said));
            if !wait.is_zero()
                && let Err(code) = Box::pin(self.wait_until(sleep(wait), line)).await
            {
                return code;
            }
            let said = match said {
                Incoming::Pong(payload) => {
                    // The answer to a ping of the heartbeat is empty.
                    if let Ok(token) = <[u8; 8]>::try_from(&*payload) {
                        outbox.answer(u64::from_be_bytes(token));
                    }
                    continue;
                }
                Incoming::Ping(_) => continue,
                said => said,
            };
            if outbox.has_room() {
                self.take_up(&said).await;
            } else if let Err(code) = Box::pin(self.take_up_later(said, line)).await {
                return code;
            }
            // A fresh token may be a shorter one.
            if self.next_expiry_step() < timer.deadline() {
                timer.as_mut().reset(self.next_check(line));
            }
        }
    }

    /// Waits before what the client said is taken up. Nothing is read meanwhile.
    ///
    /// # Errors
    /// Why the connection ends instead.
    async fn wait_until(
        &mut self,
        ready: impl Future<Output = ()>,
        line: &WriteHandle,
    ) -> Result<(), CloseCode> {
        let outbox = self.outbox.clone();
        let (mut ready, mut closed) = (pin!(ready), pin!(outbox.closed()));
        loop {
            tokio::select! {
                biased;
                () = &mut closed => return Err(CloseCode::Normal),
                () = &mut ready => return Ok(()),
                () = sleep_until(self.next_check(line)) => {
                    if let Some(code) = self.check_time(line) {
                        return Err(code);
                    }
                }
            }
        }
    }

    /// When the client counts as dead, unless it gives a sign of life.
    fn dead_at(&self, line: &WriteHandle) -> Instant {
        line.progress().at().map_or(self.heard_at, |taken_at| taken_at.max(self.heard_at)) + SILENCE
    }

    fn next_check(&self, line: &WriteHandle) -> Instant {
        self.next_expiry_step().min(self.dead_at(line)).min(self.next_ping(line))
    }

    /// When a client that is told nothing is pinged.
    fn next_ping(&self, line: &WriteHandle) -> Instant {
        line.written_at().max(self.pinged_at) + HEARTBEAT
    }

    /// A moment that was waited for has come: a ping is due, the token ends soon, has ended, or there was no sign of life
    /// for long.
    fn check_time(&mut self, line: &WriteHandle) -> Option<CloseCode> {
        let now = Instant::now();
        if now >= self.expires_at {
            self.peer.tell(&Event::Failed(HubError::Unauthorized.into()));
            return Some(CloseCode::Token);
        }
        if now >= self.dead_at(line) {
            return Some(CloseCode::GoingAway);
        }
        if now >= self.next_expiry_step() {
            self.warned = true;
            self.peer.tell(&Event::Expiring(Expiry { expires_in_ms: self.expires_in_ms() }));
        }
        if now >= self.next_ping(line) {
            self.pinged_at = now;
            line.ping();
        }
        None
    }

    /// Takes up what the client said as soon as the answer finds room: a client is not let go for its own questions, however
    /// fast it asks and however slowly it takes the answers. What others say goes on and may still be too much for it.
    ///
    /// # Errors
    /// As [`wait_until`](Self::wait_until).
    async fn take_up_later(&mut self, said: Incoming, line: &WriteHandle) -> Result<(), CloseCode> {
        let outbox = self.outbox.clone();
        self.wait_until(outbox.drained(), line).await?;
        self.take_up(&said).await;
        Ok(())
    }

    /// What is done for a wish is in a box, so that a task that waits for the next one is small.
    fn take_up(&mut self, said: &Incoming) -> Work<'_> {
        match self.decode(said) {
            Ok(Request::Hub(command)) => Box::pin(self.peer.handle(command)),
            other => Box::pin(self.take_up_other(other)),
        }
    }

    /// Counts a frame and looks at its size, and only then at what is in it.
    fn decode(&mut self, said: &Incoming) -> Result<Request, Box<CommandError>> {
        let refused = |error: HubError| Box::new(CommandError::from(error));
        self.peer.count().map_err(refused)?;
        let Incoming::Text(text) = said else {
            self.pause = self.peer.surcharge(cost(said));
            return Err(refused(HubError::BinaryFrame));
        };
        let text = text.as_str();
        let limit = self.dialect.most_bytes(text, self.state.config().limits.message_bytes);
        if text.len() > limit {
            self.pause = self.peer.surcharge(text.len());
            return Err(refused(HubError::TooBig { size: text.len(), limit }));
        }
        (self.dialect.decode)(text, &self.scope)
    }

    /// What is not for the hub.
    async fn take_up_other(&mut self, asked: Result<Request, Box<CommandError>>) {
        let request = match asked {
            Ok(request) => request,
            Err(failure) => return self.peer.tell(&Event::Failed(*failure)),
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
            self.peer.tell(&Event::Failed(CommandError::from(error)));
        }
    }

    fn simulate(&mut self, plan: SimulationPlan) -> Result<(), HubError> {
        let simulations = self.simulations.get_or_insert_with(|| {
            Box::new(Simulations::new(self.state.run_counts().clone(), self.peer.user().id.clone()))
        });
        simulations.start(plan, self.peer.voice())
    }

    /// Writes that the client was let go for being slow.
    pub(super) fn note_slow(&self) {
        self.state.rejection_log().note_slow(
            self.from,
            self.state.clock().monotonic_ms(),
            &self.peer.user().id,
        );
    }

    /// A fresh token of the same person. A wrong one changes nothing: the old one is still good until it ends.
    async fn renew(&mut self, token: &str, inbox: Option<u64>) -> Result<(), HubError> {
        let renewed = self.state.auth().renew(&self.peer, token).await;
        let caller =
            renewed.map_err(|error| refuse_token(&self.state, self.from, "a fresh token", &error))?;
        self.expires_at = self.state.moment(caller.expires_at_ms);
        self.warned = false;
        if let Some(seq) = inbox {
            self.peer.received_inbox(seq).await;
        }
        self.peer.tell(&Event::Authenticated(Expiry { expires_in_ms: self.expires_in_ms() }));
        Ok(())
    }
}

/// The code that answers how reading ended. A connection that is lost hears nothing more.
pub(super) fn why(ended: &ReadError) -> CloseCode {
    match ended {
        ReadError::Violation(Violation::TooBig | Violation::TooManyFragments) => CloseCode::TooBig,
        ReadError::Violation(Violation::NotUtf8 | Violation::NotDeflate) => CloseCode::BadText,
        ReadError::Violation(_) => CloseCode::Protocol,
        ReadError::Unfinished => CloseCode::GoingAway,
        ReadError::Lost | ReadError::Broken(_) => CloseCode::Normal,
    }
}
