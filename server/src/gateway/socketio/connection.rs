//! One client of Socket.IO that is attached: its events, one after the other.

use std::time::Duration;

use ::socketio::{CloseReason, Event, Socket};
use hub::model::Message;
use hub::{ClientId, ClientSession, CommandError, CommandOutcome, Event as HubEvent, HubError};
use protocol::{DirectMessage, Expiry, MessageId};
use serde::Serialize;
use tokio::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::ack_queue::{AckQueue, Answer};
use crate::auth::client_ip::ClientIp;
use crate::auth::{AuthError, AuthUser};
use crate::dialect::talim::Failed;
use crate::dialect::{Request, socketio};
use crate::gateway::EXPIRY_NOTICE;
use crate::state::AppState;

/// What came of an event, as its acknowledgement has it.
#[derive(Debug, Serialize)]
pub(super) struct Positive {
    ok: bool,
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    id: Option<MessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_ms: Option<u64>,
}

/// Why nothing came of it.
#[derive(Serialize)]
pub(super) struct Refused {
    ok: bool,
    #[serde(flatten)]
    failed: Failed,
}

impl From<Failed> for Refused {
    fn from(failed: Failed) -> Self {
        Self { ok: false, failed }
    }
}

/// What came of an event.
pub(super) type Outcome = Result<Positive, CommandError>;

impl Positive {
    fn bare() -> Self {
        Self { ok: true, id: None, seq: None, expires_in_ms: None }
    }

    pub(super) fn posted(message: &Message) -> Self {
        Self { id: Some(message.id), seq: Some(message.cursor.seq), ..Self::bare() }
    }

    fn told(letter: &DirectMessage) -> Self {
        Self { id: Some(letter.id), ..Self::bare() }
    }
}

/// An attached client.
pub struct Connection {
    state: AppState,
    peer: ClientSession,
    /// When the token ends. `None`: it has, and so does the session.
    expires_at: Option<Instant>,
    /// The client was told that it ends soon.
    is_warned: bool,
    answers: AckQueue,
    from: ClientIp,
    /// A stop waits for it.
    _open: TaskTrackerToken,
}

impl Connection {
    pub(super) fn new(state: AppState, peer: ClientSession, caller: &AuthUser, from: ClientIp) -> Self {
        let expires_at = Some(state.moment(caller.expires_at_ms));
        let open = state.sockets().token();
        let answers = AckQueue::default();
        Self { state, peer, expires_at, is_warned: false, answers, from, _open: open }
    }

    pub(super) fn peer_id(&self) -> ClientId {
        self.peer.id()
    }

    /// Counts the bytes of a message; how long to wait before it is decoded.
    pub(super) fn charge(&self, bytes: usize) -> Duration {
        self.peer.charge(bytes)
    }

    /// What an event asks for. It is counted, and its size looked at, before its values are read.
    fn decode(&self, event: &Event) -> Result<Request, Box<CommandError>> {
        let refused = |error: HubError| Box::new(CommandError::from(error));
        self.peer.count().map_err(refused)?;
        let size = event.args.raw_all().len();
        let limit = socketio::most_bytes(&event.name, self.state.config().limits.message_bytes);
        if size > limit {
            // The next message has been read already; its own charge waits as long.
            self.peer.surcharge(size);
            return Err(refused(HubError::TooBig { size, limit }));
        }
        // Events carry one argument; what comes after it is passed over, as the original servers do.
        if event.args.attachments().is_empty() {
            socketio::decode(&event.name, event.args.raw(0).unwrap_or("null"))
        } else {
            // No other dialect could be told them.
            let message = "must be JSON without bytes".to_owned();
            Err(refused(HubError::Invalid { field: "data", message }))
        }
    }

    /// Carries out what an event asks for.
    pub(super) async fn take_up(&mut self, event: &Event) -> Answer {
        let request = match self.decode(event) {
            Ok(request) => request,
            Err(failure) => return Answer::Done(Err(*failure)),
        };
        match request {
            Request::Hub(command) => match self.peer.request(command).await {
                Ok(CommandOutcome::Accepted) => Answer::Done(Ok(Positive::bare())),
                Ok(CommandOutcome::DirectSent(letter)) => Answer::Done(Ok(Positive::told(&letter))),
                Ok(CommandOutcome::Pending(outcome)) => Answer::Later(outcome),
                Err(failure) => Answer::Done(Err(failure)),
            },
            Request::Authenticate { token, .. } => {
                Answer::Done(self.renew(&token).await.map_err(CommandError::from))
            }
            Request::Simulate(_) | Request::SimulateUnnamed(_) | Request::Cancel(_) => {
                Answer::Done(Err(HubError::UnknownType(event.name.to_string()).into()))
            }
        }
    }

    /// Has the client told what came of an event, after what came of the ones before; the next event does not wait for it.
    pub(super) async fn tell(&mut self, socket: &Socket, answer: Answer, ack: Option<u64>) {
        self.answers.tell(&self.peer, socket, answer, ack).await;
    }

    /// When the client is to be told that its token ends soon, or, once told, when it ends.
    pub(super) fn next_look(&self) -> Option<Instant> {
        let notice_at = self.expires_at?.checked_sub(EXPIRY_NOTICE);
        notice_at.filter(|_| !self.is_warned).or(self.expires_at)
    }

    /// Tells the client that its token ends soon. When it has ended, the session ends and the client is not shown out: the
    /// library comes back by itself, with the token that it is given then, and gets what it missed.
    pub(super) fn look(&mut self, socket: &Socket) {
        let now = Instant::now();
        let Some(expires_at) = self.expires_at else { return };
        if now >= expires_at {
            self.expires_at = None;
            self.peer.tell(&HubEvent::Failed(HubError::Unauthorized.into()));
            socket.end(CloseReason::Expired);
        } else if self.next_look().is_some_and(|look_at| now >= look_at) {
            self.is_warned = true;
            let expires_in_ms = whole_ms(expires_at.saturating_duration_since(now));
            self.peer.tell(&HubEvent::Expiring(Expiry { expires_in_ms }));
        }
    }

    /// Writes that the client was let go for being slow.
    pub(super) fn note_slow(&self) {
        self.state.rejection_log().note_slow(
            self.from,
            self.state.clock().monotonic_ms(),
            &self.peer.user().id,
        );
    }

    /// A fresh token of the same person. A wrong one changes nothing: the old one is still good until it ends.
    async fn renew(&mut self, token: &str) -> Result<Positive, HubError> {
        let renewed = self.state.auth().renew(&self.peer, token).await;
        let caller = renewed.map_err(|error| {
            note_token(&self.state, self.from, &error);
            error.shown_error().map_or(HubError::Unauthorized, |error| HubError::BadToken(error.to_string()))
        })?;
        let expires_at = self.state.moment(caller.expires_at_ms);
        (self.expires_at, self.is_warned) = (Some(expires_at), false);
        let left = expires_at.saturating_duration_since(Instant::now());
        Ok(Positive { expires_in_ms: Some(whole_ms(left)), ..Positive::bare() })
    }
}

/// Writes that a token was refused.
pub(super) fn note_token(state: &AppState, from: ClientIp, error: &AuthError) {
    if let AuthError::Token { error, .. } = error {
        let why = format!("the token is refused: {error}");
        state.rejection_log().note(from, state.clock().monotonic_ms(), &"a client of Socket.IO", &why);
    } else {
        tracing::debug!(error = error as &dyn std::error::Error, "A client of Socket.IO was not let in");
    }
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
