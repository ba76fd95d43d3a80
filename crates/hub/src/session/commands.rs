//! Session commands: counts and executes each command of one client.

use protocol::{DraftId, MessageId, MessageKind, Pong, RawJson, RoomId, RoomRef, UserId};
use serde_json::{Map, Value};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::command::{Command, Done};
use crate::error::Refusal;
use crate::event::{Event, Failure, about};
use crate::inbox;
use crate::policy;
use crate::room::{Batched, Immediate, Post, ReadRequest, ReadTarget, Request, RoomCommand, SetLiveStatus};
use crate::{room_access, room_mailbox};

use super::{Peer, limits};

/// A message to be posted.
struct NewPost {
    draft: Option<DraftId>,
    body: String,
    parent: Option<MessageId>,
    kind: MessageKind,
}

impl Peer {
    /// Executes a command. `wants_answer`: the caller answers a post, and not the room.
    pub(super) async fn execute(&mut self, command: Command, wants_answer: bool) -> Result<Done, Failure> {
        // Futures of rare commands are boxed, so that the frequent ones take little memory.
        match command {
            Command::Join { room, bring } => Box::pin(self.join(&room, bring)).await.map_err(about(&room)),
            Command::Leave { room } => Ok(self.leave(room).await),
            Command::Post { room, draft, body, parent, kind } => {
                let post = NewPost { draft, body, parent, kind };
                let posted = self.post(&room, post, wants_answer).await;
                posted.map_err(|refusal| Failure { refusal, room: Some(room), draft })
            }
            Command::Direct { room, to, body, kind } => {
                Box::pin(self.send_direct_message(&room, to, body, kind)).await.map_err(about(&room))
            }
            Command::Live { room, status, details } => {
                Box::pin(self.set_live_status(&room, status, details)).await
            }
            Command::Broadcast { room, event, data } => self.broadcast(&room, event, data).await,
            Command::Typing { room, on } => {
                limits::count_typing(&self.context, &self.client).map_err(about(&room))?;
                let typing = Immediate::Typing { client: self.client.clone(), on };
                self.send_to_room(&room, typing.into()).await
            }
            Command::Read { room, seq } => {
                let user = self.client.person.id.clone();
                let read = ReadRequest { user, upto: ReadTarget::Seq(seq), reply: None };
                self.send_to_room(&room, Batched::Read(read).into()).await
            }
            Command::ReadMessage { room, message } => Box::pin(self.read_message(room, message)).await,
            Command::Ping { nonce } => {
                self.tell(&Event::Pong(Pong { nonce }));
                Ok(Done::Yes)
            }
        }
    }

    async fn leave(&mut self, room: RoomId) -> Done {
        self.end_resume(&room);
        if let Some(mailbox) = self.subscriptions.remove(&room) {
            // Closed: the room is gone, and with it the subscription.
            mailbox.send(Immediate::Unsubscribe(self.client.id).into()).await.ok();
        }
        self.tell(&Event::Left(RoomRef { room }));
        Done::Yes
    }

    async fn post(&mut self, room: &RoomId, new: NewPost, wants_answer: bool) -> Result<Done, Refusal> {
        limits::count_message(&self.context, &self.client)?;
        let NewPost { draft, body, parent, kind } = new;
        policy::check_body(&body, self.context.settings.message_bytes)?;
        let mailbox = self.subscriptions.get(room).ok_or(Refusal::NotJoined)?;
        limits::count_stored(&self.context, &self.client, body.len())?;
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
            return Err(self.end_subscription(room).await);
        }
        Ok(answer.map_or(Done::Yes, Done::Later))
    }

    async fn send_direct_message(
        &mut self,
        room: &RoomId,
        to: UserId,
        body: String,
        kind: MessageKind,
    ) -> Result<Done, Refusal> {
        limits::count_message(&self.context, &self.client)?;
        let author = &self.client.person;
        let sent = inbox::send_direct_message(&self.context, author, room, to, body, kind).await?;
        let sent = Box::new(sent);
        self.tell(&Event::DirectSent(sent.clone()));
        Ok(Done::Told(sent))
    }

    async fn set_live_status(
        &mut self,
        room: &RoomId,
        status: String,
        details: Map<String, Value>,
    ) -> Result<Done, Failure> {
        limits::count_message(&self.context, &self.client).map_err(about(room))?;
        policy::check_live(&status, &details).map_err(about(room))?;
        let (reply, answer) = oneshot::channel();
        let actor = self.client.person.id.clone();
        let request = SetLiveStatus { actor, status, details, reply };
        self.send_to_room(room, Request::SetLiveStatus(Box::new(request)).into()).await?;
        answered(answer).await.map_err(about(room))
    }

    async fn broadcast(&mut self, room: &RoomId, event: String, data: RawJson) -> Result<Done, Failure> {
        self.limits.count_broadcast(&self.context).map_err(about(room))?;
        let most_bytes = self.context.settings.message_bytes;
        policy::check_broadcast(&event, &data, most_bytes).map_err(about(room))?;
        let (client, event) = (self.client.clone(), event.into_boxed_str());
        self.send_to_room(room, Immediate::Broadcast { client, event, data }.into()).await
    }

    async fn read_message(&mut self, room: Option<RoomId>, message: MessageId) -> Result<Done, Failure> {
        let room = match room {
            Some(room) => room,
            None => room_access::room_of(&self.context, message).await?,
        };
        let user = self.client.person.id.clone();
        // For members, subscribed or not: the message may have been read elsewhere.
        let mailbox = match self.subscriptions.get(&room) {
            Some(mailbox) => mailbox.clone(),
            None => room_mailbox::for_user(&self.context, &room, &user).await.map_err(about(&room))?,
        };
        let (reply, answer) = oneshot::channel();
        let read = ReadRequest { user, upto: ReadTarget::Message(message), reply: Some(reply) };
        if mailbox.send(Batched::Read(read).into()).await.is_err() {
            return Err(about(&room)(self.end_subscription(&room).await));
        }
        answered(answer).await.map_err(about(&room))
    }

    /// Sends a command to a room that the client is subscribed to.
    async fn send_to_room(&mut self, room: &RoomId, command: RoomCommand) -> Result<Done, Failure> {
        let Some(mailbox) = self.subscriptions.get(room) else {
            return Err(about(room)(Refusal::NotJoined));
        };
        if mailbox.send(command).await.is_err() {
            return Err(about(room)(self.end_subscription(room).await));
        }
        Ok(Done::Yes)
    }

    /// The room has ended. Returns why.
    async fn end_subscription(&mut self, room: &RoomId) -> Refusal {
        self.subscriptions.remove(room);
        room_mailbox::why_closed(&self.context, room, &self.client.person.id).await
    }
}

async fn answered(answer: oneshot::Receiver<Result<(), Refusal>>) -> Result<Done, Refusal> {
    answer.await.map_err(|_| Refusal::NoSuchRoom)??;
    Ok(Done::Yes)
}
