//! Room: the actor that orders, commits and delivers the events of one room.
//!
//! The room is composed of parts that own their state; their methods return events. This file sequences: it executes commands
//! in mailbox order, calls the parts, and hands their events to the fan-out. So a join neither misses nor repeats a message.
//! Long because it has one method for each command.

mod change;
mod command;
mod execution;
mod fanout;
mod history;
mod join;
mod live_session;
mod log;
mod members;
mod membership;
mod name;
mod participants;
mod pending_batch;
mod presence;
mod read_markers;
mod registration;
mod subscribers;
mod typing;

use std::collections::HashMap;
use std::sync::Arc;

use protocol::{RawJson, RoomId, RoomKind, UserId};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::actor::{self, Flow, RunSettings};
use crate::client::ClientHandle;
use crate::context::HubContext;
use crate::error::HubError;
use crate::event::{Broadcast, CommandError, Event};
use crate::model::{Message, RoomRecord};
use crate::policy;
use crate::queue::{ChangeFrames, DeliveryPolicy};
use crate::store::{Appended, ChangeRecord, MessageDraft, StoreError};

use change::AcceptedChanges;
use fanout::{Audience, Fanout, RoomEvent};
use live_session::LiveSession;
use log::Log;
use members::{Members, Resync};
use name::DisplayName;
use pending_batch::PendingBatch;
use presence::RoomPresence;
use read_markers::MarkerBatch;
use registration::Registration;
use typing::Typing;

pub(crate) use command::{
    Batched, ChangeRequest, Immediate, JoinOutcome, Mailbox, PositionInRoom, Post, ReadRequest, ReadTarget,
    Request, ResumeOutcome, RoomCommand, SetLiveStatus,
};

/// The identity of a room, which never changes.
struct Identity {
    id: RoomId,
    kind: RoomKind,
    /// The chat that this is the live room of.
    chat: Option<RoomId>,
}

struct Room {
    context: Arc<HubContext>,
    identity: Identity,
    registration: Registration,
    name: DisplayName,
    members: Members,
    log: Log,
    pending: PendingBatch,
    fanout: Fanout,
    presence: RoomPresence,
    typing: Typing,
    live: LiveSession,
}

/// Runs a room until it is passivated, it is deleted, or the hub stops.
pub(crate) async fn run(context: Arc<HubContext>, id: RoomId, mailbox: mpsc::Receiver<RoomCommand>) {
    // In a box of its own: a task keeps room for the largest of what it ever does.
    match Box::pin(load(&context, &id)).await {
        Ok(room) => {
            let (batch, idle_retry) = (context.settings.batch, context.settings.room_idle);
            let stopped = context.lifecycle.stopped();
            actor::run(room, mailbox, stopped, RunSettings { batch, idle_retry }).await;
        }
        Err(error) => {
            context.rooms.remove(&id);
            actor::reject_all(mailbox, &error).await;
        }
    }
}

async fn load(context: &Arc<HubContext>, id: &RoomId) -> Result<Box<Room>, HubError> {
    match context.store.room(id).await {
        Ok(Some(record)) => Ok(Box::new(Room::new(context.clone(), record))),
        Ok(None) => Err(HubError::NoSuchRoom),
        Err(error) => {
            let cause = &error as &dyn std::error::Error;
            tracing::error!(error = cause, room.id = %id, "Could not load room `{id}`");
            Err(error.into())
        }
    }
}

impl Room {
    fn new(context: Arc<HubContext>, record: RoomRecord) -> Self {
        let RoomRecord { id, name, kind, chat, head, rev, active_at_ms, members, live, session, .. } = record;
        let members = Members::new(members);
        let has_own_members = policy::stands_alone(kind).is_ok();
        let registration = Registration::new(&context, &id, has_own_members, members.ids());
        let online = members.ids().filter(|user| context.presence.is_online(user)).cloned();
        let presence = RoomPresence::new(online);
        let cache = context.history_cache.room(head.seq);
        Self {
            registration,
            name: DisplayName::new(name),
            members,
            log: Log::new(id.clone(), head, rev, active_at_ms, cache),
            pending: PendingBatch::default(),
            fanout: Fanout::default(),
            presence,
            typing: Typing::default(),
            live: LiveSession::new(id.clone(), kind, live, session),
            identity: Identity { id, kind, chat },
            context,
        }
    }

    /// Sends events to the subscribers, in order. Clients that are gone or too slow lose their subscription.
    fn emit(&mut self, events: impl IntoIterator<Item = RoomEvent>) {
        for event in events {
            for client in self.fanout.send(event) {
                self.connection_lost(client);
            }
        }
    }

    fn now_ms(&self) -> i64 {
        self.context.clock.now_ms()
    }

    fn is_online(&self, user: &UserId) -> bool {
        self.context.presence.is_online(user)
    }

    /// Removes the room from the registry and the index.
    fn unregister(&mut self) {
        self.registration.close(&self.context, &self.identity.id, self.members.ids());
    }

    fn execute_immediate(&mut self, command: Immediate) {
        match command {
            Immediate::Unsubscribe(client) => self.unsubscribe(client),
            Immediate::ConnectionLost(client) => self.connection_lost(client),
            Immediate::Typing { client, on } => self.set_typing(&client, on),
            Immediate::Broadcast { client, event, data } => self.broadcast(&client, event, data),
            Immediate::PresenceChanged(users) => self.refresh_presence(&users),
            Immediate::LiveStatusChanged(change) => {
                let event = self.live.set_chat_status(change);
                self.emit(event);
            }
            Immediate::ReloadMembers => self.members.mark_stale(),
        }
    }

    /// Executes a request once the members are current, and answers it.
    async fn answer(&mut self, request: Request) -> Flow {
        match self.resync_members().await {
            Resync::Current => {}
            Resync::Deleted => {
                request.reject(&HubError::NoSuchRoom);
                return Flow::End(HubError::NoSuchRoom);
            }
            Resync::Unavailable(error) => {
                request.reject(&error);
                return Flow::Continue;
            }
        }
        match self.execute_request(request).await {
            Flow::Continue => self.resync_members_if_due().await,
            end @ Flow::End(_) => end,
        }
    }

    async fn execute_request(&mut self, request: Request) -> Flow {
        match request {
            Request::Join { client, mode, reply } => {
                // Closed: the client has hung up, and the end of its subscription follows.
                if !reply.is_closed() {
                    reply.send(self.join(client, mode).await).ok();
                }
            }
            Request::Resume { client, position, reply } => {
                if !reply.is_closed() {
                    reply.send(self.resume(&client, position).await).ok();
                }
            }
            Request::SetLiveStatus(request) => self.set_live_status(request).await,
            Request::AddMembers { requester, users, reply } => {
                reply.send(self.add_members(&requester, &users).await).ok();
            }
            Request::RemoveMember { requester, user, for_good, reply } => {
                let removed = self.remove_member(&requester, &user, for_good).await;
                let is_gone = removed.is_ok() && self.members.is_empty();
                reply.send(removed).ok();
                if is_gone {
                    return Flow::End(HubError::NoSuchRoom);
                }
            }
            Request::Rename { requester, name, reply } => {
                reply.send(self.rename(&requester, name).await).ok();
            }
            Request::Delete { requester, reply } => {
                let deleted = self.delete(&requester).await;
                let is_gone = deleted.is_ok();
                reply.send(deleted).ok();
                if is_gone {
                    return Flow::End(HubError::NoSuchRoom);
                }
            }
        }
        Flow::Continue
    }

    /// Commits the pending batch, if there is one.
    async fn commit_pending(&mut self) {
        if !self.pending.is_empty() {
            Box::pin(async {
                self.commit_posts().await;
                self.commit_changes().await;
                self.commit_reads().await;
            })
            .await;
        }
    }

    /// Commits the posts that wait in one transaction, then delivers them to the subscribers, then answers each author.
    async fn commit_posts(&mut self) {
        let posts = self.pending.take_posts();
        if posts.is_empty() {
            return;
        }
        let mut accepted = Vec::with_capacity(posts.len());
        for post in posts {
            match self.check_post(&post).await {
                Ok(()) => accepted.push(post),
                Err(error) => post.reject(Some(self.identity.id.clone()), &error),
            }
        }
        let drafts: Vec<MessageDraft> = accepted.iter().map(pending_batch::draft_of).collect();
        match self.log.append(&*self.context.store, drafts, self.context.clock.now_ms()).await {
            Ok(appended) => {
                let new = appended.iter().filter(|it| matches!(it, Appended::New(_))).count();
                self.context.message_rate.count(new);
                for (post, outcome) in accepted.into_iter().zip(appended) {
                    let (Appended::New(message) | Appended::Known(message)) = outcome;
                    self.deliver_committed(&message).await;
                    pending_batch::acknowledge(post, message);
                }
            }
            Err(error) => {
                pending_batch::reject_all(accepted, &self.identity.id, error);
                self.resync_log().await;
            }
        }
    }

    async fn check_post(&self, post: &Post) -> Result<(), HubError> {
        self.members.check(&post.author.id)?;
        let Some(parent) = post.parent else { return Ok(()) };
        match self.log.history().seq_of(&*self.context.store, parent).await {
            Ok(_) => Ok(()),
            Err(HubError::NoSuchMessage) => Err(HubError::NoSuchParent),
            Err(error) => Err(error),
        }
    }

    /// Publishes a committed message unless it was published before, and first what was committed before it.
    async fn deliver_committed(&mut self, message: &Message) {
        if message.cursor.seq > self.log.head().seq + 1 {
            self.log.mark_stale();
            self.resync_log().await;
        }
        if message.cursor.seq == self.log.head().seq + 1 {
            self.publish(message.clone());
        }
    }

    /// Hands the message after the head to all subscribers.
    fn publish(&mut self, mut message: Message) {
        let stopped = self.typing.stop(&self.identity.id, &message.author.id);
        self.emit(stopped);
        message.author = self.members.intern(&message.author);
        let event = self.log.publish(message);
        self.emit([event]);
    }

    /// Publishes what is committed beyond the head, if there may be anything.
    async fn resync_log(&mut self) {
        if !self.log.is_stale() {
            return;
        }
        match Box::pin(self.publish_unpublished()).await {
            Ok(()) => self.log.mark_current(),
            Err(error) => {
                let (cause, id) = (&error as &dyn std::error::Error, &self.identity.id);
                tracing::error!(error = cause, room.id = %id, "Could not read the history of room `{id}`");
                self.log.retry_resync();
            }
        }
    }

    async fn publish_unpublished(&mut self) -> Result<(), StoreError> {
        loop {
            let page = self.log.read_unpublished(&*self.context.store).await?;
            for message in page.messages {
                self.publish(message);
            }
            if !page.has_more {
                break;
            }
        }
        loop {
            let mut page = self.log.read_unpublished_changes(&*self.context.store).await?;
            self.publish_changes(&mut page.messages);
            if !page.has_more {
                break;
            }
        }
        self.name_unnamed_changes().await
    }

    /// Publishes to dialects that name changes what was published to the others.
    async fn name_unnamed_changes(&mut self) -> Result<(), StoreError> {
        let store = self.context.store.clone();
        while self.fanout.takes_changes(ChangeFrames::Changes) {
            let records = self.log.read_unnamed(&*store).await?;
            if records.is_empty() {
                break;
            }
            for record in records {
                let (rev, message) = (record.rev, self.log.message(&*store, record.seq).await?);
                self.emit(message.map(|message| change::change_event(record, message)));
                self.log.mark_named(rev);
            }
        }
        self.log.mark_named(self.log.rev());
        Ok(())
    }

    /// Commits the changes that wait in one transaction, then delivers them to the subscribers, then answers each author.
    async fn commit_changes(&mut self) {
        let requests = self.pending.take_changes();
        if requests.is_empty() {
            return;
        }
        let (room, settings) = (&self.identity.id, &self.context.settings);
        let accepted = AcceptedChanges::check(requests, room, &self.members, settings);
        let now_ms = self.now_ms();
        let mut committed = accepted.commit(&*self.context.store, &mut self.log, now_ms).await;
        self.publish_changes(&mut committed.messages);
        self.name_changes(std::mem::take(&mut committed.records), &committed.messages);
        self.resync_log().await;
        committed.answer();
    }

    /// Hands changed messages to the subscribers that take them.
    fn publish_changes(&mut self, messages: &mut [Message]) {
        for message in &mut *messages {
            message.author = self.members.intern(&message.author);
        }
        let events = self.log.publish_changes(messages);
        self.emit(events);
    }

    /// Hands changes that were just published to the subscribers whose dialects name changes. `messages`: the changed ones.
    fn name_changes(&mut self, records: Vec<ChangeRecord>, messages: &[Message]) {
        // Otherwise the log is stale, and the resync publishes these too.
        if self.log.is_stale() {
            return;
        }
        if self.fanout.takes_changes(ChangeFrames::Changes) {
            let by_seq: HashMap<u64, &Message> = messages.iter().map(|it| (it.cursor.seq, it)).collect();
            for record in records {
                let message = by_seq.get(&record.seq).map(|message| (*message).clone());
                self.emit(message.map(|message| change::change_event(record, message)));
            }
        }
        self.log.mark_named(self.log.rev());
    }

    /// Stores the read requests that wait in one transaction, then sends what changed, then answers.
    async fn commit_reads(&mut self) {
        let requests = self.pending.take_reads();
        if requests.is_empty() {
            return;
        }
        let store = &*self.context.store;
        let batch = MarkerBatch::check(requests, &self.members, &self.log, store).await;
        let wants_receipts = self.fanout.wants_receipts();
        let outcome =
            batch.store(&self.identity.id, &mut self.members, &self.log, store, wants_receipts).await;
        self.emit(outcome.events);
        for (reply, answer) in outcome.answers {
            reply.send(answer).ok();
        }
    }

    /// Reads which of these members are online, and sends what is due.
    fn refresh_presence(&mut self, users: &[UserId]) {
        for user in users.iter().filter(|user| self.members.contains(user)) {
            self.presence.observe(user, self.context.presence.is_online(user));
        }
        self.send_presence();
    }

    fn send_presence(&mut self) {
        let (tick, subscribers) = (self.context.settings.presence_tick, self.fanout.len());
        let due = self.presence.take_due(&self.identity.id, Instant::now(), tick, subscribers);
        if due.is_some() {
            self.members.forget_roster();
        }
        self.emit(due);
    }

    fn set_typing(&mut self, client: &ClientHandle, on: bool) {
        let (room, user) = (&self.identity.id, &client.user.id);
        if !self.members.contains(user) || !self.fanout.contains(client.id) {
            return;
        }
        let event = if on {
            let timeout = client.encoder.typing_timeout.unwrap_or(self.context.settings.typing_timeout);
            Some(self.typing.start(room, user, Instant::now(), timeout))
        } else {
            self.typing.stop(room, user)
        };
        self.emit(event);
    }

    /// Hands an application's own event to all subscribers: neither stored nor numbered, but in order with everything else.
    fn broadcast(&mut self, client: &ClientHandle, event: Box<str>, data: RawJson) {
        // A member may have been removed and added again; then the client is not subscribed.
        let is_subscribed = if self.fanout.contains(client.id) { Ok(()) } else { Err(HubError::NotJoined) };
        let (room, user) = (self.identity.id.clone(), client.user.id.clone());
        if let Err(error) = self.members.check(&user).and(is_subscribed) {
            let failure = CommandError { error, room: Some(room), draft: None };
            // A client that is gone needs no answer.
            fanout::send_to(client, &Event::Failed(failure)).ok();
            return;
        }
        let event = Event::Broadcast(Broadcast { room, user, event, data });
        self.emit([RoomEvent { event, delivery: DeliveryPolicy::BestEffort, audience: Audience::Everyone }]);
    }
}
