//! Who comes through the door, for what, and what they are told first.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use bytes::Bytes;
use hub::{
    ClientTransport, Command, DeliveryPolicy, Disconnected, Event, HubError, Identity, InboxStart, JoinMode,
    Outbox, StreamPosition, TransportFuture,
};
use protocol::{CloseCode, RoomId, UserId, Welcome};
use tokio::time::{Instant, timeout_at};
use websocket::{Incoming, Reader};

use super::HEARTBEAT;
use super::read::{Connection, why};
use crate::auth::client_ip::ClientIp;
use crate::auth::extract::{SocketQuery, access_token};
use crate::auth::{AuthError, AuthUser};
use crate::dialect::{AuthPolicy, Dialect, Endpoint, PathParam, Request, Scope};
use crate::error::ApiError;
use crate::state::AppState;

/// How long a socket without a token has for its first frame.
const FIRST_FRAME: Duration = Duration::from_secs(10);

/// Whose socket this is; `None` where the first frame has to say.
pub(super) async fn identify(
    state: &AppState,
    place: &Endpoint,
    headers: &HeaderMap,
    query: &SocketQuery,
) -> Result<Option<AuthUser>, AuthError> {
    let config = state.config();
    if place.auth_policy != AuthPolicy::Proof && config.is_development() {
        let nothing = query.ticket.is_none() && !headers.contains_key(AUTHORIZATION);
        let mock = config.dev_user.as_str();
        let is_mock = query.token.as_deref().map_or(nothing, |token| access_token(token) == mock);
        if is_mock {
            return state.auth().dev_user(&config.dev_user).await.map(Some);
        }
    }
    match state.authenticator().socket(headers.get(AUTHORIZATION), query).await? {
        None if !place.dialect.takes_first_frame => Err(AuthError::Unauthorized),
        caller => Ok(caller),
    }
}

/// What a socket at this address is for.
///
/// # Errors
/// 403 for an address that is not the caller's: somebody else's, or of a room that the caller is not in.
pub(super) async fn scope(
    state: &AppState,
    place: &Endpoint,
    last_part: &str,
    caller: Option<&AuthUser>,
) -> Result<Scope, ApiError> {
    if place.address == PathParam::Plain {
        return Ok(Scope::Anything);
    }
    let user = &caller.ok_or(AuthError::Unauthorized)?.user.id;
    if place.address == PathParam::Person {
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

/// The refusal of a token in a frame, noted in the log; in development with what is wrong with the token.
pub(super) fn refuse_token(state: &AppState, from: ClientIp, what: &str, error: &AuthError) -> HubError {
    if let AuthError::Token { error, .. } = error {
        let why = format!("the token is refused: {error}");
        state.rejection_log().note(from, state.clock().monotonic_ms(), &what, &why);
    } else {
        tracing::debug!(error = error as &dyn std::error::Error, "A token in a frame was not looked at");
    }
    error.shown_error().map_or(HubError::Unauthorized, |error| HubError::BadToken(error.to_string()))
}

/// As [`enter`], for a socket that is open already and so has given up its place in the line.
pub(super) async fn attach_with_permit(
    dialect: &'static Dialect,
    scope: Scope,
    state: &AppState,
    outbox: &Outbox,
    caller: &AuthUser,
    inbox: Option<u64>,
    from: ClientIp,
) -> Result<Connection, CloseCode> {
    match state.handshake_limiter().take().await {
        Ok(_turn) => attach(dialect, scope, state, outbox, caller, inbox, from).await,
        Err(error) => {
            refuse(dialect, outbox, HubError::TooFast { retry_after_ms: error.retry_after_ms });
            Err(CloseCode::TooMany)
        }
    }
}

/// Attaches somebody, says so, and has them follow what the socket is for.
pub(super) async fn attach(
    dialect: &'static Dialect,
    scope: Scope,
    state: &AppState,
    outbox: &Outbox,
    caller: &AuthUser,
    inbox: Option<u64>,
    from: ClientIp,
) -> Result<Connection, CloseCode> {
    let refused = |error: HubError| {
        let code = match error {
            HubError::Stopping => CloseCode::Restart,
            HubError::TooManyConnections | HubError::TooFast { .. } => CloseCode::TooMany,
            HubError::NoSuchRoom => CloseCode::Forbidden,
            HubError::Unauthorized | HubError::BadToken(_) => CloseCode::Token,
            _ => CloseCode::Internal,
        };
        refuse(dialect, outbox, error);
        // Before the peer goes, which closes it too, without a reason.
        outbox.close(code);
        code
    };
    let transport: Arc<dyn ClientTransport> = match &scope {
        Scope::Room(room) => Arc::new(RoomOutlet { outbox: outbox.clone(), room: room.clone() }),
        Scope::Anything | Scope::Inbox => Arc::new(outbox.clone()),
    };
    let identity = Identity { user: caller.user.clone(), sign_in: caller.sign_in };
    let peer = state.hub().attach(identity, dialect.encoder, transport).map_err(refused)?;
    // Once more, now that whoever ends the sign-in closes this connection, too: it may have ended since it was looked at.
    let still = state.auth().check_still(caller).await;
    still.map_err(|error| refused(refuse_token(state, from, "a socket", &error)))?;
    let mut connection =
        Connection::new(dialect, scope.clone(), state.clone(), peer, outbox.clone(), caller, from);
    let user = &caller.user;
    tracing::info!(
        peer.id = connection.peer.id().0,
        user.id = %user.id,
        dialect = dialect.name,
        "Peer of `{}` attached", user.id
    );
    let welcome = Welcome {
        user: user.id.clone(),
        name: user.username.clone(),
        server: state.config().server_name.clone(),
        heartbeat_ms: u32::try_from(HEARTBEAT.as_millis()).unwrap_or(u32::MAX),
        expires_in_ms: connection.expires_in_ms(),
    };
    connection.peer.tell(&Event::Welcome(welcome, state.hub().stamp()));
    if let Some(maintenance) = state.maintenance() {
        connection.peer.tell(&Event::Maintenance(maintenance, state.hub().stamp()));
    }
    match scope {
        Scope::Room(room) => {
            let join = Command::Join { room, mode: JoinMode::SubscribeOnly };
            connection.peer.request(join).await.map_err(|failure| refused(failure.error))?;
        }
        Scope::Anything | Scope::Inbox => {
            let start = inbox.map_or(InboxStart::Fresh, InboxStart::Cursor);
            connection.peer.follow_inbox(start, None).await.map_err(refused)?;
        }
    }
    Ok(connection)
}

/// The cursor of its inbox that a client came with; `None` also in a dialect that has none.
///
/// # Errors
/// [`ApiError::Invalid`] for a text that is no number.
pub(super) fn inbox_cursor(dialect: &Dialect, query: &SocketQuery) -> Result<Option<u64>, ApiError> {
    let said = query.inbox.as_deref().filter(|_| dialect.has_inbox_cursor);
    let cursor = said.map(str::parse).transpose();
    cursor.map_err(|_| ApiError::Invalid {
        field: "inbox",
        message: "inbox: must be a whole number".to_owned(),
    })
}

/// The token of a socket that came without one, and its cursor of the inbox.
pub(super) async fn first_frame(
    dialect: &Dialect,
    scope: &Scope,
    state: &AppState,
    reader: &mut Reader,
    outbox: &Outbox,
    from: ClientIp,
) -> Result<(AuthUser, Option<u64>), CloseCode> {
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
    let Some(Ok(Request::Authenticate { token, inbox })) =
        frame.map(|text| (dialect.decode)(text.as_str(), scope))
    else {
        refuse(dialect, outbox, HubError::Unauthorized);
        return Err(CloseCode::Token);
    };
    let caller = state.authenticator().token(&token).await.map_err(|error| {
        refuse(dialect, outbox, refuse_token(state, from, "a first frame", &error));
        CloseCode::Token
    })?;
    Ok((caller, inbox))
}

/// Says no to a connection that is about to be closed, so a full outbox does not matter.
fn refuse(dialect: &Dialect, outbox: &Outbox, error: HubError) {
    if let Some(frame) = (dialect.encoder.encode)(&Event::Failed(error.into())) {
        outbox.push(frame, DeliveryPolicy::Reliable).ok();
    }
}

/// The outbox of a socket that is for one room alone: who is shown out of the room has no business here any more.
struct RoomOutlet {
    outbox: Outbox,
    room: RoomId,
}

impl ClientTransport for RoomOutlet {
    fn push(&self, frame: Bytes, delivery: DeliveryPolicy) -> Result<(), Disconnected> {
        self.outbox.push(frame, delivery)
    }

    fn place(&self, track: StreamPosition<'_>) {
        if track == StreamPosition::Left(&self.room) {
            self.close(CloseCode::Forbidden);
        }
    }

    fn keeps_up(&self) -> TransportFuture<'_, ()> {
        self.outbox.keeps_up()
    }

    fn receipt(&self) -> TransportFuture<'static, Result<(), Disconnected>> {
        self.outbox.receipt()
    }

    fn close(&self, code: CloseCode) {
        self.outbox.close(code);
    }
}
