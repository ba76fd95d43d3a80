//! The raw WebSocket door: a reader and a writer for each connection, for whichever dialect.

mod attach;
mod read;
mod turn;
mod write;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::UPGRADE;
use axum::response::Response;
use hub::{ClientTransport, Outbox, OutboxReceiver, outbox};
use protocol::CloseCode;
use tokio_util::task::task_tracker::TaskTrackerToken;
use websocket::{Limits, MESSAGE_TIMEOUT, PendingUpgrade, Reader, Settings, WriteHandle, accept};

use crate::auth::AuthError;
use crate::auth::client_ip::ClientIp;
use crate::auth::extract::SocketQuery;
use crate::dialect::{Dialect, Endpoint, PathParam, Scope};
use crate::error::ApiError;
use crate::gateway::extract::{ApiPath, ApiQuery};
use crate::limits::connection_limiter::ConnectionPermit;
use crate::state::AppState;
use crate::tcp_upgrade;

use read::Connection;
use write::Waiting;

/// Bytes that may wait for one client before it is let go with 4008. About 5,000 short messages, the most that a phone on
/// a bad link catches up with.
const OUTBOX_BYTES: usize = 1024 * 1024;

/// What a client may send, before it is known who it is and after.
fn frame_limits(state: &AppState, has_entered: bool) -> Limits {
    let frame_bytes = state.config().limits.frame_bytes;
    let message_bytes = if has_entered { frame_bytes } else { frame_bytes.min(BEFORE_ENTRY_BYTES) };
    // No client of ours sends fragments; a library may, by the kilobyte.
    Limits { message_bytes, fragments: 65_536 }
}

/// Bytes of a message, after inflating, from a client that has to say first who it is: room for the longest token.
const BEFORE_ENTRY_BYTES: usize = 16 * 1024;

/// The server pings as often. Below the 30 s after which many proxies cut an idle connection.
const HEARTBEAT: Duration = Duration::from_secs(25);

/// How long a client has to take what is left and answer a close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether a request asks for a socket and not for a page.
pub fn is_asked_for(headers: &HeaderMap) -> bool {
    headers
        .get_all(UPGRADE)
        .iter()
        .filter_map(|it| it.to_str().ok())
        .any(|list| list.split(',').any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket")))
}

/// Opens a socket at a place. Whoever shows a token has entered when the answer goes out, so nothing that is said after it
/// is missed.
///
/// # Errors
/// 403 for a page of a foreign origin and for somebody else's address, 429 and 503 for too many, at a time or at once, 401 for a token or ticket
/// that is not good, 400 for what is no handshake, 426 for another version of it.
pub async fn upgrade(
    state: AppState,
    place: &'static Endpoint,
    request: Request,
) -> Result<Response, ApiError> {
    let (mut request, _) = request.into_parts();
    if !state.config().origins.may_connect(&request.headers) {
        return Err(AuthError::ForeignPage.into());
    }
    let permit = state.admit(ClientIp::of(&request, &state.config().proxies))?;
    // Held until the client is in.
    let _turn = state.handshake_limiter().take().await?;
    let ApiQuery(query) = ApiQuery::<SocketQuery>::of(&request.uri)?;
    let caller = attach::identify(&state, place, &request.headers, &query).await?;
    let last_part = match place.address {
        PathParam::Plain => String::new(),
        PathParam::Room | PathParam::Person => {
            ApiPath::<String>::from_request_parts(&mut request, &state).await?.0
        }
    };
    let scope = attach::scope(&state, place, &last_part, caller.as_ref()).await?;
    let inbox = attach::inbox_cursor(place.dialect, &query)?;
    let settings = Settings {
        limits: frame_limits(&state, caller.is_some()),
        message_timeout: MESSAGE_TIMEOUT,
        deflate_from_bytes: state.config().compression_min_bytes,
    };
    let upgrade = tcp_upgrade::take(&mut request.extensions);
    let (response, pending) = accept(&request, upgrade, settings)?;
    let (outbox, inlet) = outbox(OUTBOX_BYTES);
    let dialect = place.dialect_showing(state.config().users.member_emails);
    let entered = match &caller {
        Some(caller) => Some(
            attach::attach(dialect, scope.clone(), &state, &outbox, caller, inbox, permit.address()).await,
        ),
        None => None,
    };
    let visit = PendingConnection { dialect, scope, state, outbox, inlet, permit };
    // In a box of its own, which is gone when the client is in: a task is as large as the largest of what it ever does. What
    // stays is in another one: a future would keep room for it wherever it is moved through.
    let opening = Box::pin(visit.open(pending, entered));
    tokio::spawn(async move {
        let Some(mut stay) = opening.await else { return };
        stay.serve().await;
        Box::pin(stay.close_gracefully()).await;
    });
    Ok(response.map(Body::from))
}

/// One socket on its way from the handshake until its client is in.
struct PendingConnection {
    dialect: &'static Dialect,
    scope: Scope,
    state: AppState,
    outbox: Outbox,
    inlet: OutboxReceiver,
    permit: ConnectionPermit,
}

/// A socket that is open, and who has entered by it.
struct OpenConnection {
    reader: Reader,
    line: WriteHandle,
    outbox: Outbox,
    /// Or why nobody has.
    connection: Result<Connection, CloseCode>,
    _permit: ConnectionPermit,
    /// Held until the close frame is written: a stop waits for it.
    open: TaskTrackerToken,
}

impl PendingConnection {
    /// Waits for the connection, and for whoever has to say first who it is.
    async fn open(
        self,
        pending: PendingUpgrade,
        entered: Option<Result<Connection, CloseCode>>,
    ) -> Option<Box<OpenConnection>> {
        let Self { dialect, scope, state, outbox, inlet, permit } = self;
        let (mut reader, writer) = match pending.open().await {
            Ok(halves) => halves,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "A client was gone before it was let in");
                return None;
            }
        };
        let open = state.sockets().token();
        let line = writer.attach(Waiting(inlet), state.writer_pool());
        let from = permit.address();
        let connection = match entered {
            Some(entered) => entered,
            None => match attach::first_frame(dialect, &scope, &state, &mut reader, &outbox, from).await {
                Ok((caller, inbox)) => {
                    reader.set_limits(frame_limits(&state, true));
                    attach::attach_with_permit(dialect, scope, &state, &outbox, &caller, inbox, from).await
                }
                Err(code) => Err(code),
            },
        };
        Some(Box::new(OpenConnection { reader, line, outbox, connection, _permit: permit, open }))
    }
}

impl OpenConnection {
    /// Runs a connection until one side has had enough.
    async fn serve(&mut self) {
        let code = match &mut self.connection {
            Ok(connection) => {
                let code = connection.read(&mut self.reader, &self.line).await;
                if self.outbox.close_code() == Some(CloseCode::TooSlow) {
                    connection.note_slow();
                }
                code
            }
            Err(code) => *code,
        };
        self.outbox.close(code);
        // Not before: it closes the outbox too, without a reason.
        self.connection = Err(code);
    }

    /// Sees to it that the client hears why.
    async fn close_gracefully(self: Box<Self>) {
        let Self { reader, line, open, _permit, .. } = *self;
        let is_closed = line.closed_within(CLOSE_TIMEOUT).await;
        drop(open);
        if is_closed {
            reader.drain(CLOSE_TIMEOUT).await;
        }
    }
}
