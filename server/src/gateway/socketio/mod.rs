//! The door of Socket.IO: who comes in, what they ask for, how they come back.
//!
//! Engine.IO and Socket.IO themselves are crates of their own; what events mean is in
//! `crate::dialect`.

mod ack_queue;
mod connect;
mod connection;
pub mod pid;
mod resume;
pub mod resume_token;
mod transport;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{AUTHORIZATION, USER_AGENT};
use axum::http::request::Parts;
use axum::response::Response;
use engineio::Permit;
use serde::Deserialize;
use socketio::{
    Accepted, AdmitError, Application, ConnectError, ConnectRequest, DisconnectReason, Event, OutgoingArgs,
    Settings, Socket, SocketIo,
};
use tokio::time::Instant;

use crate::auth::client_ip::ClientIp;
use crate::dialect::talim;
use crate::error::ApiError;
use crate::gateway::extract::ApiQuery;
use crate::limits::connection_limiter::ConnectionPermit;
use crate::state::AppState;
use crate::tcp_upgrade;
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
    permit: Arc<ConnectionPermit>,
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
pub type SocketIoGateway = SocketIo<Door>;

/// Makes the door of a server.
pub fn door(state: AppState) -> SocketIoGateway {
    let limits = &state.config().limits;
    let engine = engineio::Settings {
        max_payload: limits.frame_bytes,
        early_payload: BEFORE_ENTRY_BYTES,
        max_sessions: limits.connections,
        deflate_from_bytes: state.config().compression_min_bytes,
        ..engineio::Settings::default()
    };
    let settings = Settings { engine, ..Settings::default() };
    let pool = state.writer_pool().clone();
    SocketIo::new(settings, pool, Door { state })
}

/// Answers a request to the door.
pub async fn answer(door: &SocketIoGateway, mut request: Request) -> Response {
    let upgrade = tcp_upgrade::take(request.extensions_mut());
    door.handle(request, upgrade).await.map(Body::from)
}

impl Application for Door {
    type Admission = Handshake;
    type Connection = Connection;

    async fn admit(&self, request: &Parts) -> Result<Handshake, AdmitError> {
        if !self.state.config().origins.may_connect(&request.headers) {
            return Err(AdmitError::forbidden("Pages of this origin may not connect (see CORS_ORIGIN)"));
        }
        // The client library tries again after this, and does not after a refusal of its CONNECT.
        if self.state.stopping().is_cancelled() {
            return Err(AdmitError::unavailable("The server is restarting"));
        }
        let ApiQuery(query) = ApiQuery::<Query>::of(&request.uri).map_err(|refused| error(&refused))?;
        // Let in is who sends CONNECT, and there a refusal would be for good.
        self.state.handshake_limiter().check().map_err(|refused| error(&refused.into()))?;
        let permit = self
            .state
            .admit(ClientIp::of(request, &self.state.config().proxies))
            .map_err(|refused| error(&refused.into()))?;
        let authorization = request.headers.get(AUTHORIZATION);
        let authorization = authorization.and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
        let is_said = authorization.is_some() || query != Query::default();
        let proof = is_said.then(|| Box::new(Proof { authorization, query }));
        let is_unable_to_resume = resume::is_unable(request.headers.get(USER_AGENT));
        let has_asked = AtomicBool::new(false);
        Ok(Handshake { proof, is_unable_to_resume, has_asked, permit: Arc::new(permit) })
    }

    fn permit(&self, handshake: &Handshake) -> Option<Permit> {
        Some(handshake.permit.clone())
    }

    async fn connect(
        &self,
        handshake: &Handshake,
        request: ConnectRequest,
        socket: &Socket,
    ) -> Result<Accepted<Connection>, ConnectError> {
        connect::connect(&self.state, handshake, &request, socket).await
    }

    fn charge(&self, connection: &Connection, bytes: usize) -> Duration {
        connection.charge(bytes)
    }

    async fn event(&self, connection: &mut Connection, socket: &Socket, event: Event) {
        let answer = connection.take_up(&event).await;
        connection.tell(socket, answer, event.ack).await;
    }

    fn next_deadline(&self, connection: &Connection) -> Option<Instant> {
        connection.next_look()
    }

    fn on_deadline(&self, connection: &mut Connection, socket: &Socket) {
        connection.look(socket);
    }

    async fn disconnect(&self, connection: Connection, _: &Socket, reason: DisconnectReason) {
        tracing::info!(peer.id = connection.peer_id().0, ?reason, "Peer of Socket.IO left");
        if reason == DisconnectReason::Ended(engineio::CloseReason::TooSlow) {
            connection.note_slow();
        }
    }
}

/// The same refusal as at every door.
fn error(error: &ApiError) -> AdmitError {
    let (status, body) = error.describe();
    let retry_after_s = body.retry_after_ms.map(|wait_ms| wait_ms.div_ceil(1_000));
    AdmitError { status, message: body.message.into(), retry_after_s }
}

/// Answers an event whose sender waits for it.
fn acknowledge(socket: &Socket, ack: u64, result: &connection::Outcome) {
    let answer = match result {
        Ok(done) => OutgoingArgs::new().with(done),
        Err(failure) => OutgoingArgs::new().with(&connection::Refused::from(talim::failed(failure))),
    };
    match answer {
        // A client that has left needs no answer.
        Ok(answer) => drop(socket.ack(ack, &answer)),
        Err(error) => tracing::error!(%error, "Could not spell an acknowledgement"),
    }
}
