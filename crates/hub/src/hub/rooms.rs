//! Room operations of the hub, for gateways without a connection: create, read, change, post.

use std::collections::BTreeSet;
use std::sync::Arc;

use protocol::{
    Cursor, DraftId, JoinedRoom, Member, MessageId, MessageKind, RoomId, RoomKind, RoomSummary, UserId,
    limits,
};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::error::HubError;
use crate::live_room;
use crate::model::{Message, RoomRecord, User};
use crate::policy;
use crate::quotas::Daily;
use crate::room::{Batched, ChangeRequest, Post, ReadRequest, ReadTarget, Request, RoomCommand};
use crate::roster;
use crate::store::{Change, HistoryRange, Page, RoomDraft, Version};
use crate::{room_access, room_mailbox, room_notices};

use super::requester::Requester;
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
pub struct MessageText<'a> {
    /// The text.
    pub body: &'a str,
    /// The message of the same room that it answers.
    pub parent: Option<MessageId>,
    /// The kind of message.
    pub kind: MessageKind,
}

impl<'a> From<&'a str> for MessageText<'a> {
    /// Plain text that answers nothing.
    fn from(body: &'a str) -> Self {
        Self { body, ..Self::default() }
    }
}

impl Hub {
    /// Creates a room with `requester` as its owner and notifies its members.
    ///
    /// # Errors
    /// A bad name, a taken identifier, an unknown user, too many members.
    pub async fn create_room(&self, requester: &UserId, new: NewRoom) -> Result<RoomSummary, HubError> {
        let name = policy::room_name(&new.name)?;
        policy::stands_alone(new.kind)?;
        if new.members.len() > limits::MAX_MEMBERS_PER_REQUEST {
            let message = format!("at most {} at a time", limits::MAX_MEMBERS_PER_REQUEST);
            return Err(HubError::Invalid { field: "member_ids", message });
        }
        let all: BTreeSet<&UserId> = new.members.iter().chain([requester]).collect();
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
            owner: requester.clone(),
            members: new.members,
            at_ms: self.context.clock.now_ms(),
        };
        let record = self.context.store.create_room(draft).await?;
        for member in &record.members {
            room_notices::notify_room_added(&self.context, &record.id, &member.user.id).await?;
        }
        self.room(requester, &record.id).await
    }

    /// The rooms of a user, newest activity first.
    ///
    /// # Errors
    /// [`HubError::Unavailable`].
    pub async fn rooms_of(
        &self,
        user: &UserId,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Vec<RoomSummary>, HubError> {
        Ok(self.context.store.summaries(user, after, limit).await?)
    }

    /// One room, as a member sees it.
    ///
    /// # Errors
    /// [`HubError::NoSuchRoom`].
    pub async fn room(&self, user: &UserId, room: &RoomId) -> Result<RoomSummary, HubError> {
        self.context.store.summary(room, user).await?.ok_or(HubError::NoSuchRoom)
    }

    /// Gives a room another display name.
    ///
    /// # Errors
    /// A bad name; [`HubError::NoSuchRoom`], [`HubError::NotOwner`].
    pub async fn rename_room(
        &self,
        requester: &UserId,
        room: &RoomId,
        name: &str,
    ) -> Result<RoomSummary, HubError> {
        let name = policy::room_name(name)?;
        let requester = requester.clone();
        self.ask(&requester, room, |reply| Request::Rename { requester: requester.clone(), name, reply })
            .await?;
        self.room(&requester, room).await
    }

    /// Deletes a room with all its messages.
    ///
    /// # Errors
    /// [`HubError::NoSuchRoom`], [`HubError::NotOwner`].
    pub async fn delete_room(&self, requester: &UserId, room: &RoomId) -> Result<(), HubError> {
        self.ask(requester, room, |reply| Request::Delete { requester: requester.clone(), reply }).await
    }

    /// The members of a room, owners first, then by name.
    ///
    /// # Errors
    /// [`HubError::NoSuchRoom`].
    pub async fn members(&self, requester: &UserId, room: &RoomId) -> Result<Vec<Member>, HubError> {
        Ok(self.peek(requester, room).await?.members)
    }

    /// Adds members to a room and returns the new ones.
    ///
    /// # Errors
    /// [`HubError::NoSuchRoom`], [`HubError::NoSuchUser`], [`HubError::RoomFull`]; then no member was added.
    pub async fn add_members(
        &self,
        requester: &UserId,
        room: &RoomId,
        users: Vec<UserId>,
    ) -> Result<Vec<Member>, HubError> {
        if users.len() > limits::MAX_MEMBERS_PER_REQUEST {
            let message = format!("at most {} at a time", limits::MAX_MEMBERS_PER_REQUEST);
            return Err(HubError::Invalid { field: "user_ids", message });
        }
        self.ask(requester, room, |reply| Request::AddMembers { requester: requester.clone(), users, reply })
            .await
    }

    /// Removes a member from a room; a user who removes itself leaves it. With its last member a room is deleted.
    ///
    /// # Errors
    /// [`HubError::NoSuchRoom`], [`HubError::NotOwner`].
    pub async fn remove_member(
        &self,
        requester: &UserId,
        room: &RoomId,
        user: &UserId,
    ) -> Result<(), HubError> {
        let command = |reply| Request::RemoveMember {
            requester: requester.clone(),
            user: user.clone(),
            for_good: false,
            reply,
        };
        self.ask(requester, room, command).await
    }

    /// Removes a user from a room for good: the user is not added again until the user takes that back.
    ///
    /// # Errors
    /// [`HubError::NoSuchRoom`].
    pub async fn leave_for_good(&self, user: &UserId, room: &RoomId) -> Result<(), HubError> {
        let command = |reply| Request::RemoveMember {
            requester: user.clone(),
            user: user.clone(),
            for_good: true,
            reply,
        };
        self.ask(user, room, command).await
    }

    /// Lets these users be added to a room again that they had left for good. Returns how many had.
    ///
    /// # Errors
    /// [`HubError::Unavailable`].
    pub async fn take_back_leaving(&self, room: &RoomId, users: &[UserId]) -> Result<u64, HubError> {
        Ok(self.context.store.take_back_leaving(room, users).await?)
    }

    /// Posts a message and waits until it is committed.
    ///
    /// # Errors
    /// A blank or too long text; [`HubError::TooFast`], [`HubError::NoSuchRoom`], [`HubError::Unavailable`] (then a resend
    /// is safe).
    pub async fn post(
        &self,
        author: &Arc<User>,
        room: &RoomId,
        draft: DraftId,
        text: impl Into<MessageText<'_>>,
    ) -> Result<Message, HubError> {
        let text = text.into();
        policy::check_body(text.body, self.context.settings.message_bytes)?;
        let requester = Requester { user: &author.id, is_service: false };
        quotas::count_message(&self.context, requester)?;
        let limits = &self.context.settings.quotas;
        self.context.limiters.spend_stored(&author.id, limits, Daily::Bytes, text.body.len())?;
        let MessageText { body, parent, kind } = text;
        let post = |reply| {
            let (author, body, reply) = (author.clone(), body.into(), Some(reply));
            Batched::Post(Box::new(Post { author, from: None, draft, body, parent, kind, reply }))
        };
        self.ask(&author.id, room, post).await
    }

    /// Changes a message and waits until that is committed. Returns the message as it is then.
    ///
    /// # Errors
    /// A blank or too long text; [`HubError::NoSuchMessage`], [`HubError::Change`], [`HubError::TooFast`],
    /// [`HubError::Unavailable`] (then a resend with the same draft is safe).
    pub async fn change(
        &self,
        author: &Arc<User>,
        message: MessageId,
        draft: DraftId,
        change: Change,
    ) -> Result<Message, HubError> {
        policy::check_change(&change, &self.context.settings)?;
        let requester = Requester { user: &author.id, is_service: false };
        quotas::count_message(&self.context, requester)?;
        let limits = &self.context.settings.quotas;
        self.context.limiters.spend_stored(&author.id, limits, Daily::Bytes, change.stored_bytes())?;
        let (room, cursor) = self.locate(&author.id, message).await?;
        let request = |reply| {
            let (author, reply) = (author.clone(), Some(reply));
            Batched::Change(Box::new(ChangeRequest { author, from: None, draft, message, change, reply }))
        };
        self.ask(&author.id, &room, request).await?;
        self.message_at(&author.id, &room, cursor).await
    }

    /// The earlier texts of a message, oldest first.
    ///
    /// # Errors
    /// [`HubError::NoSuchMessage`].
    pub async fn versions(&self, requester: &UserId, message: MessageId) -> Result<Vec<Version>, HubError> {
        let (room, cursor) = self.locate(requester, message).await?;
        Ok(self.context.store.versions(&room, cursor.seq).await?)
    }

    /// Where a message is that a user may read.
    async fn locate(&self, user: &UserId, message: MessageId) -> Result<(RoomId, Cursor), HubError> {
        let found = self.context.store.find_message(message).await?;
        let (room, cursor) = found.ok_or(HubError::NoSuchMessage)?;
        match self.check_member(user, &room).await {
            Ok(()) => Ok((room, cursor)),
            Err(HubError::NoSuchRoom) => Err(HubError::NoSuchMessage),
            Err(error) => Err(error),
        }
    }

    async fn message_at(&self, user: &UserId, room: &RoomId, cursor: Cursor) -> Result<Message, HubError> {
        let slice = HistoryRange::After(cursor.seq.saturating_sub(1));
        let page = room_access::page_for(&self.context, room, user, slice, 1).await?;
        page.messages.into_iter().next().ok_or(HubError::NoSuchMessage)
    }

    /// A page of a room's messages.
    ///
    /// # Errors
    /// [`HubError::NoSuchRoom`].
    pub async fn history(
        &self,
        requester: &UserId,
        room: &RoomId,
        slice: HistoryRange,
        limit: u32,
    ) -> Result<Page, HubError> {
        let limit = limit.clamp(1, limits::MAX_PAGE_MESSAGES);
        room_access::page_for(&self.context, room, requester, slice, limit).await
    }

    /// Marks a room as read up to a number.
    ///
    /// # Errors
    /// [`HubError::NoSuchRoom`].
    pub async fn mark_read(&self, requester: &UserId, room: &RoomId, seq: u64) -> Result<(), HubError> {
        let (user, upto) = (requester.clone(), ReadTarget::Seq(seq));
        let read = |reply| Batched::Read(Box::new(ReadRequest { user, upto, reply: Some(reply) }));
        self.ask(requester, room, read).await
    }

    /// The answer to a join without a cursor, without joining: for pages that the server renders.
    ///
    /// # Errors
    /// [`HubError::NoSuchRoom`].
    pub async fn peek(&self, requester: &UserId, room: &RoomId) -> Result<JoinedRoom, HubError> {
        self.check_member(requester, room).await?;
        let record = self.context.store.room(room).await?.ok_or(HubError::NoSuchRoom)?;
        self.snapshot(requester, record).await
    }

    /// As [`Hub::peek`], for the live room of a chat.
    ///
    /// # Errors
    /// [`HubError::NoSuchRoom`], also while a room of another kind has the identifier of the live room.
    pub async fn peek_live(&self, requester: &UserId, chat: &RoomId) -> Result<JoinedRoom, HubError> {
        let room = live_room::room_of(chat).ok_or(HubError::NoSuchRoom)?;
        self.check_member(requester, &room).await?;
        let record = self.context.store.room(&room).await?;
        let record = record.filter(|record| record.chat.as_ref() == Some(chat));
        self.snapshot(requester, record.ok_or(HubError::NoSuchRoom)?).await
    }

    async fn snapshot(&self, requester: &UserId, record: RoomRecord) -> Result<JoinedRoom, HubError> {
        // Once more: the record is newer than the check before.
        let role =
            record.members.iter().find(|member| member.user.id == *requester).map(|member| member.role);
        policy::may_take_part(role)?;
        // Read after the record: the page may know more than the record's head, never less.
        let (id, limit) = (&record.id, limits::PAGE_MESSAGES);
        let page = room_access::page_for(&self.context, id, requester, HistoryRange::Newest, limit).await?;
        let last = page.messages.last().map_or(0, |message| message.cursor.seq);
        let is_online = |user: &UserId| self.context.presence.is_online(user);
        Ok(JoinedRoom {
            room: record.id,
            chat: record.chat,
            head: Cursor { epoch: record.head.epoch, seq: record.head.seq.max(last) },
            recovered: false,
            has_more: page.has_more,
            messages: page.messages.iter().map(Message::to_wire).collect(),
            members: roster::roster(record.members.iter(), is_online).members().to_vec(),
            typing: Vec::new(),
            participants: Vec::new(),
            live: record.session.or(record.live),
            rev: None,
            changed: Vec::new(),
        })
    }

    /// Checks that a user is a member of a room, without spawning the room.
    ///
    /// # Errors
    /// [`HubError::NoSuchRoom`].
    pub async fn check_member(&self, user: &UserId, room: &RoomId) -> Result<(), HubError> {
        room_access::check_member(&self.context, room, user).await
    }

    /// Sends a room a command of a user that is answered.
    async fn ask<T, C: Into<RoomCommand>>(
        &self,
        requester: &UserId,
        room: &RoomId,
        command: impl FnOnce(oneshot::Sender<Result<T, HubError>>) -> C,
    ) -> Result<T, HubError> {
        if self.context.lifecycle.is_stopping() {
            return Err(HubError::Stopping);
        }
        let (reply, answer) = oneshot::channel();
        let mailbox = room_mailbox::for_user(&self.context, room, requester).await?;
        mailbox.send(command(reply).into()).await.map_err(|_| HubError::Stopping)?;
        // A room answers every command in its mailbox; only a stop can come between.
        answer.await.map_err(|_| HubError::Stopping)?
    }
}
