//! Rooms, from any door: made, looked at, changed, written to.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use protocol::{
    Cursor, DraftId, JoinedRoom, Member, MessageId, MessageKind, RoomId, RoomKind, RoomSummary, UserId,
    limits,
};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::live;
use crate::model::{Message, Person, RoomRecord};
use crate::policy;
use crate::port::{Page, RoomDraft, Slice};
use crate::quotas::Daily;
use crate::refusal::Refusal;
use crate::room::{Batched, Post, ReadRequest, ReadTarget, Request, RoomCommand};
use crate::roster;

use super::{Actor, Hub};

/// A room to be made by somebody.
#[derive(Debug, Clone)]
pub struct NewRoom {
    /// An identifier of one's own choice, else a UUID.
    pub id: Option<RoomId>,
    /// The display name.
    pub name: String,
    /// What sort of room.
    pub kind: RoomKind,
    /// Who else is in it; the maker always is.
    pub members: Vec<UserId>,
}

/// What somebody says.
#[derive(Debug, Clone, Default)]
pub struct Text<'a> {
    /// The text.
    pub body: &'a str,
    /// The message of the same room that it answers.
    pub parent: Option<MessageId>,
    /// What it is.
    pub kind: MessageKind,
}

impl<'a> From<&'a str> for Text<'a> {
    /// Plain text that answers nothing.
    fn from(body: &'a str) -> Self {
        Self { body, ..Self::default() }
    }
}

impl Hub {
    /// Makes a room with `actor` as its owner and tells those who are in it.
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
            self.context.tell_of_new_room(&record.id, &member.person.id).await?;
        }
        self.room(actor, &record.id).await
    }

    /// The rooms that somebody is in, newest activity first.
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

    /// One room, as somebody in it sees it.
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

    /// Deletes a room with all that was said in it.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`], [`Refusal::NotOwner`].
    pub async fn delete_room(&self, actor: &UserId, room: &RoomId) -> Result<(), Refusal> {
        self.ask(actor, room, |reply| Request::Delete { actor: actor.clone(), reply }).await
    }

    /// Everybody in a room, owners first, then by name.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`].
    pub async fn members(&self, actor: &UserId, room: &RoomId) -> Result<Vec<Member>, Refusal> {
        Ok(self.peek(actor, room).await?.members)
    }

    /// Puts people into a room and answers with those who were not in it before.
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

    /// Takes somebody out of a room; oneself is to leave it. The last one to leave takes the room along.
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

    /// Takes a user out of a room who is not to be put into it again, until the user takes that back.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`].
    pub async fn leave_for_good(&self, user: &UserId, room: &RoomId) -> Result<(), Refusal> {
        let command =
            |reply| Request::RemoveMember { actor: user.clone(), user: user.clone(), for_good: true, reply };
        self.ask(user, room, command).await
    }

    /// Says something and waits until it is committed.
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
        self.count(Actor { person: &author.id, is_service: false })?;
        self.context.count_stored(&author.id, Daily::Bytes, text.body.len())?;
        let Text { body, parent, kind } = text;
        let post = |reply| {
            let (author, body, reply) = (author.clone(), body.into(), Some(reply));
            Batched::Post(Box::new(Post { author, from: None, draft, body, parent, kind, reply }))
        };
        self.ask(&author.id, room, post).await
    }

    /// A part of a room's messages.
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
        self.context.page_for(room, actor, slice, limit).await
    }

    /// Notes that somebody has read a room up to a number.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`].
    pub async fn mark_read(&self, actor: &UserId, room: &RoomId, seq: u64) -> Result<(), Refusal> {
        let (user, upto) = (actor.clone(), ReadTarget::Seq(seq));
        let read = |reply| Batched::Read(ReadRequest { user, upto, reply: Some(reply) });
        self.ask(actor, room, read).await
    }

    /// What a join without a cursor would bring, without joining: for pages that are rendered on the server.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`].
    pub async fn peek(&self, actor: &UserId, room: &RoomId) -> Result<JoinedRoom, Refusal> {
        self.check_member(actor, room).await?;
        let record = self.context.store.room(room).await?.ok_or(Refusal::NoSuchRoom)?;
        self.look_into(actor, record).await
    }

    /// As [`Hub::peek`], for the live room of a chat.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`], also while a room of another kind has the identifier of the live room.
    pub async fn peek_live(&self, actor: &UserId, chat: &RoomId) -> Result<JoinedRoom, Refusal> {
        let room = live::room_of(chat).ok_or(Refusal::NoSuchRoom)?;
        self.check_member(actor, &room).await?;
        let record = self.context.store.room(&room).await?;
        let record = record.filter(|record| record.chat.as_ref() == Some(chat));
        self.look_into(actor, record.ok_or(Refusal::NoSuchRoom)?).await
    }

    async fn look_into(&self, actor: &UserId, record: RoomRecord) -> Result<JoinedRoom, Refusal> {
        // Once more: the record is newer than the look before.
        let role = record.members.iter().find(|member| member.person.id == *actor).map(|member| member.role);
        policy::may_take_part(role)?;
        // Read after the record: the page may know more than the record's head, never less.
        let page = self.context.page_for(&record.id, actor, Slice::Newest, limits::PAGE_MESSAGES).await?;
        let last = page.messages.last().map_or(0, |message| message.cursor.seq);
        let present = |person: &UserId| self.context.registry.is_present(person);
        Ok(JoinedRoom {
            room: record.id,
            head: Cursor { epoch: record.head.epoch, seq: record.head.seq.max(last) },
            recovered: false,
            has_more: page.has_more,
            messages: page.messages.iter().map(Message::to_wire).collect(),
            members: roster::roster(record.members.iter(), present).members().to_vec(),
            typing: Vec::new(),
            participants: Vec::new(),
            live: record.session.or(record.live),
        })
    }

    /// Whether somebody is in a room, without waking it.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRoom`].
    pub async fn check_member(&self, person: &UserId, room: &RoomId) -> Result<(), Refusal> {
        policy::may_take_part(self.context.role(room, person).await?)
    }

    /// Sends a room a command of somebody's that is answered.
    async fn ask<T, C: Into<RoomCommand>>(
        &self,
        actor: &UserId,
        room: &RoomId,
        command: impl FnOnce(oneshot::Sender<Result<T, Refusal>>) -> C,
    ) -> Result<T, Refusal> {
        if self.context.stopping.load(Ordering::Relaxed) {
            return Err(Refusal::Stopping);
        }
        let (reply, answer) = oneshot::channel();
        let mailbox = self.context.mailbox_for(room, actor).await?;
        mailbox.send(command(reply).into()).await.map_err(|_| Refusal::Stopping)?;
        // A room answers everything it has taken in; only a stop can come between.
        answer.await.map_err(|_| Refusal::Stopping)?
    }
}
