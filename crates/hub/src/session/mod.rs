//! Session: the gateway's handle on one attached client. It takes the client's commands, limits them, and hands them to rooms
//! and inboxes.

mod commands;
mod join;
mod limits;
mod notifier;
mod reading;
mod resume;
mod subscriptions;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use protocol::{CloseCode, RoomId};
use tokio::sync::oneshot;

use crate::client::{ClientHandle, ClientId, SignInId};
use crate::command::{Command, CommandOutcome};
use crate::context::HubContext;
use crate::error::HubError;
use crate::event::{CommandError, Event};
use crate::inbox::{self, InboxCommand, InboxStart, Proof};
use crate::model::{RoomHead, User};
use crate::room::Immediate;
use crate::room_mailbox;

use limits::SessionLimits;
use resume::PendingResume;
use subscriptions::Subscriptions;

pub use notifier::ClientNotifier;
pub use resume::{LocatedRoom, RoomPosition};

/// The gateway's handle on an attached client. Dropping it ends all subscriptions.
pub struct ClientSession {
    client: Arc<ClientHandle>,
    context: Arc<HubContext>,
    subscriptions: Subscriptions,
    /// Present if the client came back and had missed something.
    resume: Option<Arc<PendingResume>>,
    limits: SessionLimits,
}

impl ClientSession {
    pub(crate) fn new(client: Arc<ClientHandle>, context: Arc<HubContext>) -> Self {
        let (subscriptions, limits) = (Subscriptions::default(), SessionLimits::default());
        Self { client, context, subscriptions, resume: None, limits }
    }

    /// The user of this connection.
    pub fn user(&self) -> &Arc<User> {
        &self.client.user
    }

    /// The id of this connection.
    pub fn id(&self) -> ClientId {
        self.client.id
    }

    /// Counts the bytes of a frame, after inflating and before decoding. Returns how long the gateway waits before it decodes
    /// it, and reads nothing meanwhile: a client whose user sends more than allowed is slowed, and loses nothing.
    pub fn charge(&self, bytes: usize) -> Duration {
        limits::charge(&self.context, &self.client, bytes)
    }

    /// Charges a frame once more that was rejected unread: for its size, or because it is binary. Returns how long the gateway
    /// waits before it reads the next one.
    pub fn surcharge(&self, bytes: usize) -> Duration {
        limits::surcharge(&self.context, &self.client, bytes)
    }

    /// Counts a frame before it is decoded: as a command of the connection, and as a request of the user.
    ///
    /// # Errors
    /// [`HubError::TooFast`]. A client that continues after many of them is closed.
    pub fn count(&self) -> Result<(), HubError> {
        let counted = self.limits.count_frame(&self.context, &self.client);
        counted.inspect_err(|error| self.close_if_ignoring(error))
    }

    /// Executes a command that was [counted](Self::count), or sends the client why not. Waits while the mailbox of the room is
    /// full; it does not wait for a post to be committed.
    pub async fn handle(&mut self, command: Command) {
        if let Err(failure) = self.execute(command, false).await {
            self.send(&Event::Failed(self.map_shutdown(failure)));
        }
    }

    /// Executes a command that was [counted](Self::count) and returns the result, instead of sending it to the client.
    ///
    /// # Errors
    /// Why the command was not executed, and what it was about.
    pub async fn request(&mut self, command: Command) -> Result<CommandOutcome, CommandError> {
        self.execute(command, true).await.map_err(|failure| self.map_shutdown(failure))
    }

    /// A room that has ended because the hub stops looks like one that does not exist, and a client that is sent that error would
    /// drop its unsent messages.
    fn map_shutdown(&self, failure: CommandError) -> CommandError {
        self.close_if_ignoring(&failure.error);
        let is_shutdown = matches!(failure.error, HubError::NoSuchRoom | HubError::NotJoined)
            && self.context.lifecycle.is_stopping();
        if is_shutdown { CommandError { error: HubError::Stopping, ..failure } } else { failure }
    }

    /// Closes a client that does not slow down after many errors.
    fn close_if_ignoring(&self, error: &HubError) {
        if self.limits.is_ignoring(error) {
            self.close(CloseCode::TooMany);
        }
    }

    /// Sends an event to this client alone.
    pub fn send(&self, event: &Event) {
        // A client that is gone is noticed by its gateway, which drops this handle.
        if self.client.send(event).is_err() {
            tracing::debug!(session.id = self.client.id.0, "Dropped an answer to a client that is gone");
        }
    }

    /// A handle that sends to this client while the session executes commands.
    pub fn notifier(&self) -> ClientNotifier {
        ClientNotifier::new(self.client.clone())
    }

    /// The client has authenticated again, perhaps by another sign-in of the same user.
    pub fn renew(&self, sign_in: SignInId) {
        self.client.renew(sign_in);
    }

    /// Ends the connection.
    pub fn close(&self, code: CloseCode) {
        self.client.close(code);
    }

    /// Subscribes the client to its user's inbox, and first sends it what [`InboxStart`] says. The greeting is a frame of the
    /// client's dialect: it comes first, or, for a client that resumes, after what was missed.
    ///
    /// Returns when the first portion was sent; the rest is sent as the client reads.
    ///
    /// # Errors
    /// [`HubError::Unavailable`], [`HubError::Stopping`].
    pub async fn subscribe_to_inbox(
        &self,
        start: InboxStart,
        greeting: Option<Bytes>,
    ) -> Result<(), HubError> {
        if self.context.inboxes.subscribe_if_idle(&self.client, start, greeting.as_ref()) {
            return Ok(());
        }
        let (reply, answer) = oneshot::channel();
        let subscribe = InboxCommand::Subscribe { client: self.client.clone(), start, greeting, reply };
        let mailbox = inbox::mailbox(&self.context, &self.client.user.id);
        mailbox.send(subscribe).await.map_err(|_| HubError::Stopping)?;
        answer.await.map_err(|_| HubError::Stopping)?
    }

    /// The client has everything of its inbox up to this number, so nothing of that waits any more.
    pub async fn received_inbox(&self, seq: u64) {
        let proof = InboxCommand::Received(Proof::UpTo(seq));
        // Closed: the hub stops, and sends the entries again.
        inbox::mailbox(&self.context, &self.client.user.id).send(proof).await.ok();
    }

    /// Finds out whether a client that comes back can be sent everything that it missed: all of it is kept, the user is
    /// still a member of all rooms that the client was in, and it is not more than
    /// [`MAX_RECOVERED_MESSAGES`](protocol::limits::MAX_RECOVERED_MESSAGES). `None` if not.
    ///
    /// `inbox` is the last number of the inbox that the client has. `locate` finds the rooms that it was in among all that
    /// the user is in now, with the last numbers of each that the client has; `None` if one is missing.
    ///
    /// # Errors
    /// [`HubError::Unavailable`].
    pub async fn positions_to_resume(
        &self,
        inbox: u64,
        locate: impl for<'a> FnOnce(&'a [RoomHead]) -> Option<Vec<LocatedRoom<'a>>>,
    ) -> Result<Option<Vec<RoomPosition>>, HubError> {
        resume::find_positions(&self.context, &self.client.user.id, inbox, locate).await
    }

    /// Brings a client that came back up to date in these rooms, as [`ClientSession::positions_to_resume`] found them, and
    /// subscribes it to each. Returns at once; the missed messages are sent as the client reads.
    pub fn resume(&mut self, positions: &[RoomPosition]) {
        if positions.is_empty() {
            return;
        }
        let pending = self.resume.get_or_insert_default().clone();
        let open = |it: &RoomPosition| (it.clone(), room_mailbox::open(&self.context, &it.room));
        let rooms: Vec<_> = positions.iter().map(open).collect();
        for (RoomPosition { room, .. }, mailbox) in &rooms {
            self.subscriptions.insert(room, mailbox.clone());
            pending.add(room.clone());
        }
        let (context, client) = (self.context.clone(), self.client.clone());
        let task = self.context.lifecycle.spawn(resume::run(context, client, pending.clone(), rooms));
        pending.set_task(task.abort_handle());
    }

    /// A room is not resumed any more.
    fn end_resume(&self, room: &RoomId) {
        if let Some(pending) = &self.resume {
            pending.remove(room);
        }
    }
}

impl Drop for ClientSession {
    fn drop(&mut self) {
        let client = self.client.clone();
        let subscriptions = std::mem::take(&mut self.subscriptions);
        let context = self.context.clone();
        client.unsubscribe_from_inbox();
        // Cancelled first, so that no room is joined after it was left.
        if let Some(pending) = &self.resume {
            pending.cancel();
        }
        client.close(CloseCode::Normal);
        // A task, because a full mailbox is waited for; tracked, so that a stop waits for it.
        self.context.lifecycle.spawn(async move {
            for mailbox in subscriptions.into_mailboxes() {
                mailbox.send(Immediate::ConnectionLost(client.id).into()).await.ok();
            }
            let now_ms = context.clock.now_ms();
            context.presence.detach(client, now_ms).await;
        });
    }
}
