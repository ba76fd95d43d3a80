//! Read markers: checks, stores and applies a batch of them, and makes their events.

use protocol::{MessageId, ReadMark, RoomId, UserId};

use crate::error::HubError;
use crate::event::{Event, Receipt};
use crate::queue::{DeliveryPolicy, conflation};
use crate::store::Store;

use super::command::{ReadRequest, ReadTarget, Reply};
use super::fanout::{Audience, RoomEvent};
use super::log::Log;
use super::members::Members;

/// A marker that stands further on than before.
struct Advanced {
    user: UserId,
    seq: u64,
    /// The message that was named, if one was.
    message: Option<MessageId>,
}

/// Read requests that are stored in one transaction, in the order in which they came.
pub(super) struct MarkerBatch {
    advanced: Vec<Advanced>,
    replies: Vec<(Reply<()>, Result<(), HubError>)>,
}

impl MarkerBatch {
    /// Checks requests against the members and the log.
    pub(super) async fn check(
        requests: Vec<ReadRequest>,
        members: &Members,
        log: &Log,
        store: &dyn Store,
    ) -> Self {
        let (mut advanced, mut replies) = (Vec::new(), Vec::new());
        for ReadRequest { user, upto, reply } in requests {
            let checked = seq_of(&user, upto, members, log, store).await;
            if let Ok(seq) = checked
                && seq > members.read_seq(&user)
            {
                let message = if let ReadTarget::Message(message) = upto { Some(message) } else { None };
                advanced.push(Advanced { user, seq, message });
            }
            replies.extend(reply.map(|reply| (reply, checked.map(|_| ()))));
        }
        Self { advanced, replies }
    }

    /// Stores the markers and applies what was stored to the members. Receipts are made only if subscribers want them.
    pub(super) async fn store(
        self,
        room: &RoomId,
        members: &mut Members,
        log: &Log,
        store: &dyn Store,
        wants_receipts: bool,
    ) -> MarkerOutcome {
        let mut stored = Ok(());
        if !self.advanced.is_empty() {
            let rows: Vec<(UserId, u64)> = self.advanced.iter().map(|it| (it.user.clone(), it.seq)).collect();
            stored = store.mark_read(room, &rows).await.map_err(HubError::from);
        }
        let mut events = Vec::new();
        match &stored {
            Ok(()) => {
                for advanced in self.advanced {
                    apply(advanced, room, members, log, wants_receipts, &mut events);
                }
            }
            Err(error) => {
                let error = error as &dyn std::error::Error;
                tracing::error!(error, room.id = %room, "Could not store read markers of room `{room}`");
            }
        }
        let answers = self.replies.into_iter();
        let answers =
            answers.map(|(reply, checked)| (reply, checked.and_then(|()| stored.clone()))).collect();
        MarkerOutcome { events, answers }
    }
}

/// The outcome of a batch: first the events, then the answers.
pub(super) struct MarkerOutcome {
    pub(super) events: Vec<RoomEvent>,
    pub(super) answers: Vec<(Reply<()>, Result<(), HubError>)>,
}

/// The number that a request stands for.
async fn seq_of(
    user: &UserId,
    upto: ReadTarget,
    members: &Members,
    log: &Log,
    store: &dyn Store,
) -> Result<u64, HubError> {
    members.check(user)?;
    match upto {
        ReadTarget::Seq(seq) => Ok(seq.min(log.head().seq)),
        ReadTarget::Message(message) => log.history().seq_of(store, message).await,
    }
}

fn apply(
    Advanced { user, seq, message }: Advanced,
    room: &RoomId,
    members: &mut Members,
    log: &Log,
    wants_receipts: bool,
    events: &mut Vec<RoomEvent>,
) {
    let Some(before) = members.advance_read(&user, seq) else { return };
    events.push(RoomEvent {
        delivery: DeliveryPolicy::ReliableLatest(conflation::read(room, &user)),
        audience: Audience::Everyone,
        event: Event::Read(ReadMark { room: room.clone(), user: user.clone(), seq }),
    });
    if !wants_receipts {
        return;
    }
    let mut passed = log.history().cached_between(before, seq);
    if let Some(message) = message.filter(|message| !passed.contains(message)) {
        passed.push(message);
    }
    for message in passed {
        let receipt = Receipt { room: room.clone(), user: user.clone(), message };
        let audience = Audience::OthersWith(user.clone(), |encoder| encoder.wants_receipts);
        events.push(RoomEvent::reliable(Event::Receipt(receipt)).to(audience));
    }
}
