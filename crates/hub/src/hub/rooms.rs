//! Room operations of the hub, for gateways without a connection: create, read, change, post.

use std::collections::BTreeSet;
use std::sync::Arc;

use protocol::{
    Cursor, DraftId, JoinedRoom, Member, MessageId, MessageKind, RoomId, RoomKind, RoomSummary, UserId,
    limits,
};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::error::Refusal;
use crate::live_room;
use crate::model::{Message, Person, RoomRecord};
use crate::policy;
use crate::port::{Page, RoomDraft, Slice};
use crate::quotas::Daily;
use crate::room::{Batched, Post, ReadRequest, ReadTarget, Request, RoomCommand};
use crate::roster;
use crate::{room_access, room_mailbox, room_notices};

use super::requester::Actor;
use super::{Hub, quotas};

/// A room to be created by a user.
#[derive(Debug, Clone)]
pub struct NewRoom {
    /// An identifier that the user chose, else a UUID.
    pub id: Option<RoomId>,
    /// The display name.
    pub name: String,
    /// The kind of room.
    pub kind: RoomKind,
    /// Its members besides the user.
    pub members: Vec<UserId>,
}

/// The content of a message.
#[derive(Debug, Clone, Default)]
pub struct Text<'a> {
    /// The text.
    pub body: &'a str,
    /// The message of the same room that it answers.
    pub parent: Option<MessageId>,
    /// The kind of message.
    pub kind: MessageKind,
}

impl<'a> From<&'a str> for Text<'a> {
    /// Plain text that answers nothing.
    fn from(body: &'a str) -> Self {
        Self { body, ..Self::default() }
    }
}

impl Hub {
    /// Creates a room with `actor` as its owner and notifies its members.
    ///
    /// # Errors
    /// A bad name, a taken identifier, an unknown person, too many members.
    pub async fn create_room(&self, actor: &UserId, new: NewRoom) -> Result<RoomSummary, Refusal> {
        let name = policy::room_name(&new.name)?;
        policy::stands_alone(new.kind)?;
        if new.members.len() > limits::MAX_MEMBERS_PER_REQUEST {
            let message = format!("at most {} at a time", limits::MAX_MEMBERS_PER_REQUEST);
            return Err(Refusal::Invalid { field: "member_ids", message });
        }
        let all: BTreeSet<&UserId> = new.members.iter().chain([actor]).collect();
        policy::check_members("member_ids", all.len(), self.context.settings.quotas.members_per_room)?;
        let id = match new.id {
            Some(id) => {
                policy::check_room_id(&id)?;
                id
            }
            None => RoomId::parse(&Uuid::now_v7().to_string())?,
        };
        let draft = RoomDraft {
            id,
            name,
            kind: new.kind,
            epoch: rand::random(),
            owner: actor.clone(),
            members: new.members,
            at_ms: self.context.clock.now_ms(),
        };
        let record = self.context.store.create_room(draft).await?;
        for member in &record.members {
            room_notices::notify_room_added(&self.context, &record.id, &member.person.id).await?;
        }
        self.room(actor, &record.id).await
    }

    /// The rooms of a user, newest activity first.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn rooms_of(
        &self,
        person: &UserId,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Vec<RoomSummary>, Refusal> {
        Ok(self.context.store.summaries(person, after, limit).await?)
    }

    /// One room, as a member sees it.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`].
    pub async fn room(&self, person: &UserId, room: &RoomId) -> Result<RoomSummary, Refusal> {
        self.context.store.summary(room, person).await?.ok_or(Refusal::NoSuchRoom)
    }

    /// Gives a room another display name.
    ///
    /// # Errors
    /// A bad name; [`Refusal::NoSuchRoom`], [`Refusal::NotOwner`].
    pub async fn rename_room(
        &self,
        actor: &UserId,
        room: &RoomId,
        name: &str,
    ) -> Result<RoomSummary, Refusal> {
        let name = policy::room_name(name)?;
        let actor = actor.clone();
        self.ask(&actor, room, |reply| Request::Rename { actor: actor.clone(), name, reply }).await?;
        self.room(&actor, room).await
    }

    /// Deletes a room with all its messages.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`], [`Refusal::NotOwner`].
    pub async fn delete_room(&self, actor: &UserId, room: &RoomId) -> Result<(), Refusal> {
        self.ask(actor, room, |reply| Request::Delete { actor: actor.clone(), reply }).await
    }

    /// The members of a room, owners first, then by name.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`].
    pub async fn members(&self, actor: &UserId, room: &RoomId) -> Result<Vec<Member>, Refusal> {
        Ok(self.peek(actor, room).await?.members)
    }

    /// Adds members to a room and returns those who were new.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`], [`Refusal::NoSuchPerson`], [`Refusal::RoomFull`]; then nobody was added.
    pub async fn add_members(
        &self,
        actor: &UserId,
        room: &RoomId,
        people: Vec<UserId>,
    ) -> Result<Vec<Member>, Refusal> {
        if people.len() > limits::MAX_MEMBERS_PER_REQUEST {
            let message = format!("at most {} at a time", limits::MAX_MEMBERS_PER_REQUEST);
            return Err(Refusal::Invalid { field: "user_ids", message });
        }
        self.ask(actor, room, |reply| Request::AddMembers { actor: actor.clone(), users: people, reply })
            .await
    }

    /// Removes a member from a room; a user who removes itself leaves it. With its last member a room is deleted.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`], [`Refusal::NotOwner`].
    pub async fn remove_member(&self, actor: &UserId, room: &RoomId, person: &UserId) -> Result<(), Refusal> {
        let command = |reply| Request::RemoveMember {
            actor: actor.clone(),
            user: person.clone(),
            for_good: false,
            reply,
        };
        self.ask(actor, room, command).await
    }

    /// Removes a user from a room who is not to be added again until the user takes that back.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`].
    pub async fn leave_for_good(&self, user: &UserId, room: &RoomId) -> Result<(), Refusal> {
        let command =
            |reply| Request::RemoveMember { actor: user.clone(), user: user.clone(), for_good: true, reply };
        self.ask(user, room, command).await
    }

    /// Lets these users be added to a room again that they had left for good. Returns how many had.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn take_back_leaving(&self, room: &RoomId, users: &[UserId]) -> Result<u64, Refusal> {
        Ok(self.context.store.take_back_leaving(room, users).await?)
    }

    /// Posts a message and waits until it is committed.
    ///
    /// # Errors
    /// A blank or too long text; [`Refusal::TooFast`], [`Refusal::NoSuchRoom`], [`Refusal::Unavailable`] (then a resend
    /// is safe).
    pub async fn post(
        &self,
        author: &Arc<Person>,
        room: &RoomId,
        draft: DraftId,
        text: impl Into<Text<'_>>,
    ) -> Result<Message, Refusal> {
        let text = text.into();
        policy::check_body(text.body, self.context.settings.message_bytes)?;
        let actor = Actor { person: &author.id, is_service: false };
        quotas::count_message(&self.context, actor)?;
        let limits = &self.context.settings.quotas;
        self.context.limiters.spend_stored(&author.id, limits, Daily::Bytes, text.body.len())?;
        let Text { body, parent, kind } = text;
        let post = |reply| {
            let (author, body, reply) = (author.clone(), body.into(), Some(reply));
            Batched::Post(Box::new(Post { author, from: None, draft, body, parent, kind, reply }))
        };
        self.ask(&author.id, room, post).await
    }

    /// A page of a room's messages.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`].
    pub async fn history(
        &self,
        actor: &UserId,
        room: &RoomId,
        slice: Slice,
        limit: u32,
    ) -> Result<Page, Refusal> {
        let limit = limit.clamp(1, limits::MAX_PAGE_MESSAGES);
        room_access::page_for(&self.context, room, actor, slice, limit).await
    }

    /// Marks a room as read up to a number.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`].
    pub async fn mark_read(&self, actor: &UserId, room: &RoomId, seq: u64) -> Result<(), Refusal> {
        let (user, upto) = (actor.clone(), ReadTarget::Seq(seq));
        let read = |reply| Batched::Read(ReadRequest { user, upto, reply: Some(reply) });
        self.ask(actor, room, read).await
    }

    /// The answer to a join without a cursor, without joining: for pages that the server renders.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`].
    pub async fn peek(&self, actor: &UserId, room: &RoomId) -> Result<JoinedRoom, Refusal> {
        self.check_member(actor, room).await?;
        let record = self.context.store.room(room).await?.ok_or(Refusal::NoSuchRoom)?;
        self.snapshot(actor, record).await
    }

    /// As [`Hub::peek`], for the live room of a chat.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`], also while a room of another kind has the identifier of the live room.
    pub async fn peek_live(&self, actor: &UserId, chat: &RoomId) -> Result<JoinedRoom, Refusal> {
        let room = live_room::room_of(chat).ok_or(Refusal::NoSuchRoom)?;
        self.check_member(actor, &room).await?;
        let record = self.context.store.room(&room).await?;
        let record = record.filter(|record| record.chat.as_ref() == Some(chat));
        self.snapshot(actor, record.ok_or(Refusal::NoSuchRoom)?).await
    }

    async fn snapshot(&self, actor: &UserId, record: RoomRecord) -> Result<JoinedRoom, Refusal> {
        // Once more: the record is newer than the check before.
        let role = record.members.iter().find(|member| member.person.id == *actor).map(|member| member.role);
        policy::may_take_part(role)?;
        // Read after the record: the page may know more than the record's head, never less.
        let (id, limit) = (&record.id, limits::PAGE_MESSAGES);
        let page = room_access::page_for(&self.context, id, actor, Slice::Newest, limit).await?;
        let last = page.messages.last().map_or(0, |message| message.cursor.seq);
        let is_online = |user: &UserId| self.context.presence.is_online(user);
        Ok(JoinedRoom {
            room: record.id,
            head: Cursor { epoch: record.head.epoch, seq: record.head.seq.max(last) },
            recovered: false,
            has_more: page.has_more,
            messages: page.messages.iter().map(Message::to_wire).collect(),
            members: roster::roster(record.members.iter(), is_online).members().to_vec(),
            typing: Vec::new(),
            participants: Vec::new(),
            live: record.session.or(record.live),
        })
    }

    /// Checks that a user is a member of a room, without spawning the room.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`].
    pub async fn check_member(&self, person: &UserId, room: &RoomId) -> Result<(), Refusal> {
        room_access::check_member(&self.context, room, person).await
    }

    /// Sends a room a command of a user that is answered.
    async fn ask<T, C: Into<RoomCommand>>(
        &self,
        actor: &UserId,
        room: &RoomId,
        command: impl FnOnce(oneshot::Sender<Result<T, Refusal>>) -> C,
    ) -> Result<T, Refusal> {
        if self.context.lifecycle.is_stopping() {
            return Err(Refusal::Stopping);
        }
        let (reply, answer) = oneshot::channel();
        let mailbox = room_mailbox::for_user(&self.context, room, actor).await?;
        mailbox.send(command(reply).into()).await.map_err(|_| Refusal::Stopping)?;
        // A room answers every command in its mailbox; only a stop can come between.
        answer.await.map_err(|_| Refusal::Stopping)?
    }
}
