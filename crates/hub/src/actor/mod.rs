//! Actor: a task with a bounded mailbox that executes commands in mailbox order. Rooms and inboxes are actors.
//!
//! One idle rule holds for all: an actor that was not used for its idle timeout is passivated, unless a task holds its mailbox.
//! The next command for its key spawns it again.

mod registry;

use std::pin::pin;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::error::HubError;

pub(crate) use registry::ActorRegistry;

/// An actor keeps the memory of this many commands between two batches, so that a quiet one neither holds nor asks for memory.
const KEPT_CAPACITY: usize = 16;

/// Whether an actor goes on.
pub(crate) enum Flow {
    Continue,
    /// It ends, and commands that still wait are rejected for this reason.
    End(HubError),
}

/// A command that a mailbox holds.
pub(crate) trait MailboxCommand: Send + 'static {
    /// Answers a command that will not be executed.
    fn reject(self, error: &HubError);
}

/// The behaviour of an actor; [`run`] gives it a task.
pub(crate) trait Actor: Send {
    type Command: MailboxCommand;

    /// Executes one command, or adds it to what [`Actor::finish_batch`] commits.
    fn execute(&mut self, command: Self::Command) -> impl Future<Output = Flow> + Send;

    /// Called when all commands that were waiting have been executed.
    fn finish_batch(&mut self) -> impl Future<Output = ()> + Send;

    /// When [`Actor::on_timer`] is due although no command comes.
    fn next_deadline(&self) -> Option<Instant>;

    /// Does what is due.
    fn on_timer(&mut self) -> impl Future<Output = Flow> + Send;

    /// How long the actor is kept while it is of no use; `None` while it is of use.
    fn idle_timeout(&self) -> Option<Duration>;

    /// Removes the actor from its registry, unless a task holds its mailbox. Returns whether it did.
    fn passivate(&self, mailbox: &mpsc::Receiver<Self::Command>) -> bool;
}

/// How actors are run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunSettings {
    /// Commands that are taken from the mailbox at a time.
    pub(crate) batch: usize,
    /// How long until an idle actor whose mailbox was held is tried again.
    pub(crate) idle_retry: Duration,
}

/// Runs an actor until it is passivated, it ends, or `stopped` is cancelled.
///
/// The actor is in a box, because a task keeps room for every variable that a large value is moved through.
pub(crate) async fn run<A: Actor>(
    mut actor: Box<A>,
    mut mailbox: mpsc::Receiver<A::Command>,
    stopped: CancellationToken,
    settings: RunSettings,
) {
    let Some(error) = run_until_end(&mut *actor, &mut mailbox, &stopped, settings).await else { return };
    // What the actor holds is not kept while the mailbox is emptied.
    drop(actor);
    reject_all(mailbox, &error).await;
}

/// Rejects what waits in a mailbox and whatever is still sent to it.
pub(crate) async fn reject_all<C: MailboxCommand>(mut mailbox: mpsc::Receiver<C>, error: &HubError) {
    mailbox.close();
    while let Some(command) = mailbox.recv().await {
        command.reject(error);
    }
}

/// `None`: the actor was passivated, and no task has its mailbox.
async fn run_until_end<A: Actor>(
    actor: &mut A,
    mailbox: &mut mpsc::Receiver<A::Command>,
    stopped: &CancellationToken,
    settings: RunSettings,
) -> Option<HubError> {
    let mut batch = Vec::new();
    let mut unused_since = Instant::now();
    let mut retry_at = None;
    // One for all waits: a new one for each would be put into the list of all actors and taken out again.
    let mut stopped = pin!(stopped.cancelled());
    loop {
        let idle_end = actor.idle_timeout().map(|timeout| retry_at.unwrap_or(unused_since + timeout));
        if idle_end.is_some_and(|end| end <= Instant::now()) && mailbox.is_empty() {
            if is_passivated(actor, mailbox).await {
                return None;
            }
            retry_at = Some(Instant::now() + settings.idle_retry);
            continue;
        }
        let wake_at = actor.next_deadline().into_iter().chain(idle_end).min();
        let taken = tokio::select! {
            biased;
            taken = mailbox.recv_many(&mut batch, settings.batch) => taken,
            () = &mut stopped => return Some(HubError::Stopping),
            () = sleep_until(wake_at) => {
                if let Flow::End(error) = Box::pin(actor.on_timer()).await {
                    return Some(error);
                }
                if idle_end.is_none() {
                    unused_since = Instant::now();
                }
                continue;
            }
        };
        if taken == 0 {
            return Some(HubError::Stopping);
        }
        if let Flow::End(error) = execute_batch(actor, &mut batch).await {
            return Some(error);
        }
        if batch.capacity() > KEPT_CAPACITY {
            batch = Vec::new();
        }
        retry_at = None;
        if actor.idle_timeout().is_some() {
            unused_since = Instant::now();
        }
    }
}

async fn execute_batch<A: Actor>(actor: &mut A, batch: &mut Vec<A::Command>) -> Flow {
    let mut commands = batch.drain(..);
    while let Some(command) = commands.next() {
        if let Flow::End(error) = actor.execute(command).await {
            commands.for_each(|command| command.reject(&error));
            return Flow::End(error);
        }
    }
    drop(commands);
    actor.finish_batch().await;
    Flow::Continue
}

/// Tries twice: a sender that has just sent a command still holds the mailbox for a moment.
async fn is_passivated<A: Actor>(actor: &A, mailbox: &mpsc::Receiver<A::Command>) -> bool {
    if actor.passivate(mailbox) {
        return true;
    }
    yield_now().await;
    actor.passivate(mailbox)
}

/// Waits until a moment, or forever.
async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
