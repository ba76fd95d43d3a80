//! The raw WebSocket door: a reader and a writer for each connection, for whichever dialect.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, Request as HttpRequest, State};
use axum::response::Response;
use bytes::Bytes;
use hub::{Event, Failure, Identity, Inlet, Next, Outbox, Outlet, Peer, Refusal, outbox};
use protocol::{CloseCode, Expiry, Welcome, limits};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::auth::extract::{SocketQuery, identify_socket, identify_token};
use crate::auth::{AuthError, Caller};
use crate::dialect::{Dialect, Native, Request};
use crate::error::ApiError;
use crate::simulate::Simulations;
use crate::state::AppState;
use crate::websocket::{
    Ended, Incoming, Limits, OutFrame, Pending, Reader, Settings, Violation, Writer, accept,
};

/// Bytes that may wait for one client before it is let go with 4008. About 5,000 short messages, the most that a phone on
/// a bad link catches up with.
const OUTBOX_BYTES: usize = 1024 * 1024;

/// What a client may send, and what is compressed for one that can inflate.
const SOCKET: Settings = Settings {
    // No client of ours sends fragments; a library may, by the kilobyte.
    limits: Limits { message_bytes: limits::MAX_FRAME_BYTES, fragments: 65_536 },
    // Below 1 KiB a frame fits into one packet either way, and compressing it is work for nothing.
    deflate_from_bytes: 1024,
};

/// Frames written in one go.
const BURST: usize = 64;

/// The server pings as often. Below the 30 s after which many proxies cut an idle connection.
const HEARTBEAT: Duration = Duration::from_secs(25);

/// Silence after which a connection counts as dead: two pings went unanswered.
const SILENCE: Duration = Duration::from_mins(1);

/// How long a socket without a token has for its first frame.
const FIRST_FRAME: Duration = Duration::from_secs(10);

/// How long before its end a token's holder is told.
const EXPIRY_NOTICE: Duration = Duration::from_mins(1);

/// How long a client has to take what is left and answer a close.
const FAREWELL: Duration = Duration::from_secs(5);

/// `GET /api/v1/ws`: the native protocol.
///
/// # Errors
/// 403 for a page of a foreign origin, 401 for a token or ticket that is not good, 400 for what is no handshake, 426 for
/// another version of it.
pub async fn upgrade(
    State(state): State<AppState>,
    Query(query): Query<SocketQuery>,
    request: HttpRequest,
) -> Result<Response, ApiError> {
    let (mut request, _) = request.into_parts();
    if !state.config().origins.may_connect(&request.headers) {
        return Err(AuthError::ForeignPage.into());
    }
    let caller = identify_socket(&state, &request.headers, &query).await?;
    let (response, pending) = accept(&mut request, SOCKET)?;
    tokio::spawn(serve::<Native>(state, pending, caller));
    Ok(response)
}

/// Runs one connection to its end. Ending one side ends the other by dropping, not by aborting.
async fn serve<D: Dialect>(state: AppState, pending: Pending, caller: Option<Caller>) {
    let (mut reader, writer) = match pending.open().await {
        Ok(halves) => halves,
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            return tracing::debug!(error, "A client was gone before it was let in");
        }
    };
    let (outbox, inlet) = outbox(OUTBOX_BYTES);
    // Held until the close frame is written: a stop waits for it.
    let open = state.sockets().token();
    let writer = tokio::spawn(write(writer, inlet));
    match introduce::<D>(&state, &mut reader, &outbox, caller).await {
        // Before the connection is dropped, which closes the outbox too, without a reason.
        Ok(mut connection) => outbox.close(connection.read(&mut reader).await),
        Err(code) => outbox.close(code),
    }
    drop(outbox);
    if let Err(error) = writer.await {
        tracing::error!(%error, "A connection's writer panicked");
    }
    drop(open);
    reader.drain(FAREWELL).await;
}

/// Finds out who this is, attaches them, and says so.
async fn introduce<D: Dialect>(
    state: &AppState,
    reader: &mut Reader,
    outbox: &Outbox,
    caller: Option<Caller>,
) -> Result<Connection<D>, CloseCode> {
    let caller =
        if let Some(caller) = caller { caller } else { first_frame::<D>(state, reader, outbox).await? };
    let name = caller.person.username.clone();
    let identity = Identity { person: caller.person.clone(), sign_in: caller.sign_in };
    let peer = match state.hub().attach(identity, D::SPELLING, Arc::new(outbox.clone())) {
        Ok(peer) => peer,
        Err(refusal) => {
            let code =
                if matches!(refusal, Refusal::Stopping) { CloseCode::Restart } else { CloseCode::TooMany };
            refuse::<D>(outbox, refusal);
            return Err(code);
        }
    };
    let connection = Connection::<D>::new(state.clone(), peer, outbox.clone(), &caller);
    let person = &caller.person.id;
    tracing::info!(peer.id = connection.peer.id().0, person.id = %person, "Peer of `{person}` attached");
    connection.peer.tell(&Event::Welcome(Welcome {
        user: person.clone(),
        name,
        server: state.config().server_name.clone(),
        heartbeat_ms: u32::try_from(HEARTBEAT.as_millis()).unwrap_or(u32::MAX),
        expires_in_ms: connection.expires_in_ms(),
    }));
    Ok(connection)
}

/// The token of a socket that came without one.
async fn first_frame<D: Dialect>(
    state: &AppState,
    reader: &mut Reader,
    outbox: &Outbox,
) -> Result<Caller, CloseCode> {
    let deadline = Instant::now() + FIRST_FRAME;
    let frame = loop {
        match timeout_at(deadline, reader.next()).await {
            Ok(Ok(Incoming::Text(text))) => break Some(text),
            Ok(Ok(Incoming::Ping(_) | Incoming::Pong(_))) => {}
            Ok(Ok(Incoming::Binary(_))) | Err(_) => break None,
            Ok(Ok(Incoming::Close(_))) => return Err(CloseCode::Normal),
            Ok(Err(ended)) => return Err(why(&ended)),
        }
    };
    let Some(Ok(Request::Authenticate(token))) = frame.map(|text| D::decode(text.as_str())) else {
        refuse::<D>(outbox, Refusal::Unauthorized);
        return Err(CloseCode::Token);
    };
    identify_token(state, &token).await.map_err(|error| {
        tracing::debug!(error = &error as &dyn std::error::Error, "A first frame's token was refused");
        refuse::<D>(outbox, Refusal::Unauthorized);
        CloseCode::Token
    })
}

/// Says no to a connection that is not attached. It is about to be closed, so a full outbox does not matter.
fn refuse<D: Dialect>(outbox: &Outbox, refusal: Refusal) {
    if let Some(frame) = (D::SPELLING.encode)(&Event::Failed(refusal.into())) {
        outbox.push(frame, hub::Delivery::Sure).ok();
    }
}

/// The reader's side of an attached connection.
struct Connection<D> {
    state: AppState,
    peer: Peer,
    outbox: Outbox,
    simulations: Simulations,
    expires_at: Instant,
    warned: bool,
    heard_at: Instant,
    dialect: std::marker::PhantomData<D>,
}

impl<D: Dialect> Connection<D> {
    fn new(state: AppState, peer: Peer, outbox: Outbox, caller: &Caller) -> Self {
        let simulations = Simulations::new(state.run_counts().clone(), caller.person.id.clone());
        let expires_at = moment(&state, caller.expires_at_ms);
        let heard_at = Instant::now();
        let dialect = std::marker::PhantomData;
        Self { state, peer, outbox, simulations, expires_at, warned: false, heard_at, dialect }
    }

    fn expires_in_ms(&self) -> u64 {
        let left = self.expires_at.saturating_duration_since(Instant::now());
        u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
    }

    /// When the client is to be told that the token ends soon, or, once told, when it ends.
    fn next_expiry_step(&self) -> Instant {
        let notice_at = self.expires_at.checked_sub(EXPIRY_NOTICE);
        notice_at.filter(|_| !self.warned).unwrap_or(self.expires_at)
    }

    /// Takes up frames in the order sent until one side has had enough; answers why.
    async fn read(&mut self, reader: &mut Reader) -> CloseCode {
        loop {
            let next_check = self.next_expiry_step().min(self.heard_at + SILENCE);
            let outbox = self.outbox.clone();
            let frame = tokio::select! {
                frame = reader.next() => frame,
                () = outbox.closed() => return CloseCode::Normal,
                () = sleep_until(next_check) => match self.check_time() {
                    Some(code) => return code,
                    None => continue,
                },
            };
            self.heard_at = Instant::now();
            match frame {
                Ok(Incoming::Text(text)) => self.take_up(text.as_str()).await,
                Ok(Incoming::Binary(_)) => self.peer.tell(&Event::Failed(Refusal::BinaryFrame.into())),
                Ok(Incoming::Ping(_) | Incoming::Pong(_)) => {}
                Ok(Incoming::Close(_)) => return CloseCode::Normal,
                Err(ended) => return why(&ended),
            }
        }
    }

    /// A moment that was waited for has come: the token ends soon, has ended, or nothing was heard for long.
    fn check_time(&mut self) -> Option<CloseCode> {
        let now = Instant::now();
        if now >= self.expires_at {
            self.peer.tell(&Event::Failed(Refusal::Unauthorized.into()));
            return Some(CloseCode::Token);
        }
        if now >= self.heard_at + SILENCE {
            return Some(CloseCode::GoingAway);
        }
        if now >= self.next_expiry_step() {
            self.warned = true;
            self.peer.tell(&Event::Expiring(Expiry { expires_in_ms: self.expires_in_ms() }));
        }
        None
    }

    async fn take_up(&mut self, frame: &str) {
        let request = match D::decode(frame) {
            Ok(request) => request,
            Err(failure) => return self.peer.tell(&Event::Failed(*failure)),
        };
        let done = match request {
            Request::Hub(command) => {
                self.peer.handle(command).await;
                Ok(())
            }
            Request::Authenticate(token) => self.renew(&token).await,
            Request::Simulate(plan) => self.simulations.start(plan, self.peer.voice()),
            Request::Cancel(run) => {
                self.simulations.cancel(run);
                Ok(())
            }
        };
        if let Err(refusal) = done {
            self.peer.tell(&Event::Failed(Failure::from(refusal)));
        }
    }

    /// A fresh token of the same person. A wrong one changes nothing: the old one is still good until it ends.
    async fn renew(&mut self, token: &str) -> Result<(), Refusal> {
        let caller = identify_token(&self.state, token).await.map_err(|_| Refusal::Unauthorized)?;
        if caller.person.id != self.peer.person().id {
            return Err(Refusal::Unauthorized);
        }
        self.peer.renew(caller.sign_in);
        self.expires_at = moment(&self.state, caller.expires_at_ms);
        self.warned = false;
        self.peer.tell(&Event::Authenticated(Expiry { expires_in_ms: self.expires_in_ms() }));
        Ok(())
    }
}

/// A time of the calendar as a moment of this process.
fn moment(state: &AppState, at_ms: i64) -> Instant {
    let left = at_ms.saturating_sub(state.clock().now_ms());
    // A year is as good as for ever, and cannot overflow the clock.
    let left = u64::try_from(left).unwrap_or(0).min(365 * 24 * 3_600_000);
    Instant::now() + Duration::from_millis(left)
}

/// The code that answers how reading ended. A connection that is lost hears nothing more.
fn why(ended: &Ended) -> CloseCode {
    match ended {
        Ended::Violation(Violation::TooBig | Violation::TooManyFragments) => CloseCode::TooBig,
        Ended::Violation(Violation::NotUtf8 | Violation::NotDeflate) => CloseCode::BadText,
        Ended::Violation(_) => CloseCode::Protocol,
        Ended::Lost | Ended::Broken(_) => CloseCode::Normal,
    }
}

/// Writes what the hub hands out, a burst at a time, and pings when there is nothing to write.
async fn write(mut writer: Writer, mut inlet: Inlet) {
    let mut burst = Vec::with_capacity(BURST);
    let code = loop {
        let ping = tokio::select! {
            next = inlet.next(&mut burst, BURST) => match next {
                Next::Frames => None,
                Next::Close(code) => break code,
            },
            // Whatever is written takes the pongs along.
            () = writer.pinged() => None,
            () = tokio::time::sleep(HEARTBEAT) => Some(OutFrame::ping(Bytes::new())),
        };
        let frames = ping.into_iter().chain(burst.drain(..).map(OutFrame::text));
        let written = {
            let mut writing = pin!(writer.write(frames));
            tokio::select! {
                written = &mut writing => written,
                // The reader was let go while the socket takes nothing: a last chance, then the line is dead.
                () = inlet.let_go() => match tokio::time::timeout(FAREWELL, writing).await {
                    Ok(written) => written,
                    Err(_) => return,
                },
            }
        };
        if written.is_err() {
            return;
        }
    };
    // Whether the other side takes the farewell is its own business.
    tokio::time::timeout(FAREWELL, writer.close(code.number(), code.reason())).await.ok();
}
