//! The door of Socket.IO: who comes in, what they ask for, how they come back.
//!
//! Engine.IO and Socket.IO themselves are in `crate::engineio` and `crate::socketio`; what events mean is in
//! `crate::dialect`.

mod answers;
mod arrival;
mod connection;
mod outlet;
pub mod pid;
pub mod positions;
mod resume;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::header::{AUTHORIZATION, USER_AGENT};
use axum::http::request::Parts;
use serde::Deserialize;
use tokio::time::Instant;

use crate::admission::Place as Seat;
use crate::auth::address::Address;
use crate::dialect::talim;
use crate::engineio::{self, Permit};
use crate::error::ApiError;
use crate::gateway::extract::ApiQuery;
use crate::socketio::{
    Accepted, Application, Arguments, ConnectRefusal, ConnectRequest, Disconnect, Event, Refusal, Settings,
    Socket, SocketIo,
};
use crate::state::AppState;
use connection::Connection;

/// Bytes of a message, after inflating, from a client that was not let in yet: room for the longest token.
const BEFORE_ENTRY_BYTES: usize = 16 * 1024;

/// What the first request of a client says. Has no `Debug`: it must not reach a log.
pub struct Handshake {
    /// Most clients say all of it in their CONNECT.
    proof: Option<Box<Proof>>,
    /// By its user agent the client is one that does not resume.
    is_unable_to_resume: bool,
    /// Whether the client has asked to enter before.
    has_asked: AtomicBool,
    /// Held as long as the session and its connections.
    seat: Arc<Seat>,
}

/// What proves who a client is.
#[derive(Default)]
struct Proof {
    /// A copy of its own, and of the others none: headers are parts of what was read, and would keep all of it.
    authorization: Option<HeaderValue>,
    query: Query,
}

/// What the address may carry.
#[derive(Clone, Default, Deserialize, PartialEq)]
struct Query {
    token: Option<String>,
    ticket: Option<String>,
    #[serde(rename = "userId")]
    user_id: Option<String>,
    /// Whether the client resumes.
    resume: Option<String>,
}

/// The application behind `/socket.io/`.
pub struct Door {
    state: AppState,
}

/// The door, as the router serves it.
pub type SocketIoDoor = SocketIo<Door>;

/// Makes the door of a server.
pub fn door(state: AppState) -> SocketIoDoor {
    let limits = &state.config().limits;
    let engine = engineio::Settings {
        max_payload: limits.frame_bytes,
        early_payload: BEFORE_ENTRY_BYTES,
        max_sessions: limits.connections,
        deflate_from_bytes: state.config().compression_min_bytes,
        ..engineio::Settings::default()
    };
    let settings = Settings { engine, ..Settings::default() };
    let loops = state.loops().clone();
    SocketIo::new(settings, loops, Door { state })
}

impl Application for Door {
    type Admission = Handshake;
    type Connection = Connection;

    async fn admit(&self, request: &Parts) -> Result<Handshake, Refusal> {
        if !self.state.config().origins.may_connect(&request.headers) {
            return Err(Refusal::forbidden("Pages of this origin may not connect (see CORS_ORIGIN)"));
        }
        // The client library tries again after this, and does not after a refusal of its CONNECT.
        if self.state.stopping().is_cancelled() {
            return Err(Refusal::unavailable("The server is restarting"));
        }
        let ApiQuery(query) = ApiQuery::<Query>::of(&request.uri).map_err(|error| refusal(&error))?;
        // Let in is who sends CONNECT, and there a refusal would be for good.
        self.state.turns().check().map_err(|error| refusal(&error))?;
        let seat = self.state.admit(Address::of(request, &self.state)).map_err(|error| refusal(&error))?;
        let authorization = request.headers.get(AUTHORIZATION);
        let authorization = authorization.and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
        let is_said = authorization.is_some() || query != Query::default();
        let proof = is_said.then(|| Box::new(Proof { authorization, query }));
        let is_unable_to_resume = resume::is_unable(request.headers.get(USER_AGENT));
        let has_asked = AtomicBool::new(false);
        Ok(Handshake { proof, is_unable_to_resume, has_asked, seat: Arc::new(seat) })
    }

    fn permit(&self, handshake: &Handshake) -> Option<Permit> {
        Some(handshake.seat.clone())
    }

    async fn connect(
        &self,
        handshake: &Handshake,
        request: ConnectRequest,
        socket: &Socket,
    ) -> Result<Accepted<Connection>, ConnectRefusal> {
        arrival::enter(&self.state, handshake, &request, socket).await
    }

    fn charge(&self, connection: &Connection, bytes: usize) -> Duration {
        connection.charge(bytes)
    }

    async fn event(&self, connection: &mut Connection, socket: &Socket, event: Event) {
        let answer = connection.take_up(&event).await;
        connection.tell(socket, answer, event.ack).await;
    }

    fn next_look(&self, connection: &Connection) -> Option<Instant> {
        connection.next_look()
    }

    fn look(&self, connection: &mut Connection, socket: &Socket) {
        connection.look(socket);
    }

    async fn disconnect(&self, connection: Connection, _: &Socket, reason: Disconnect) {
        tracing::info!(peer.id = connection.peer_id().0, ?reason, "Peer of Socket.IO left");
        if reason == Disconnect::Ended(engineio::CloseReason::TooSlow) {
            connection.note_slow();
        }
    }
}

/// The same refusal as at every door.
fn refusal(error: &ApiError) -> Refusal {
    let (status, body) = error.describe();
    let retry_after_s = body.retry_after_ms.map(|wait_ms| wait_ms.div_ceil(1_000));
    Refusal { status, message: body.message.into(), retry_after_s }
}

/// Answers an event whose sender waits for it.
fn acknowledge(socket: &Socket, ack: u64, result: &connection::Outcome) {
    let answer = match result {
        Ok(done) => Arguments::new().with(done),
        Err(failure) => Arguments::new().with(&connection::Refused::from(talim::failed(failure))),
    };
    match answer {
        // A client that has left needs no answer.
        Ok(answer) => drop(socket.ack(ack, &answer)),
        Err(error) => tracing::error!(%error, "Could not spell an acknowledgement"),
    }
}
