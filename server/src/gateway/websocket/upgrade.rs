//! Upgrades: checks the handshake of a socket, attaches its client, and starts the connection's task.

use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::UPGRADE;
use axum::response::Response;
use hub::outbox;
use websocket::{MESSAGE_TIMEOUT, WebSocketSettings, accept};

use super::attach::attach;
use super::authenticate;
use super::connection::{PendingConnection, frame_limits};
use crate::auth::AuthError;
use crate::auth::carriers::SocketQuery;
use crate::auth::client_ip::ClientIp;
use crate::dialect::{Endpoint, PathParam};
use crate::error::ApiError;
use crate::gateway::extract::{ApiPath, ApiQuery};
use crate::state::AppState;
use crate::tcp_upgrade;

/// Bytes that may wait for one client before it is closed with 4008. About 5,000 short messages, the most that a phone on
/// a bad link catches up with.
const OUTBOX_BYTES: usize = 1024 * 1024;

/// Whether a request asks for a WebSocket and not for a page.
pub fn is_upgrade(headers: &HeaderMap) -> bool {
    headers
        .get_all(UPGRADE)
        .iter()
        .filter_map(|it| it.to_str().ok())
        .any(|list| list.split(',').any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket")))
}

/// Opens a socket at an endpoint. A client that sends a token along is attached when the response leaves, so it misses no
/// event after it.
///
/// # Errors
/// 403 for a page of a foreign origin and for the address of another user, 429 and 503 for too many, at a time or at once, 401
/// for a token or ticket that is not good, 400 for what is no handshake, 426 for another version of it.
pub async fn upgrade(
    state: AppState,
    endpoint: &'static Endpoint,
    request: Request,
) -> Result<Response, ApiError> {
    let (mut request, _) = request.into_parts();
    if !state.config().origins.may_connect(&request.headers) {
        return Err(AuthError::ForeignPage.into());
    }
    let permit = state.admit(ClientIp::of(&request, &state.config().proxies))?;
    // Held until the client is attached.
    let _handshake = state.handshake_limiter().take().await?;
    let ApiQuery(query) = ApiQuery::<SocketQuery>::of(&request.uri)?;
    let user = authenticate::identify(&state, endpoint, &request.headers, &query).await?;
    let last_part = match endpoint.path_param {
        PathParam::Plain => String::new(),
        PathParam::Room | PathParam::User => {
            ApiPath::<String>::from_request_parts(&mut request, &state).await?.0
        }
    };
    let scope = authenticate::scope(&state, endpoint, &last_part, user.as_ref()).await?;
    let inbox = authenticate::inbox_cursor(endpoint.dialect, &query)?;
    let settings = WebSocketSettings {
        limits: frame_limits(&state, user.is_some()),
        message_timeout: MESSAGE_TIMEOUT,
        deflate_from_bytes: state.config().compression_min_bytes,
    };
    let upgrade = tcp_upgrade::take(&mut request.extensions);
    let (response, upgrade) = accept(&request, upgrade, settings)?;
    let (outbox, receiver) = outbox(OUTBOX_BYTES);
    let dialect = endpoint.dialect_with_emails(state.config().users.member_emails);
    let attached = match &user {
        Some(user) => {
            Some(attach(dialect, scope.clone(), &state, &outbox, user, inbox, permit.address()).await)
        }
        None => None,
    };
    let pending = PendingConnection { dialect, scope, state, outbox, receiver, permit };
    // In a box of its own, which is dropped when the client is attached: a task is as large as the largest of what it ever does.
    // The open connection is in another box: a future would keep room for it wherever it is moved through.
    let opening = Box::pin(pending.open(upgrade, attached));
    tokio::spawn(async move {
        let Some(mut connection) = opening.await else { return };
        connection.serve().await;
        Box::pin(connection.close_gracefully()).await;
    });
    Ok(response.map(Body::from))
}
