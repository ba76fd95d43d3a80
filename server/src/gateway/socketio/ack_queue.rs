//! The acknowledgement queue: sends the outcomes of events in the order of the events, while later events are executed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hub::model::Message;
use hub::{ClientNotifier, ClientSession, CommandError, Event, HubError};
use socketio::Socket;
use tokio::sync::{Notify, oneshot};

use crate::dialect::socketio::{Acknowledged, acknowledgement};

/// Events whose outcome was not sent yet; beyond it the next event waits.
const MAX_PENDING: usize = 256;

/// What was done for an event, or why it was not executed.
pub(super) type Outcome = Result<Acknowledged, CommandError>;

/// The outcome of an event, or where it arrives.
pub(super) enum EventOutcome {
    Ready(Outcome),
    Pending(oneshot::Receiver<Result<Message, HubError>>),
}

/// The acknowledgements of one client. While none is pending there is no task, and an outcome is sent at once.
#[derive(Default)]
pub(super) struct AckQueue {
    /// Most clients never wait for an acknowledgement.
    pending: Option<Arc<PendingAcks>>,
}

#[derive(Default)]
struct PendingAcks {
    /// Held for a push or a pop, never across an `.await`.
    queue: Mutex<Queue>,
    /// Notified when an outcome was taken off the queue.
    taken: Notify,
}

#[derive(Default)]
struct Queue {
    /// Each with the number by which the client asked for an acknowledgement.
    outcomes: VecDeque<(EventOutcome, Option<u64>)>,
    /// Whether a task sends them.
    is_served: bool,
}

impl AckQueue {
    /// Sends the outcome of an event, after those of the events before.
    pub(super) async fn send(
        &mut self,
        session: &ClientSession,
        socket: &Socket,
        outcome: EventOutcome,
        ack: Option<u64>,
    ) {
        let is_idle = self.pending.as_ref().is_none_or(|pending| !pending.queue().is_served);
        let outcome = match outcome {
            EventOutcome::Ready(outcome) if is_idle => {
                if let Some(failure) = acknowledge(socket, outcome, ack) {
                    session.send(&Event::Failed(failure));
                }
                return;
            }
            outcome => outcome,
        };
        let pending = self.pending.get_or_insert_default();
        // Nothing else is put into the queue, so there will still be room.
        pending.has_room().await;
        if pending.put(outcome, ack) {
            tokio::spawn(pending.clone().serve(session.notifier(), socket.clone()));
        }
    }
}

impl PendingAcks {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn has_room(&self) {
        loop {
            // Made before the check, so it is notified also between the check and the waiting.
            let taken = self.taken.notified();
            if self.queue().outcomes.len() < MAX_PENDING {
                return;
            }
            taken.await;
        }
    }

    /// Adds an outcome; whether a task is to be started for it.
    fn put(&self, outcome: EventOutcome, ack: Option<u64>) -> bool {
        let mut queue = self.queue();
        queue.outcomes.push_back((outcome, ack));
        !std::mem::replace(&mut queue.is_served, true)
    }

    /// The next outcome. `None`: all are sent, and the task that asks has to end.
    fn take(&self) -> Option<(EventOutcome, Option<u64>)> {
        let mut queue = self.queue();
        let next = queue.outcomes.pop_front();
        if next.is_none() {
            *queue = Queue::default();
        }
        drop(queue);
        self.taken.notify_waiters();
        next
    }

    /// Sends what is in the queue until it is empty.
    async fn serve(self: Arc<Self>, notifier: ClientNotifier, socket: Socket) {
        while let Some((outcome, ack)) = self.take() {
            let outcome = match outcome {
                EventOutcome::Ready(outcome) => outcome,
                EventOutcome::Pending(outcome) => {
                    let outcome = outcome.await.unwrap_or(Err(HubError::Stopping));
                    outcome.map(|message| (&message).into()).map_err(CommandError::from)
                }
            };
            if let Some(failure) = acknowledge(&socket, outcome, ack) {
                // A client that has disconnected needs no answer.
                notifier.send(&Event::Failed(failure)).ok();
            }
        }
    }
}

/// Acknowledges an event, if the client asked for it; returns the error that is to be sent as an event instead.
fn acknowledge(socket: &Socket, outcome: Outcome, ack: Option<u64>) -> Option<CommandError> {
    let Some(ack) = ack else { return outcome.err() };
    if let Some(args) = acknowledgement(&outcome) {
        // A client that has disconnected needs no answer.
        socket.ack(ack, &args).ok();
    }
    None
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn the_next_event_waits_while_256_are_not_answered() {
        let pending = PendingAcks::default();
        for number in 0..MAX_PENDING {
            assert!(pending.has_room().now_or_never().is_some(), "{number}");
            let (_, outcome) = oneshot::channel();
            let starts_task = pending.put(EventOutcome::Pending(outcome), None);
            assert_eq!(starts_task, number == 0, "one task serves all");
        }
        let mut waits = Box::pin(pending.has_room());
        assert!(waits.as_mut().now_or_never().is_none());
        pending.take().unwrap();
        assert!(waits.now_or_never().is_some());
    }
}
