//! Connect: authenticates a client, attaches it to the hub, and resumes where an earlier connection of it ended.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ::socketio::{Accepted, ConnectError, ConnectRequest, MAIN, Recovery, Socket};
use bytes::Bytes;
use engineio::CloseReason;
use hub::{ClientSession, Event, HubError, Identity, InboxStart, RoomPosition};
use protocol::{UserId, Welcome};
use serde_json::Value;

use super::connection::{SocketIoConnection, log_rejected_token};
use super::handshake::{Handshake, Proof};
use super::resume_token::ResumeToken;
use super::transport::SocketIoTransport;
use super::{offers_offsets, pid};
use crate::auth::carriers::SocketQuery;
use crate::auth::{AuthError, AuthUser};
use crate::dialect::socketio;
use crate::error::ApiError;
use crate::state::AppState;

/// An earlier session of a client that can be resumed, because everything that the client missed is stored.
struct ResumedSession {
    sid: String,
    pid: String,
    inbox: u64,
    rooms: Vec<RoomPosition>,
}

pub(super) async fn connect(
    state: &AppState,
    handshake: &Handshake,
    request: &ConnectRequest,
    socket: &Socket,
) -> Result<Accepted<SocketIoConnection>, ConnectError> {
    if &*request.namespace != MAIN {
        return Err(socketio::invalid_namespace());
    }
    // The first CONNECT was counted as a handshake.
    if handshake.has_connected.swap(true, Ordering::Relaxed) {
        let counted = state.admit_again(&handshake.permit);
        counted.map_err(|error| socketio::too_many_handshakes(ApiError::from(error).describe().1))?;
    }
    // Held until the client is attached.
    let _permit = state.handshake_limiter().take().await.map_err(|error| {
        // As in `not_attached`.
        socket.end(CloseReason::Busy);
        socketio::handshake_queue_full(ApiError::from(error).describe().1)
    })?;
    let client_ip = handshake.permit.address();
    let not_authenticated = |error: AuthError| {
        log_rejected_token(state, client_ip, &error);
        socketio::not_authenticated(&error)
    };
    let user = identify(state, handshake, request).await.map_err(not_authenticated)?;
    let query = handshake.proof.as_ref().and_then(|proof| proof.query.resume.as_deref());
    let may_resume = offers_offsets::resumes(&request.auth(), query, handshake.is_unable_to_resume)?;
    let transport = Arc::new(SocketIoTransport::new(socket.clone(), may_resume));
    let identity = Identity { user: user.user.clone(), sign_in: user.sign_in };
    let attached = state.hub().attach(identity, socketio::ENCODER, transport.clone());
    let mut session = attached.map_err(|error| not_attached(socket, &error))?;
    // As for a raw socket: the sign-in may have ended since it was checked.
    state.auth().check_still(&user).await.map_err(not_authenticated)?;
    let resumed = match request.recovery().filter(|_| may_resume) {
        Some(recovery) => {
            let found = find_resumed(state, &session, recovery).await;
            found.map_err(|error| not_attached(socket, &error))?
        }
        None => None,
    };
    let sid = resumed.as_ref().map_or_else(|| socket.id().to_owned(), |resumed| resumed.sid.clone());
    let subscribed = subscribe(&mut session, &transport, resumed.as_ref(), welcome(state, &user, &sid)).await;
    subscribed.map_err(|error| not_attached(socket, &error))?;
    if let Some(maintenance) = state.maintenance() {
        session.send(&Event::Maintenance(maintenance, state.hub().stamp()));
    }
    log_attached(&session, resumed.is_some());
    let pid = match resumed {
        Some(resumed) => Some(resumed.pid),
        None if may_resume => {
            let signed = pid::sign(state.auth().keys(), &sid, &user.user.id);
            Some(signed.map_err(not_authenticated)?)
        }
        None => None,
    };
    let accepted = Accepted::new(SocketIoConnection::new(state.clone(), session, &user, client_ip));
    Ok(Accepted { sid: Some(sid.into()), pid: pid.map(Into::into), ..accepted })
}

/// The user of a client: by `auth.token`, else as on any socket, else, where it is trusted, by `query.userId`.
async fn identify(
    state: &AppState,
    handshake: &Handshake,
    request: &ConnectRequest,
) -> Result<AuthUser, AuthError> {
    let auth = request.auth();
    let nothing = Proof::default();
    let Proof { authorization, query } = handshake.proof.as_deref().unwrap_or(&nothing);
    let text = |key: &str| auth.get(key).and_then(Value::as_str);
    let user = if let Some(token) = text("token") {
        Some(state.authenticator().token(token).await?)
    } else {
        let ticket = text("ticket").map(str::to_owned).or_else(|| query.ticket.clone());
        let query = SocketQuery { token: query.token.clone(), ticket, inbox: None };
        state.authenticator().socket(authorization.as_ref(), &query).await?
    };
    let claimed = query.user_id.as_deref().or_else(|| text("userId"));
    match (user, claimed) {
        (Some(user), None) => Ok(user),
        (Some(user), Some(claimed)) if claimed == user.user.id.as_str() => Ok(user),
        (None, Some(claimed)) if state.config().trust_query_user => {
            let id = UserId::parse(claimed).map_err(|_| AuthError::Unauthorized)?;
            state.auth().trusted_user_id(&id).await
        }
        _ => Err(AuthError::Unauthorized),
    }
}

/// The earlier session of a client, if it can be resumed; `None`: the client starts over.
async fn find_resumed(
    state: &AppState,
    session: &ClientSession,
    recovery: Recovery,
) -> Result<Option<ResumedSession>, HubError> {
    let keys = state.auth().keys();
    let Some(sid) = pid::check(keys, &recovery.pid, &session.user().id).map(str::to_owned) else {
        return Ok(None);
    };
    let Some(token) = recovery.offset.as_deref().and_then(ResumeToken::parse) else {
        return Ok(None);
    };
    let rooms = session.positions_to_resume(token.inbox, |heads| token.locate(heads)).await?;
    Ok(rooms.map(|rooms| ResumedSession { sid, pid: recovery.pid, inbox: token.inbox, rooms }))
}

/// Subscribes the client to its inbox, and, if it resumes, to its rooms from where it stood. Events are buffered until the
/// client has its answer to CONNECT, and are sent as the client takes them.
async fn subscribe(
    session: &mut ClientSession,
    transport: &SocketIoTransport,
    resumed: Option<&ResumedSession>,
    welcome: Option<Bytes>,
) -> Result<(), HubError> {
    let Some(resumed) = resumed else {
        return session.subscribe_to_inbox(InboxStart::Fresh, welcome).await;
    };
    transport.set_positions(resumed.inbox, &resumed.rooms);
    session.resume(&resumed.rooms);
    session.subscribe_to_inbox(InboxStart::Resumed(resumed.inbox), welcome).await
}

fn welcome(state: &AppState, user: &AuthUser, sid: &str) -> Option<Bytes> {
    let stamp = state.hub().stamp();
    let welcome = Welcome {
        user: user.user.id.clone(),
        name: user.user.username.clone(),
        server: state.config().server_name.clone(),
        heartbeat_ms: 0,
        expires_in_ms: 0,
    };
    socketio::welcome(&welcome, sid, &stamp)
}

fn log_attached(session: &ClientSession, recovered: bool) {
    let user = &session.user().id;
    let id = session.id().0;
    tracing::info!(session.id = id, user.id = %user, recovered, "Client session of `{user}` attached over Socket.IO");
}

/// The hub does not attach the client.
fn not_attached(socket: &Socket, error: &HubError) -> ConnectError {
    if matches!(error, HubError::Stopping) {
        // The client library comes back by itself after the end of its session, and not after a refused CONNECT.
        socket.end(CloseReason::Stopping);
    }
    socketio::not_attached(error)
}
