//! Attaching: makes a client session of an authenticated socket, greets the client, and subscribes it to the socket's scope.

use std::sync::Arc;

use hub::{ClientSession, ClientTransport, Command, Event, HubError, Identity, InboxStart, JoinMode, Outbox};
use protocol::{CloseCode, Welcome};

use super::close_code;
use super::read::{AttachedConnection, HEARTBEAT};
use super::rejection::{send_error, token_error};
use super::room_transport::RoomTransport;
use crate::auth::AuthUser;
use crate::auth::client_ip::ClientIp;
use crate::dialect::{Dialect, Scope};
use crate::state::AppState;

/// As [`attach`], for a socket that is open already and so has released its handshake permit.
pub(super) async fn attach_with_permit(
    dialect: &'static Dialect,
    scope: Scope,
    state: &AppState,
    outbox: &Outbox,
    user: &AuthUser,
    inbox: Option<u64>,
    client_ip: ClientIp,
) -> Result<AttachedConnection, CloseCode> {
    match state.handshake_limiter().take().await {
        Ok(_permit) => attach(dialect, scope, state, outbox, user, inbox, client_ip).await,
        Err(error) => {
            let retry_after_ms = error.retry_after_ms;
            send_error(dialect, outbox, HubError::TooFast { retry_after_ms });
            Err(CloseCode::TooMany)
        }
    }
}

/// Attaches a client to the hub, sends it the welcome, and subscribes it to the scope of its socket.
///
/// # Errors
/// The code with which the outbox was closed, after the error was sent.
pub(super) async fn attach(
    dialect: &'static Dialect,
    scope: Scope,
    state: &AppState,
    outbox: &Outbox,
    user: &AuthUser,
    inbox: Option<u64>,
    client_ip: ClientIp,
) -> Result<AttachedConnection, CloseCode> {
    let failed = |error: HubError| {
        let code = close_code::of_attach_error(&error);
        send_error(dialect, outbox, error);
        // Before the client session is dropped, which closes the outbox too, without a reason.
        outbox.close(code);
        code
    };
    let transport: Arc<dyn ClientTransport> = match &scope {
        Scope::Room(room) => Arc::new(RoomTransport::new(outbox.clone(), room.clone())),
        Scope::Anything | Scope::Inbox => Arc::new(outbox.clone()),
    };
    let identity = Identity { user: user.user.clone(), sign_in: user.sign_in };
    let session = state.hub().attach(identity, dialect.encoder, transport).map_err(failed)?;
    // Once more: from here on the end of the sign-in closes this connection, too, and it may have ended since it was checked.
    let still = state.auth().check_still(user).await;
    still.map_err(|error| failed(token_error(state, client_ip, "a socket", &error)))?;
    log_attached(&session, dialect);
    let mut connection = AttachedConnection::new(
        dialect,
        scope.clone(),
        state.clone(),
        session,
        outbox.clone(),
        user,
        client_ip,
    );
    welcome(state, &connection, user);
    match scope {
        Scope::Room(room) => {
            let join = Command::Join { room, mode: JoinMode::SubscribeOnly };
            connection.session.request(join).await.map_err(|failure| failed(failure.error))?;
        }
        Scope::Anything | Scope::Inbox => {
            let start = inbox.map_or(InboxStart::Fresh, InboxStart::Cursor);
            connection.session.subscribe_to_inbox(start, None).await.map_err(failed)?;
        }
    }
    Ok(connection)
}

/// Sends a client what is first of all: its user, how often it is pinged, and whether the application is out of service.
fn welcome(state: &AppState, connection: &AttachedConnection, user: &AuthUser) {
    let welcome = Welcome {
        user: user.user.id.clone(),
        name: user.user.username.clone(),
        server: state.config().server_name.clone(),
        heartbeat_ms: u32::try_from(HEARTBEAT.as_millis()).unwrap_or(u32::MAX),
        expires_in_ms: connection.expires_in_ms(),
    };
    connection.session.send(&Event::Welcome(welcome, state.hub().stamp()));
    if let Some(maintenance) = state.maintenance() {
        connection.session.send(&Event::Maintenance(maintenance, state.hub().stamp()));
    }
}

fn log_attached(session: &ClientSession, dialect: &Dialect) {
    let (id, user) = (session.id().0, &session.user().id);
    tracing::info!(session.id = id, user.id = %user, dialect = dialect.name, "Client session of `{user}` attached");
}
