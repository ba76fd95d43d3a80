//! One client of Socket.IO that is attached: its events, one after the other.

use std::time::Duration;

use hub::model::Message;
use hub::{Done, Event as HubEvent, Failure, Peer, PeerId, Refusal};
use protocol::{CloseCode, DirectMessage, Expiry, MessageId};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::auth::Caller;
use crate::auth::extract::identify_token;
use crate::dialect::talim::Failed;
use crate::dialect::{Request, socketio};
use crate::gateway::EXPIRY_NOTICE;
use crate::socketio::{Event, Socket};
use crate::state::AppState;

/// Events whose outcome the client was not told yet; beyond it the next event waits.
const MAX_UNTOLD: usize = 256;

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
pub(super) type Outcome = Result<Positive, Failure>;

/// What came of an event, or will.
pub(super) enum Answer {
    Done(Outcome),
    Later(oneshot::Receiver<Result<Message, Refusal>>),
}

impl Positive {
    fn bare() -> Self {
        Self { ok: true, id: None, seq: None, expires_in_ms: None }
    }

    fn posted(message: &Message) -> Self {
        Self { id: Some(message.id), seq: Some(message.cursor.seq), ..Self::bare() }
    }

    fn told(letter: &DirectMessage) -> Self {
        Self { id: Some(letter.id), ..Self::bare() }
    }
}

/// An attached client.
pub struct Connection {
    state: AppState,
    peer: Peer,
    expires_at: watch::Sender<Instant>,
    /// To the task that tells what came of events.
    answers: mpsc::Sender<(Answer, Option<u64>)>,
    /// Ends what watches the token.
    _ended: DropGuard,
    /// A stop waits for it.
    _open: TaskTrackerToken,
}

impl Connection {
    pub(super) fn new(state: AppState, peer: Peer, caller: &Caller, socket: Socket) -> Self {
        let ended = CancellationToken::new();
        let (expires_at, watched) = watch::channel(state.moment(caller.expires_at_ms));
        tokio::spawn(watch_token(watched, peer.voice(), ended.clone()));
        let (answers, told) = mpsc::channel(MAX_UNTOLD);
        tokio::spawn(tell(told, peer.voice(), socket));
        let open = state.sockets().token();
        Self { state, peer, expires_at, answers, _ended: ended.drop_guard(), _open: open }
    }

    pub(super) fn peer_id(&self) -> PeerId {
        self.peer.id()
    }

    /// Carries out what an event asks for.
    pub(super) async fn take_up(&mut self, event: &Event) -> Answer {
        // Events carry one argument; what comes after it is passed over, as the original servers do.
        let asked = socketio::decode(&event.name, event.args.raw(0).unwrap_or("null"));
        // The hub counts what it is asked; whatever else is sent costs something, too.
        let counted = if matches!(asked, Ok(Request::Hub(_))) { Ok(()) } else { self.peer.count() };
        let request = match counted.map_err(|refusal| Box::new(Failure::from(refusal))).and(asked) {
            Ok(request) => request,
            Err(failure) => return Answer::Done(Err(*failure)),
        };
        match request {
            Request::Hub(command) => match self.peer.request(command).await {
                Ok(Done::Yes) => Answer::Done(Ok(Positive::bare())),
                Ok(Done::Told(letter)) => Answer::Done(Ok(Positive::told(&letter))),
                Ok(Done::Later(outcome)) => Answer::Later(outcome),
                Err(failure) => Answer::Done(Err(failure)),
            },
            Request::Authenticate(token) => Answer::Done(self.renew(&token).await.map_err(Failure::from)),
            Request::Simulate(_) | Request::SimulateUnnamed(_) | Request::Cancel(_) => {
                Answer::Done(Err(Refusal::UnknownType(event.name.to_string()).into()))
            }
        }
    }

    /// Has the client told what came of an event, after what came of the ones before; the next event does not wait for it.
    pub(super) async fn tell(&self, answer: Answer, ack: Option<u64>) {
        if self.answers.send((answer, ack)).await.is_err() {
            tracing::error!("The task that tells what came of events has ended");
        }
    }

    /// A fresh token of the same person. A wrong one changes nothing: the old one is still good until it ends.
    async fn renew(&self, token: &str) -> Result<Positive, Refusal> {
        let caller = identify_token(&self.state, token).await.map_err(|_| Refusal::Unauthorized)?;
        if caller.person.id != self.peer.person().id {
            return Err(Refusal::Unauthorized);
        }
        self.peer.renew(caller.sign_in);
        let expires_at = self.state.moment(caller.expires_at_ms);
        self.expires_at.send_replace(expires_at);
        let left = expires_at.saturating_duration_since(Instant::now());
        Ok(Positive { expires_in_ms: Some(whole_ms(left)), ..Positive::bare() })
    }
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Tells what came of events, in the order of the events.
async fn tell(mut answers: mpsc::Receiver<(Answer, Option<u64>)>, voice: hub::Voice, socket: Socket) {
    while let Some((answer, ack)) = answers.recv().await {
        let outcome = match answer {
            Answer::Done(outcome) => outcome,
            Answer::Later(outcome) => {
                let outcome = outcome.await.unwrap_or(Err(Refusal::Stopping));
                outcome.map(|message| Positive::posted(&message)).map_err(Failure::from)
            }
        };
        match (ack, outcome) {
            (Some(ack), outcome) => super::acknowledge(&socket, ack, &outcome),
            // A client that has left needs no answer.
            (None, Err(failure)) => drop(voice.tell(&HubEvent::Failed(failure))),
            (None, Ok(_)) => {}
        }
    }
}

/// Tells the client that its token ends soon, and shows it out when it has ended.
async fn watch_token(mut expires_at: watch::Receiver<Instant>, voice: hub::Voice, ended: CancellationToken) {
    let mut told_of = None;
    loop {
        let end = *expires_at.borrow_and_update();
        let notice_at = end.checked_sub(EXPIRY_NOTICE).filter(|_| told_of != Some(end));
        // A client that has left needs no news.
        tokio::select! {
            () = tokio::time::sleep_until(notice_at.unwrap_or(end)) => if notice_at.is_some() {
                told_of = Some(end);
                let expires_in_ms = whole_ms(end.saturating_duration_since(Instant::now()));
                voice.tell(&HubEvent::Expiring(Expiry { expires_in_ms })).ok();
            } else {
                voice.tell(&HubEvent::Failed(Refusal::Unauthorized.into())).ok();
                return voice.close(CloseCode::Token);
            },
            changed = expires_at.changed() => if changed.is_err() { return },
            () = ended.cancelled() => return,
        }
    }
}
