//! Letting a client in: who it is, whether it was here before, and what it missed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ::socketio::{Accepted, ConnectError, ConnectRequest, MAIN, Recovery, Socket};
use engineio::CloseReason;
use hub::{ClientSession, Event, HubError, Identity, InboxStart, RoomPosition, StreamPosition};
use protocol::{UserId, Welcome};
use serde_json::{Value, json};

use super::connection::{Connection, note_token};
use super::resume_token::ResumeToken;
use super::transport::SocketOutlet;
use super::{Handshake, Proof, pid, resume};
use crate::auth::extract::SocketQuery;
use crate::auth::{AuthError, AuthUser};
use crate::dialect::{mockverse, socketio};
use crate::error::ApiError;
use crate::state::AppState;

/// A client that was here before, may come back, and can be told all it missed.
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
) -> Result<Accepted<Connection>, ConnectError> {
    if &*request.namespace != MAIN {
        return Err(ConnectError::new("Invalid namespace"));
    }
    // The first request to enter was counted as a handshake.
    if handshake.has_asked.swap(true, Ordering::Relaxed) {
        state.admit_again(&handshake.permit).map_err(|error| too_many(&error.into()))?;
    }
    // Held until the client is in.
    let _turn = state.handshake_limiter().take().await.map_err(|error| {
        // As in `refused`.
        socket.end(CloseReason::Busy);
        ConnectError::new(error.to_string())
    })?;
    let from = handshake.permit.address();
    let unknown = |error: AuthError| {
        note_token(state, from, &error);
        unknown(&error)
    };
    let caller = identify(state, handshake, request).await.map_err(unknown)?;
    let asked = handshake.proof.as_ref().and_then(|proof| proof.query.resume.as_deref());
    let may_resume = resume::resumes(&request.auth(), asked, handshake.is_unable_to_resume)?;
    let transport = Arc::new(SocketOutlet::new(socket.clone(), may_resume));
    let identity = Identity { user: caller.user.clone(), sign_in: caller.sign_in };
    let mut peer = state
        .hub()
        .attach(identity, socketio::SPELLING, transport.clone())
        .map_err(|error| refused(socket, &error))?;
    // As for a raw socket: it may have ended since it was looked at.
    state.auth().check_still(&caller).await.map_err(unknown)?;
    let back = match request.recovery().filter(|_| may_resume) {
        Some(recovery) => recover(state, &peer, recovery).await.map_err(|error| refused(socket, &error))?,
        None => None,
    };
    let sid = back.as_ref().map_or_else(|| socket.id().to_owned(), |back| back.sid.clone());
    let welcome = welcome(state, &caller, &sid);
    let resumed = resume(&mut peer, &transport, back.as_ref(), welcome).await;
    resumed.map_err(|error| refused(socket, &error))?;
    if let Some(maintenance) = state.maintenance() {
        peer.tell(&Event::Maintenance(maintenance, state.hub().stamp()));
    }
    let user = &caller.user.id;
    let recovered = back.is_some();
    tracing::info!(peer.id = peer.id().0, user.id = %user, recovered, "Peer of `{user}` attached over Socket.IO");
    let pid = match back {
        Some(back) => Some(back.pid),
        None if may_resume => Some(pid::sign(state.auth().keys(), &sid, user).map_err(unknown)?),
        None => None,
    };
    let accepted = Accepted::new(Connection::new(state.clone(), peer, &caller, from));
    Ok(Accepted { sid: Some(sid.into()), pid: pid.map(Into::into), ..accepted })
}

/// Who this is: by `auth.token`, else as on any socket, else, where that is believed, by `query.userId`.
async fn identify(
    state: &AppState,
    handshake: &Handshake,
    request: &ConnectRequest,
) -> Result<AuthUser, AuthError> {
    let auth = request.auth();
    let nothing = Proof::default();
    let Proof { authorization, query } = handshake.proof.as_deref().unwrap_or(&nothing);
    let said = |key: &str| auth.get(key).and_then(Value::as_str);
    let caller = if let Some(token) = said("token") {
        Some(state.authenticator().token(token).await?)
    } else {
        let ticket = said("ticket").map(str::to_owned).or_else(|| query.ticket.clone());
        let query = SocketQuery { token: query.token.clone(), ticket, inbox: None };
        state.authenticator().socket(authorization.as_ref(), &query).await?
    };
    let claimed = query.user_id.as_deref().or_else(|| said("userId"));
    match (caller, claimed) {
        (Some(caller), None) => Ok(caller),
        (Some(caller), Some(claimed)) if claimed == caller.user.id.as_str() => Ok(caller),
        (None, Some(claimed)) if state.config().trust_query_user => {
            let id = UserId::parse(claimed).map_err(|_| AuthError::Unauthorized)?;
            state.auth().trusted_user_id(&id).await
        }
        _ => Err(AuthError::Unauthorized),
    }
}

/// Whether a client that was here before can be brought up to date; `None`: it starts over.
async fn recover(
    state: &AppState,
    peer: &ClientSession,
    recovery: Recovery,
) -> Result<Option<ResumedSession>, HubError> {
    let keys = state.auth().keys();
    let Some(sid) = pid::check(keys, &recovery.pid, &peer.user().id).map(str::to_owned) else {
        return Ok(None);
    };
    let Some(token_position) = recovery.offset.as_deref().and_then(ResumeToken::parse) else {
        return Ok(None);
    };
    let rooms = peer.can_resume(token_position.inbox, |heads| token_position.locate(heads)).await?;
    Ok(rooms.map(|rooms| ResumedSession { sid, pid: recovery.pid, inbox: token_position.inbox, rooms }))
}

/// Has the client told what it missed, in each room and in the inbox, and lets it follow from there. What is told waits until
/// the client knows that it is in, and leaves as the client takes it.
async fn resume(
    peer: &mut ClientSession,
    transport: &SocketOutlet,
    back: Option<&ResumedSession>,
    welcome: Option<bytes::Bytes>,
) -> Result<(), HubError> {
    let Some(back) = back else {
        return peer.follow_inbox(InboxStart::Fresh, welcome).await;
    };
    transport.stands(back);
    peer.resume(&back.rooms);
    peer.follow_inbox(InboxStart::Resumed(back.inbox), welcome).await
}

impl SocketOutlet {
    /// The client stands where it stood before.
    fn stands(&self, back: &ResumedSession) {
        use hub::ClientTransport;

        self.place(StreamPosition::Inbox(back.inbox));
        for RoomPosition { room, cursor } in &back.rooms {
            self.place(StreamPosition::Room(room, *cursor));
        }
    }
}

fn welcome(state: &AppState, caller: &AuthUser, sid: &str) -> Option<bytes::Bytes> {
    let stamp = state.hub().stamp();
    let welcome = Welcome {
        user: caller.user.id.clone(),
        name: caller.user.username.clone(),
        server: state.config().server_name.clone(),
        heartbeat_ms: 0,
        expires_in_ms: 0,
    };
    mockverse::welcome(&welcome, sid, &stamp)
}

/// What a client is told whose proof of identity is not good. In production one sentence for all of it: which part was wrong
/// is not for strangers.
fn unknown(error: &AuthError) -> ConnectError {
    let message = match error.shown_error() {
        Some(error) => format!("Authentication failed: the token is refused: {error}"),
        None if error.is_unproven() => {
            "Authentication failed: the token is missing, wrong, expired or revoked".to_owned()
        }
        None => error.to_string(),
    };
    ConnectError::new(message).with_data(json!({ "code": error.code() }))
}

/// What a client is told that asks to enter too often.
fn too_many(error: &ApiError) -> ConnectError {
    let (_, body) = error.describe();
    let data = json!({ "code": body.code, "retry_after_ms": body.retry_after_ms });
    ConnectError::new(body.message).with_data(data)
}

fn refused(socket: &Socket, error: &HubError) -> ConnectError {
    if matches!(error, HubError::Stopping) {
        // The client library comes back by itself to where its session ended, not to where it was refused.
        socket.end(CloseReason::Stopping);
    }
    let code = error.code();
    let data = match error.retry_after_ms() {
        Some(retry_after_ms) => json!({ "code": code, "retry_after_ms": retry_after_ms }),
        None => json!({ "code": code }),
    };
    ConnectError::new(error.to_string()).with_data(data)
}
