//! The handle that a gateway drives for one attached client. What rooms see of it is in `client.rs`.

mod counting;
mod join;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use protocol::{CloseCode, DraftId, MessageId, MessageKind, Pong, RoomId, RoomRef, UserId};
use serde_json::{Map, Value};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::client::{ClientHandle, PeerId, SignInId};
use crate::command::{Command, Done};
use crate::context::HubContext;
use crate::event::{Event, Failure, about};
use crate::following::Following;
use crate::inbox::{InboxCommand, InboxStart, Proof};
use crate::intake::Intake;
use crate::model::Person;
use crate::policy;
use crate::rates::Meter;
use crate::refusal::Refusal;
use crate::resume::{self, Resuming, RoomHead, Standing};
use crate::room::{Batched, Immediate, Post, ReadRequest, ReadTarget, Request, RoomCommand, SetLiveStatus};
use crate::voice::Voice;

/// The gateway's handle on an attached client. Dropping it leaves every room.
pub struct Peer {
    client: Arc<ClientHandle>,
    context: Arc<HubContext>,
    joined: Following,
    /// There if the client came back and had missed something.
    resuming: Option<Arc<Resuming>>,
    intake: Intake,
    broadcasts: Meter,
}

impl Peer {
    pub(crate) fn new(client: Arc<ClientHandle>, context: Arc<HubContext>) -> Self {
        let (joined, intake, broadcasts) = (Following::default(), Intake::default(), Meter::default());
        Self { client, context, joined, resuming: None, intake, broadcasts }
    }

    /// Whose connection this is.
    pub fn person(&self) -> &Arc<Person> {
        &self.client.person
    }

    /// The name of this connection.
    pub fn id(&self) -> PeerId {
        self.client.id
    }

    /// Carries out a wish that was [counted](Self::count), or tells the client why not. Waits while the room it is for has
    /// too much to do; it does not wait for a post to be committed.
    pub async fn handle(&mut self, command: Command) {
        if let Err(failure) = self.obey(command, false).await {
            self.tell(&Event::Failed(self.as_meant(failure)));
        }
    }

    /// Carries out a wish that was [counted](Self::count) and says what came of it, instead of telling the client.
    ///
    /// # Errors
    /// A refusal, with what it was about.
    pub async fn request(&mut self, command: Command) -> Result<Done, Failure> {
        self.obey(command, true).await.map_err(|failure| self.as_meant(failure))
    }

    /// A room that has ended because the hub stops looks as if there were none, or as if the client had never joined it, and
    /// whoever was told so would give up what it has to say there. Whoever is told to slow down and goes on is closed.
    fn as_meant(&self, failure: Failure) -> Failure {
        self.note_refusal(&failure.refusal);
        let is_meant = matches!(failure.refusal, Refusal::NoSuchRoom | Refusal::NotJoined)
            && self.context.stopping.load(Ordering::Relaxed);
        if is_meant { Failure { refusal: Refusal::Stopping, ..failure } } else { failure }
    }

    /// Tells this client alone.
    pub fn tell(&self, event: &Event) {
        // A client that is gone is noticed by its gateway, which drops this handle.
        if self.client.tell_alone(event).is_err() {
            tracing::debug!(peer.id = self.client.id.0, "Peer is gone, an answer to it was dropped");
        }
    }

    /// Something that can tell this client while the handle is busy.
    pub fn voice(&self) -> Voice {
        Voice::of(self.client.clone())
    }

    /// The client has proved itself again, perhaps by another sign-in of the same person.
    pub fn renew(&self, sign_in: SignInId) {
        self.client.renew(sign_in);
    }

    /// Ends the connection.
    pub fn close(&self, code: CloseCode) {
        self.client.close(code);
    }

    /// Tells the client from now on what reaches its user, and first what is said at [`InboxStart`]. The greeting is a frame
    /// of the client's dialect: it comes first, or, for a client that resumes, after what was missed.
    ///
    /// Returns when the first portion was sent; what does not fit it follows as the client takes it.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`], [`Refusal::Stopping`].
    pub async fn follow_inbox(&self, start: InboxStart, greeting: Option<Bytes>) -> Result<(), Refusal> {
        if self.context.registry.inboxes.follow_at_rest(&self.client, start, greeting.as_ref()) {
            return Ok(());
        }
        let (reply, answer) = oneshot::channel();
        let wish = InboxCommand::Follow { client: self.client.clone(), start, greeting, reply };
        self.context.inbox(&self.client.person.id).send(wish).await.map_err(|_| Refusal::Stopping)?;
        answer.await.map_err(|_| Refusal::Stopping)?
    }

    /// The client has everything of its inbox up to this number, so nothing of that waits any more.
    pub async fn received_inbox(&self, seq: u64) {
        let proof = InboxCommand::Delivered(Proof::UpTo(seq));
        // A hub that stops is not told any more, and sends it again.
        self.context.inbox(&self.client.person.id).send(proof).await.ok();
    }

    /// Brings a client that came back up to date in these rooms, as [`Peer::can_resume`] found them, and subscribes it to
    /// each. Returns at once; what was missed follows as the client takes it.
    pub fn resume(&mut self, standings: &[Standing]) {
        if standings.is_empty() {
            return;
        }
        let resuming = self.resuming.get_or_insert_default().clone();
        let rooms: Vec<_> = standings.iter().map(|it| (it.clone(), self.context.mailbox(&it.room))).collect();
        for (Standing { room, .. }, mailbox) in &rooms {
            self.joined.insert(room, mailbox.clone());
            resuming.add(room.clone());
        }
        let (context, client) = (self.context.clone(), self.client.clone());
        let task = self.context.tasks.spawn(resume::run(context, client, resuming.clone(), rooms));
        resuming.note_task(task.abort_handle());
    }

    /// A room is not resumed any more.
    fn end_resume(&self, room: &RoomId) {
        if let Some(resuming) = &self.resuming {
            resuming.remove(room);
        }
    }

    /// Finds out whether a client that comes back can be told everything that it missed: all of it is kept, the user is
    /// still in all rooms that the client was in, and it is not more than
    /// [`MAX_RECOVERED_MESSAGES`](protocol::limits::MAX_RECOVERED_MESSAGES). `None` if not.
    ///
    /// `inbox` is the last number of the inbox that the client has. `locate` finds the rooms that it was in among all that
    /// the user is in now, and says the last number of each that the client has; `None` if one is missing.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn can_resume(
        &self,
        inbox: u64,
        locate: impl for<'a> FnOnce(&'a [RoomHead]) -> Option<Vec<(&'a RoomHead, u64)>>,
    ) -> Result<Option<Vec<Standing>>, Refusal> {
        resume::find(&self.context, &self.client.person.id, inbox, locate).await
    }

    async fn obey(&mut self, command: Command, wants_answer: bool) -> Result<Done, Failure> {
        let rates = &self.context.settings.rates;
        match &command {
            Command::Post { room, draft, .. } => self
                .count_for_person(rates.messages, |meters| &meters.messages)
                .map_err(|refusal| Failure { refusal, room: Some(room.clone()), draft: *draft })?,
            Command::Direct { room, .. } | Command::Live { room, .. } => {
                self.count_for_person(rates.messages, |meters| &meters.messages).map_err(about(room))?;
            }
            Command::Broadcast { room, .. } => {
                self.broadcasts.pass(rates.broadcasts).map_err(about(room))?;
            }
            Command::Typing { room, .. } => {
                self.count_for_person(rates.typing, |meters| &meters.typing).map_err(about(room))?;
            }
            _ => {}
        }
        // What is seldom asked is in a box, so that what is asked all the time needs little memory.
        match command {
            Command::Join { room, bring } => Box::pin(self.join(&room, bring)).await.map_err(about(&room)),
            Command::Leave { room } => {
                self.end_resume(&room);
                if let Some(mailbox) = self.joined.remove(&room) {
                    // A closed mailbox means that the room is gone, and with it the following.
                    mailbox.send(Immediate::Unsubscribe(self.client.id).into()).await.ok();
                }
                self.tell(&Event::Left(RoomRef { room }));
                Ok(Done::Yes)
            }
            Command::Post { room, draft, body, parent, kind } => {
                let done = self.post(&room, draft, body, parent, kind, wants_answer).await;
                done.map_err(|refusal| Failure { refusal, room: Some(room), draft })
            }
            Command::Direct { room, to, body, kind } => {
                Box::pin(self.direct(&room, to, body, kind)).await.map_err(about(&room))
            }
            Command::Live { room, status, details } => Box::pin(self.set_live(&room, status, details)).await,
            Command::Broadcast { room, event, data } => {
                let most_bytes = self.context.settings.message_bytes;
                policy::check_broadcast(&event, &data, most_bytes).map_err(about(&room))?;
                let (client, event) = (self.client.clone(), event.into_boxed_str());
                self.send(&room, Immediate::Broadcast { client, event, data }.into()).await
            }
            Command::Typing { room, on } => {
                let typing = Immediate::Typing { client: self.client.clone(), on };
                self.send(&room, typing.into()).await
            }
            Command::Read { room, seq } => {
                let user = self.client.person.id.clone();
                let read = ReadRequest { user, upto: ReadTarget::Seq(seq), reply: None };
                self.send(&room, Batched::Read(read).into()).await
            }
            Command::ReadMessage { room, message } => Box::pin(self.read_message(room, message)).await,
            Command::Ping { nonce } => {
                self.tell(&Event::Pong(Pong { nonce }));
                Ok(Done::Yes)
            }
        }
    }

    async fn set_live(
        &mut self,
        room: &RoomId,
        status: String,
        details: Map<String, Value>,
    ) -> Result<Done, Failure> {
        policy::check_live(&status, &details).map_err(about(room))?;
        let (reply, answer) = oneshot::channel();
        let actor = self.client.person.id.clone();
        let request = SetLiveStatus { actor, status, details, reply };
        self.send(room, Request::SetLiveStatus(Box::new(request)).into()).await?;
        answered(answer).await.map_err(about(room))
    }

    async fn post(
        &mut self,
        room: &RoomId,
        draft: Option<DraftId>,
        body: String,
        parent: Option<MessageId>,
        kind: MessageKind,
        wants_answer: bool,
    ) -> Result<Done, Refusal> {
        policy::check_body(&body, self.context.settings.message_bytes)?;
        let mailbox = self.joined.get(room).ok_or(Refusal::NotJoined)?;
        self.count_stored(body.len())?;
        let (reply, answer) = wants_answer.then(oneshot::channel).unzip();
        let post = Post {
            author: self.client.person.clone(),
            from: reply.is_none().then(|| self.client.clone()),
            draft: draft.unwrap_or_else(|| DraftId(Uuid::now_v7())),
            body: body.into(),
            parent,
            kind,
            reply,
        };
        if mailbox.send(Batched::Post(Box::new(post)).into()).await.is_err() {
            return Err(self.ended(room).await);
        }
        Ok(answer.map_or(Done::Yes, Done::Later))
    }

    /// The client is not in a room any more, because it has ended; why.
    async fn ended(&mut self, room: &RoomId) -> Refusal {
        self.joined.remove(room);
        self.context.why_ended(room, &self.client.person.id).await
    }

    async fn direct(
        &mut self,
        room: &RoomId,
        to: UserId,
        body: String,
        kind: MessageKind,
    ) -> Result<Done, Refusal> {
        let author = &self.client.person;
        let letter = Box::new(self.context.send_letter(author, room, to, body, kind).await?);
        self.tell(&Event::DirectSent(letter.clone()));
        Ok(Done::Told(letter))
    }

    async fn read_message(&mut self, room: Option<RoomId>, message: MessageId) -> Result<Done, Failure> {
        let room = match room {
            Some(room) => room,
            None => self.context.room_of(message).await?,
        };
        // Marks are for members, not for followers: a message may be read that was seen elsewhere.
        let mailbox = match self.joined.get(&room) {
            Some(mailbox) => mailbox.clone(),
            None => self.context.mailbox_for(&room, &self.client.person.id).await.map_err(about(&room))?,
        };
        let (reply, answer) = oneshot::channel();
        let user = self.client.person.id.clone();
        let read = ReadRequest { user, upto: ReadTarget::Message(message), reply: Some(reply) };
        if mailbox.send(Batched::Read(read).into()).await.is_err() {
            return Err(about(&room)(self.ended(&room).await));
        }
        answered(answer).await.map_err(about(&room))
    }

    async fn send(&mut self, room: &RoomId, command: RoomCommand) -> Result<Done, Failure> {
        let Some(mailbox) = self.joined.get(room) else {
            return Err(about(room)(Refusal::NotJoined));
        };
        if mailbox.send(command).await.is_err() {
            return Err(about(room)(self.ended(room).await));
        }
        Ok(Done::Yes)
    }
}

async fn answered(answer: oneshot::Receiver<Result<(), Refusal>>) -> Result<Done, Refusal> {
    answer.await.map_err(|_| Refusal::NoSuchRoom)??;
    Ok(Done::Yes)
}

impl Drop for Peer {
    fn drop(&mut self) {
        let client = self.client.clone();
        let joined = std::mem::take(&mut self.joined);
        let context = self.context.clone();
        client.leave_inbox();
        // First, so that no room is joined after it was left.
        if let Some(resuming) = &self.resuming {
            resuming.clear();
        }
        client.close(CloseCode::Normal);
        // A task, because a full mailbox is waited for; tracked, so that a stop waits for it.
        self.context.tasks.spawn(async move {
            for mailbox in joined.into_mailboxes() {
                mailbox.send(Immediate::ConnectionLost(client.id).into()).await.ok();
            }
            context.detach(client).await;
        });
    }
}
