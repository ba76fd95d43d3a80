//! The application behind `/socket.io/`: connects the Socket.IO server to this gateway.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::response::Response;
use engineio::Permit;
use socketio::{
    Accepted, AdmitError, Application, ClientEvent, ConnectError, ConnectRequest, DisconnectReason, Socket,
    SocketIo, SocketIoSettings,
};
use tokio::time::Instant;

use super::connect::connect;
use super::connection::SocketIoConnection;
use super::handshake::{Handshake, Query};
use crate::auth::client_ip::ClientIp;
use crate::error::ApiError;
use crate::gateway::extract::ApiQuery;
use crate::state::AppState;
use crate::tcp_upgrade;

/// Bytes of a message, after inflating, from a client that is not attached yet: room for the longest token.
const BEFORE_CONNECT_BYTES: usize = 16 * 1024;

/// Serves the clients of Socket.IO.
pub struct SocketIoApplication {
    state: AppState,
}

/// The gateway, as the router serves it.
pub type SocketIoGateway = SocketIo<SocketIoApplication>;

/// Makes the gateway of a server.
pub fn gateway(state: AppState) -> SocketIoGateway {
    let limits = &state.config().limits;
    let engine = engineio::EngineSettings {
        max_payload: limits.frame_bytes,
        early_payload: BEFORE_CONNECT_BYTES,
        max_sessions: limits.connections,
        deflate_from_bytes: state.config().compression_min_bytes,
        ..engineio::EngineSettings::default()
    };
    let settings = SocketIoSettings { engine, ..SocketIoSettings::default() };
    let pool = state.writer_pool().clone();
    SocketIo::new(settings, pool, SocketIoApplication { state })
}

/// Handles a request to the gateway.
pub async fn handle(gateway: &SocketIoGateway, mut request: Request) -> Response {
    let upgrade = tcp_upgrade::take(request.extensions_mut());
    gateway.handle(request, upgrade).await.map(Body::from)
}

impl Application for SocketIoApplication {
    type Admission = Handshake;
    type Connection = SocketIoConnection;

    async fn admit(&self, request: &Parts) -> Result<Handshake, AdmitError> {
        if !self.state.config().origins.may_connect(&request.headers) {
            return Err(AdmitError::forbidden("Pages of this origin may not connect (see CORS_ORIGIN)"));
        }
        // The client library tries again after this error, and does not after a refused CONNECT.
        if self.state.stopping().is_cancelled() {
            return Err(AdmitError::unavailable("The server is restarting"));
        }
        let ApiQuery(query) = ApiQuery::<Query>::of(&request.uri).map_err(|error| admit_error(&error))?;
        // The client waits in the queue with its CONNECT, and an error there would be final.
        self.state.handshake_limiter().check().map_err(|error| admit_error(&error.into()))?;
        let permit = self.state.admit(ClientIp::of(request, &self.state.config().proxies));
        Ok(Handshake::new(request, query, permit.map_err(|error| admit_error(&error.into()))?))
    }

    fn permit(&self, handshake: &Handshake) -> Option<Permit> {
        Some(handshake.permit.clone())
    }

    async fn connect(
        &self,
        handshake: &Handshake,
        request: ConnectRequest,
        socket: &Socket,
    ) -> Result<Accepted<SocketIoConnection>, ConnectError> {
        connect(&self.state, handshake, &request, socket).await
    }

    fn charge(&self, connection: &SocketIoConnection, bytes: usize) -> Duration {
        connection.charge(bytes)
    }

    async fn event(&self, connection: &mut SocketIoConnection, socket: &Socket, event: ClientEvent) {
        let outcome = connection.execute(&event).await;
        connection.acknowledge(socket, outcome, event.ack).await;
    }

    fn next_deadline(&self, connection: &SocketIoConnection) -> Option<Instant> {
        connection.next_deadline()
    }

    fn on_deadline(&self, connection: &mut SocketIoConnection, socket: &Socket) {
        connection.on_deadline(socket);
    }

    async fn disconnect(&self, connection: SocketIoConnection, _: &Socket, reason: DisconnectReason) {
        tracing::info!(session.id = connection.id().0, ?reason, "Client session of Socket.IO ended");
        if reason == DisconnectReason::Ended(engineio::CloseReason::TooSlow) {
            connection.log_slow();
        }
    }
}

/// The same error as at every gateway.
fn admit_error(error: &ApiError) -> AdmitError {
    error.log();
    let (status, body) = error.describe();
    let retry_after_s = body.retry_after_ms.map(|wait_ms| wait_ms.div_ceil(1_000));
    AdmitError { status, message: body.message.into(), retry_after_s }
}
