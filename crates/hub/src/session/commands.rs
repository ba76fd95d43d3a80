//! Session commands: counts and executes each command of one client.

use protocol::{DraftId, MessageId, MessageKind, Pong, RawJson, RoomId, RoomRef, UserId};
use serde_json::{Map, Value};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::command::{Command, CommandOutcome};
use crate::error::HubError;
use crate::event::{CommandError, Event, about};
use crate::inbox;
use crate::policy;
use crate::room::{
    Batched, ChangeRequest, Immediate, Post, ReadRequest, ReadTarget, Request, RoomCommand, SetLiveStatus,
};
use crate::store::Change;
use crate::{room_access, room_mailbox};

use super::{ClientSession, limits, reading};

/// A message to be posted.
struct NewPost {
    draft: Option<DraftId>,
    body: String,
    parent: Option<MessageId>,
    kind: MessageKind,
}

impl ClientSession {
    /// Executes a command. `wants_answer`: the caller answers a post, and not the room.
    pub(super) async fn execute(
        &mut self,
        command: Command,
        wants_answer: bool,
    ) -> Result<CommandOutcome, CommandError> {
        // Futures of rare commands are boxed, so that the frequent ones take little memory.
        match command {
            Command::Join { room, mode } => Box::pin(self.join(&room, mode)).await.map_err(about(&room)),
            Command::Leave { room } => Ok(self.leave(room).await),
            Command::Post { room, draft, body, parent, kind } => {
                let post = NewPost { draft, body, parent, kind };
                let posted = self.post(&room, post, wants_answer).await;
                posted.map_err(|error| CommandError { error, room: Some(room), draft })
            }
            Command::Change { room, draft, message, change } => {
                let changed = Box::pin(self.change(&room, draft, message, change, wants_answer)).await;
                changed.map_err(|error| CommandError { error, room: Some(room), draft })
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
                let user = self.client.user.id.clone();
                let read = ReadRequest { user, upto: ReadTarget::Seq(seq), reply: None };
                self.send_to_room(&room, Batched::Read(Box::new(read)).into()).await
            }
            Command::ReadMessage { room, message } => Box::pin(self.read_message(room, message)).await,
            Command::ListRooms { after, limit } => {
                let rooms =
                    Box::pin(reading::rooms(&self.context, &self.client.user.id, after, limit)).await?;
                self.send(&Event::RoomList(rooms));
                Ok(CommandOutcome::Accepted)
            }
            Command::FetchMessages { room, before, limit } => {
                let user = &self.client.user.id;
                let page = Box::pin(reading::messages(&self.context, user, &room, before, limit)).await;
                self.send(&Event::Messages(Box::new(page.map_err(about(&room))?)));
                Ok(CommandOutcome::Accepted)
            }
            Command::Ping { nonce } => {
                self.send(&Event::Pong(Pong { nonce }));
                Ok(CommandOutcome::Accepted)
            }
        }
    }

    async fn leave(&mut self, room: RoomId) -> CommandOutcome {
        self.end_resume(&room);
        if let Some(mailbox) = self.subscriptions.remove(&room) {
            // Closed: the room is gone, and with it the subscription.
            mailbox.send(Immediate::Unsubscribe(self.client.id).into()).await.ok();
        }
        self.send(&Event::Left(RoomRef { room }));
        CommandOutcome::Accepted
    }

    async fn post(
        &mut self,
        room: &RoomId,
        new: NewPost,
        wants_answer: bool,
    ) -> Result<CommandOutcome, HubError> {
        limits::count_message(&self.context, &self.client)?;
        let NewPost { draft, body, parent, kind } = new;
        policy::check_body(&body, self.context.settings.message_bytes)?;
        let mailbox = self.subscriptions.get(room).ok_or(HubError::NotJoined)?;
        limits::count_stored(&self.context, &self.client, body.len())?;
        let (reply, answer) = wants_answer.then(oneshot::channel).unzip();
        let post = Post {
            author: self.client.user.clone(),
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
        Ok(answer.map_or(CommandOutcome::Accepted, CommandOutcome::Pending))
    }

    async fn change(
        &mut self,
        room: &RoomId,
        draft: Option<DraftId>,
        message: MessageId,
        change: Change,
        wants_answer: bool,
    ) -> Result<CommandOutcome, HubError> {
        limits::count_message(&self.context, &self.client)?;
        policy::check_change(&change, &self.context.settings)?;
        let mailbox = self.subscriptions.get(room).ok_or(HubError::NotJoined)?;
        limits::count_stored(&self.context, &self.client, change.stored_bytes())?;
        let (reply, answer) = wants_answer.then(oneshot::channel).unzip();
        let request = ChangeRequest {
            author: self.client.user.clone(),
            from: reply.is_none().then(|| self.client.clone()),
            draft: draft.unwrap_or_else(|| DraftId(Uuid::now_v7())),
            message,
            change,
            reply,
        };
        if mailbox.send(Batched::Change(Box::new(request)).into()).await.is_err() {
            return Err(self.end_subscription(room).await);
        }
        Ok(answer.map_or(CommandOutcome::Accepted, CommandOutcome::PendingChange))
    }

    async fn send_direct_message(
        &mut self,
        room: &RoomId,
        to: UserId,
        body: String,
        kind: MessageKind,
    ) -> Result<CommandOutcome, HubError> {
        limits::count_message(&self.context, &self.client)?;
        let author = &self.client.user;
        let sent = inbox::send_direct_message(&self.context, author, room, to, body, kind).await?;
        let sent = Box::new(sent);
        self.send(&Event::DirectSent(sent.clone()));
        Ok(CommandOutcome::DirectSent(sent))
    }

    async fn set_live_status(
        &mut self,
        room: &RoomId,
        status: String,
        details: Map<String, Value>,
    ) -> Result<CommandOutcome, CommandError> {
        limits::count_message(&self.context, &self.client).map_err(about(room))?;
        policy::check_live(&status, &details).map_err(about(room))?;
        let (reply, answer) = oneshot::channel();
        let requester = self.client.user.id.clone();
        let request = SetLiveStatus { requester, status, details, reply };
        self.send_to_room(room, Request::SetLiveStatus(request).into()).await?;
        answered(answer).await.map_err(about(room))
    }

    async fn broadcast(
        &mut self,
        room: &RoomId,
        event: String,
        data: RawJson,
    ) -> Result<CommandOutcome, CommandError> {
        self.limits.count_broadcast(&self.context).map_err(about(room))?;
        let most_bytes = self.context.settings.message_bytes;
        policy::check_broadcast(&event, &data, most_bytes).map_err(about(room))?;
        let (client, event) = (self.client.clone(), event.into_boxed_str());
        self.send_to_room(room, Immediate::Broadcast { client, event, data }.into()).await
    }

    async fn read_message(
        &mut self,
        room: Option<RoomId>,
        message: MessageId,
    ) -> Result<CommandOutcome, CommandError> {
        let room = match room {
            Some(room) => room,
            None => room_access::room_of(&self.context, message).await?,
        };
        let user = self.client.user.id.clone();
        // For members, subscribed or not: the message may have been read elsewhere.
        let mailbox = match self.subscriptions.get(&room) {
            Some(mailbox) => mailbox.clone(),
            None => room_mailbox::for_user(&self.context, &room, &user).await.map_err(about(&room))?,
        };
        let (reply, answer) = oneshot::channel();
        let read = ReadRequest { user, upto: ReadTarget::Message(message), reply: Some(reply) };
        if mailbox.send(Batched::Read(Box::new(read)).into()).await.is_err() {
            return Err(about(&room)(self.end_subscription(&room).await));
        }
        answered(answer).await.map_err(about(&room))
    }

    /// Sends a command to a room that the client is subscribed to.
    async fn send_to_room(
        &mut self,
        room: &RoomId,
        command: RoomCommand,
    ) -> Result<CommandOutcome, CommandError> {
        let Some(mailbox) = self.subscriptions.get(room) else {
            return Err(about(room)(HubError::NotJoined));
        };
        if mailbox.send(command).await.is_err() {
            return Err(about(room)(self.end_subscription(room).await));
        }
        Ok(CommandOutcome::Accepted)
    }

    /// The room has ended. Returns why.
    async fn end_subscription(&mut self, room: &RoomId) -> HubError {
        self.subscriptions.remove(room);
        room_mailbox::why_closed(&self.context, room, &self.client.user.id).await
    }
}

async fn answered(answer: oneshot::Receiver<Result<(), HubError>>) -> Result<CommandOutcome, HubError> {
    answer.await.map_err(|_| HubError::NoSuchRoom)??;
    Ok(CommandOutcome::Accepted)
}
