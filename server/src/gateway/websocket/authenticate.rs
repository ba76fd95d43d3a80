//! Authentication: finds the user of a socket, by its handshake or by its first frame, and what the socket is for.

use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use hub::{HubError, Outbox};
use protocol::{CloseCode, RoomId, UserId};
use tokio::time::{Instant, timeout_at};
use websocket::{Incoming, Reader};

use super::close_code;
use super::rejection::{send_error, token_error};
use crate::auth::carriers::{SocketQuery, access_token};
use crate::auth::client_ip::ClientIp;
use crate::auth::{AuthError, AuthUser};
use crate::dialect::{AuthPolicy, Dialect, Endpoint, PathParam, Request, Scope};
use crate::error::ApiError;
use crate::state::AppState;

/// How long a socket without a token has for its first frame.
const FIRST_FRAME: Duration = Duration::from_secs(10);

/// The user of a socket; `None` where the first frame has to bring the token.
pub(super) async fn identify(
    state: &AppState,
    endpoint: &Endpoint,
    headers: &HeaderMap,
    query: &SocketQuery,
) -> Result<Option<AuthUser>, AuthError> {
    let config = state.config();
    if endpoint.auth_policy != AuthPolicy::Proof && config.is_development() {
        let has_no_proof = query.ticket.is_none() && !headers.contains_key(AUTHORIZATION);
        let dev_user = config.dev_user.as_str();
        let is_dev_user =
            query.token.as_deref().map_or(has_no_proof, |token| access_token(token) == dev_user);
        if is_dev_user {
            return state.auth().dev_user(&config.dev_user).await.map(Some);
        }
    }
    match state.authenticator().socket(headers.get(AUTHORIZATION), query).await? {
        None if !endpoint.dialect.takes_first_frame => Err(AuthError::Unauthorized),
        user => Ok(user),
    }
}

/// What a socket at this address is for.
///
/// # Errors
/// 403 for an address of another user, or of a room that the user is not a member of.
pub(super) async fn scope(
    state: &AppState,
    endpoint: &Endpoint,
    last_part: &str,
    user: Option<&AuthUser>,
) -> Result<Scope, ApiError> {
    if endpoint.path_param == PathParam::Plain {
        return Ok(Scope::Anything);
    }
    let user = &user.ok_or(AuthError::Unauthorized)?.user.id;
    if endpoint.path_param == PathParam::User {
        let is_own = UserId::parse(last_part).is_ok_and(|named| named == *user);
        return if is_own { Ok(Scope::Inbox) } else { Err(ApiError::Forbidden) };
    }
    let room = RoomId::parse(last_part).map_err(|_| ApiError::Forbidden)?;
    match state.hub().check_member(user, &room).await {
        Ok(()) => Ok(Scope::Room(room)),
        Err(HubError::NoSuchRoom) => Err(ApiError::Forbidden),
        Err(error) => Err(error.into()),
    }
}

/// The cursor of its inbox that a client came with; `None` also in a dialect that has none.
///
/// # Errors
/// [`ApiError::Invalid`] for a text that is no number.
pub(super) fn inbox_cursor(dialect: &Dialect, query: &SocketQuery) -> Result<Option<u64>, ApiError> {
    let text = query.inbox.as_deref().filter(|_| dialect.has_inbox_cursor);
    let cursor = text.map(str::parse).transpose();
    cursor.map_err(|_| ApiError::Invalid {
        field: "inbox",
        message: "inbox: must be a whole number".to_owned(),
    })
}

/// The user of a socket that came without a token, and the cursor of the inbox, by its first frame.
///
/// # Errors
/// The code to close the connection with.
pub(super) async fn first_frame(
    dialect: &Dialect,
    scope: &Scope,
    state: &AppState,
    reader: &mut Reader,
    outbox: &Outbox,
    client_ip: ClientIp,
) -> Result<(AuthUser, Option<u64>), CloseCode> {
    let deadline = Instant::now() + FIRST_FRAME;
    let frame = loop {
        match timeout_at(deadline, reader.next()).await {
            Ok(Ok(Incoming::Text(text))) => break Some(text),
            Ok(Ok(Incoming::Ping(_) | Incoming::Pong(_))) => {}
            Ok(Ok(Incoming::Binary(_))) | Err(_) => break None,
            Ok(Ok(Incoming::Close(_))) => return Err(CloseCode::Normal),
            Ok(Err(error)) => return Err(close_code::of_read_error(&error)),
        }
    };
    let Some(Ok(Request::Authenticate { token, inbox })) =
        frame.map(|text| (dialect.decode)(text.as_str(), scope))
    else {
        send_error(dialect, outbox, HubError::Unauthorized);
        return Err(CloseCode::Token);
    };
    let user = state.authenticator().token(&token).await.map_err(|error| {
        send_error(dialect, outbox, token_error(state, client_ip, "a first frame", &error));
        CloseCode::Token
    })?;
    Ok((user, inbox))
}
