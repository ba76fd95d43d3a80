//! Attached clients of Socket.IO: executes their events one after the other, and renews or ends their sign-ins.

use std::time::Duration;

use ::socketio::{ClientEvent, CloseReason, Socket};
use hub::{ClientId, ClientSession, CommandError, CommandOutcome, Event, HubError};
use protocol::Expiry;
use tokio::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::ack_queue::{AckQueue, EventOutcome};
use crate::auth::client_ip::ClientIp;
use crate::auth::{AuthError, AuthUser};
use crate::dialect::socketio::Acknowledged;
use crate::dialect::{Decoded, Request, socketio};
use crate::gateway::EXPIRY_NOTICE;
use crate::state::AppState;

/// An attached client.
pub struct SocketIoConnection {
    state: AppState,
    session: ClientSession,
    /// When the token ends. `None`: it has, and so does the session.
    expires_at: Option<Instant>,
    /// Whether the client was sent that it ends soon.
    is_warned: bool,
    acks: AckQueue,
    client_ip: ClientIp,
    /// A stop waits for it.
    _open: TaskTrackerToken,
}

impl SocketIoConnection {
    pub(super) fn new(state: AppState, session: ClientSession, user: &AuthUser, client_ip: ClientIp) -> Self {
        let expires_at = Some(state.moment(user.expires_at_ms));
        let open = state.sockets().token();
        let acks = AckQueue::default();
        Self { state, session, expires_at, is_warned: false, acks, client_ip, _open: open }
    }

    pub(super) fn id(&self) -> ClientId {
        self.session.id()
    }

    /// Counts the bytes of a message; how long to wait before it is decoded.
    pub(super) fn charge(&self, bytes: usize) -> Duration {
        self.session.charge(bytes)
    }

    /// Decodes an event. It is counted, and its size checked, before its values are read.
    fn decode(&self, event: &ClientEvent) -> Decoded {
        let failed = |error: HubError| Box::new(CommandError::from(error));
        self.session.count().map_err(failed)?;
        let size = event.args.raw_all().len();
        let limit = socketio::most_bytes(&event.name, self.state.config().limits.message_bytes);
        if size > limit {
            // The next message has been read already; its own charge waits as long.
            self.session.surcharge(size);
            return Err(failed(HubError::TooBig { size, limit }));
        }
        // Events carry one argument; those after it are ignored, as the original servers do.
        if event.args.attachments().is_empty() {
            socketio::decode(&event.name, event.args.raw(0).unwrap_or("null"))
        } else {
            Err(failed(socketio::binary_event()))
        }
    }

    /// Executes an event.
    pub(super) async fn execute(&mut self, event: &ClientEvent) -> EventOutcome {
        let request = match self.decode(event) {
            Ok(request) => request,
            Err(failure) => return EventOutcome::Ready(Err(*failure)),
        };
        match request {
            Request::Hub(command) => match self.session.request(command).await {
                Ok(CommandOutcome::Accepted) => EventOutcome::Ready(Ok(Acknowledged::Done)),
                Ok(CommandOutcome::DirectSent(message)) => EventOutcome::Ready(Ok((&*message).into())),
                Ok(CommandOutcome::Pending(outcome)) => EventOutcome::Pending(outcome),
                // Changes are rare: the next event waits for its commit.
                Ok(CommandOutcome::PendingChange(outcome)) => EventOutcome::Ready(match outcome.await {
                    Ok(Ok(_)) => Ok(Acknowledged::Done),
                    Ok(Err(error)) => Err(error.into()),
                    Err(_) => Err(HubError::Stopping.into()),
                }),
                Err(failure) => EventOutcome::Ready(Err(failure)),
            },
            Request::Authenticate { token, .. } => {
                EventOutcome::Ready(self.renew(&token).await.map_err(CommandError::from))
            }
            Request::Simulate(_) | Request::SimulateUnnamed(_) | Request::Cancel(_) => {
                EventOutcome::Ready(Err(HubError::UnknownType(event.name.to_string()).into()))
            }
        }
    }

    /// Sends the outcome of an event, after those of the events before; the next event does not wait for it.
    pub(super) async fn acknowledge(&mut self, socket: &Socket, outcome: EventOutcome, ack: Option<u64>) {
        self.acks.send(&self.session, socket, outcome, ack).await;
    }

    /// When the client is to be sent that its token ends soon, or, after that, when it ends.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let notice_at = self.expires_at?.checked_sub(EXPIRY_NOTICE);
        notice_at.filter(|_| !self.is_warned).or(self.expires_at)
    }

    /// Notifies the client that its token ends soon. When it has ended, the session ends and the client is not disconnected: the
    /// library comes back by itself, with the token that it is given then, and gets what it missed.
    pub(super) fn on_deadline(&mut self, socket: &Socket) {
        let now = Instant::now();
        let Some(expires_at) = self.expires_at else { return };
        if now >= expires_at {
            self.expires_at = None;
            self.session.send(&Event::Failed(HubError::Unauthorized.into()));
            socket.end(CloseReason::Expired);
        } else if self.next_deadline().is_some_and(|deadline| now >= deadline) {
            self.is_warned = true;
            let expires_in_ms = whole_ms(expires_at.saturating_duration_since(now));
            self.session.send(&Event::Expiring(Expiry { expires_in_ms }));
        }
    }

    /// Logs that the client was disconnected because it was too slow.
    pub(super) fn log_slow(&self) {
        self.state.rejection_log().note_slow(
            self.client_ip,
            self.state.clock().monotonic_ms(),
            &self.session.user().id,
        );
    }

    /// Takes a fresh token of the same user. A wrong one changes nothing: the old one is still good until it ends.
    async fn renew(&mut self, token: &str) -> Result<Acknowledged, HubError> {
        let renewed = self.state.auth().renew(&self.session, token).await;
        let user = renewed.map_err(|error| {
            log_rejected_token(&self.state, self.client_ip, &error);
            error.shown_error().map_or(HubError::Unauthorized, |error| HubError::BadToken(error.to_string()))
        })?;
        let expires_at = self.state.moment(user.expires_at_ms);
        (self.expires_at, self.is_warned) = (Some(expires_at), false);
        let left = expires_at.saturating_duration_since(Instant::now());
        Ok(Acknowledged::Renewed { expires_in_ms: whole_ms(left) })
    }
}

/// Logs that a client could not prove its identity.
pub(super) fn log_rejected_token(state: &AppState, client_ip: ClientIp, error: &AuthError) {
    if let AuthError::Token { error, .. } = error {
        let reason = format!("the token is refused: {error}");
        let what = "a client of Socket.IO";
        state.rejection_log().note(client_ip, state.clock().monotonic_ms(), &what, &reason);
    } else {
        let error = error as &dyn std::error::Error;
        tracing::debug!(error, "A client of Socket.IO was not authenticated");
    }
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
