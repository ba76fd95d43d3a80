//! What came of events, told in the order of the events. The next event does not wait for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hub::model::Message;
use hub::{ClientNotifier, ClientSession, CommandError, Event, HubError};
use socketio::Socket;
use tokio::sync::{Notify, oneshot};

use super::acknowledge;
use super::connection::{Outcome, Positive};

/// Events whose outcome the client was not told yet; beyond it the next event waits.
const MAX_UNTOLD: usize = 256;

/// What came of an event, or will.
pub(super) enum Answer {
    Done(Outcome),
    Later(oneshot::Receiver<Result<Message, HubError>>),
}

/// The answers of one client. While none is still to come there is no task, and what is known is told at once.
#[derive(Default)]
pub(super) struct AckQueue {
    /// Most clients never wait for an answer.
    pending: Option<Arc<PendingAcks>>,
}

#[derive(Default)]
struct PendingAcks {
    /// Held for a push or a pop, never across an `.await`.
    queue: Mutex<Queue>,
    /// Raised when an answer was taken off the queue.
    taken: Notify,
}

#[derive(Default)]
struct Queue {
    /// Each with the number by which the client asked for it.
    answers: VecDeque<(Answer, Option<u64>)>,
    /// A task is at it.
    is_served: bool,
}

impl AckQueue {
    /// Has the client told what came of an event, after what came of the ones before.
    pub(super) async fn tell(
        &mut self,
        peer: &ClientSession,
        socket: &Socket,
        answer: Answer,
        ack: Option<u64>,
    ) {
        let are_told = self.pending.as_ref().is_none_or(|pending| !pending.queue().is_served);
        let answer = match answer {
            Answer::Done(outcome) if are_told => {
                if let Some(failure) = say(socket, outcome, ack) {
                    peer.tell(&Event::Failed(failure));
                }
                return;
            }
            answer => answer,
        };
        let pending = self.pending.get_or_insert_default();
        // Nobody else puts anything into the queue, so there will still be room.
        pending.has_room().await;
        if pending.put(answer, ack) {
            tokio::spawn(pending.clone().serve(peer.voice(), socket.clone()));
        }
    }
}

impl PendingAcks {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn has_room(&self) {
        loop {
            // Made before the look: it also hears what happens between the look and the waiting.
            let taken = self.taken.notified();
            if self.queue().answers.len() < MAX_UNTOLD {
                return;
            }
            taken.await;
        }
    }

    /// Adds an answer; whether a task is to be started for it.
    fn put(&self, answer: Answer, ack: Option<u64>) -> bool {
        let mut queue = self.queue();
        queue.answers.push_back((answer, ack));
        !std::mem::replace(&mut queue.is_served, true)
    }

    /// The next answer. `None`: all are told, and the task that asks is to end.
    fn take(&self) -> Option<(Answer, Option<u64>)> {
        let mut queue = self.queue();
        let next = queue.answers.pop_front();
        if next.is_none() {
            *queue = Queue::default();
        }
        drop(queue);
        self.taken.notify_waiters();
        next
    }

    /// Tells what is in the queue until it is empty.
    async fn serve(self: Arc<Self>, voice: ClientNotifier, socket: Socket) {
        while let Some((answer, ack)) = self.take() {
            let outcome = match answer {
                Answer::Done(outcome) => outcome,
                Answer::Later(outcome) => {
                    let outcome = outcome.await.unwrap_or(Err(HubError::Stopping));
                    outcome.map(|message| Positive::posted(&message)).map_err(CommandError::from)
                }
            };
            if let Some(failure) = say(&socket, outcome, ack) {
                // A client that has left needs no answer.
                voice.tell(&Event::Failed(failure)).ok();
            }
        }
    }
}

/// Acknowledges an event; answers what else is to be told of it.
fn say(socket: &Socket, outcome: Outcome, ack: Option<u64>) -> Option<CommandError> {
    match ack {
        Some(ack) => {
            acknowledge(socket, ack, &outcome);
            None
        }
        None => outcome.err(),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn the_next_event_waits_while_256_are_not_answered() {
        let pending = PendingAcks::default();
        for number in 0..MAX_UNTOLD {
            assert!(pending.has_room().now_or_never().is_some(), "{number}");
            let (_, later) = oneshot::channel();
            assert_eq!(pending.put(Answer::Later(later), None), number == 0, "one task serves all");
        }
        let mut waits = Box::pin(pending.has_room());
        assert!(waits.as_mut().now_or_never().is_none());
        pending.take().unwrap();
        assert!(waits.now_or_never().is_some());
    }
}
