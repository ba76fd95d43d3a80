//! The ports: what the hub needs from outside, a store and a clock, so that it depends on no database and no machine.
//!
//! The store's traits go through `async_trait`, because the hub holds its store as a trait object.

mod error;
mod inbox;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use protocol::{
    Cursor, DraftId, LiveChange, MessageId, MessageKind, Role, RoomId, RoomKind, RoomSummary, UserId,
};

pub use error::StoreError;
pub(crate) use inbox::item_bytes;
pub use inbox::{
    Delivered, Entry, InboxKind, InboxState, InboxStore, JobWrite, NewEntry, Notifications, ReadNotifications,
};

use crate::model::{Membership, Message, RoomRecord, User};

/// How long until a store that did not answer is asked again.
pub(crate) const AGAIN: Duration = Duration::from_secs(1);

/// A room to be made.
#[derive(Debug, Clone)]
pub struct RoomDraft {
    /// Which.
    pub id: RoomId,
    /// Its display name.
    pub name: String,
    /// What sort of room.
    pub kind: RoomKind,
    /// The epoch of its numbers.
    pub epoch: u32,
    /// Who makes it.
    pub owner: UserId,
    /// Who else is in it; may name the owner and may repeat itself.
    pub members: Vec<UserId>,
    /// Milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
}

/// A message without a number.
#[derive(Debug, Clone)]
pub struct MessageDraft {
    /// Its own name, if it becomes a message.
    pub id: MessageId,
    /// Who said it.
    pub author: Arc<User>,
    /// The name its author gave it.
    pub draft: DraftId,
    /// The text.
    pub body: Arc<str>,
    /// The message of the same room that it answers; whoever hands over the draft has looked.
    pub parent: Option<MessageId>,
    /// What it is.
    pub kind: MessageKind,
}

/// What became of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// It has the next number.
    New(Message),
    /// Its author had sent it before; this is the message it became then.
    Known(Message),
}

/// A part of a room's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryRange {
    /// The end of the room.
    Newest,
    /// What comes just before this number.
    Before(u64),
    /// What comes just after this number.
    After(u64),
}

/// Some messages, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// At most as many as were asked for.
    pub messages: Vec<Message>,
    /// Whether there are more, in the direction of the [`HistoryRange`].
    pub has_more: bool,
}

/// Remembers rooms, their members and their messages.
///
/// Everything a call changes is changed in one transaction and is on disk when the answer arrives; what is read is on disk,
/// too. All implementations pass the same contract test.
#[async_trait]
pub trait Store: InboxStore {
    /// Makes a room.
    ///
    /// # Errors
    /// [`StoreError::RoomTaken`], [`StoreError::RoomDeleted`], [`StoreError::NoSuchPerson`].
    async fn create_room(&self, room: RoomDraft) -> Result<RoomRecord, StoreError>;

    /// The room with its members; `None` if there is none.
    async fn room(&self, room: &RoomId) -> Result<Option<RoomRecord>, StoreError>;

    /// The live room of a chat, made at the first call with the identifier `room`. `None` if there is no such chat, or if it
    /// has no live room and another room has the identifier; a live room is no chat. Its name and its members are those of the
    /// chat at every moment, and it goes when the chat goes. It is in no list of rooms, nothing in it is marked as read, and
    /// giving it another name or more people is [`StoreError::NoSuchRoom`].
    async fn live_room(
        &self,
        room: &RoomId,
        chat: &RoomId,
        epoch: u32,
        at_ms: i64,
    ) -> Result<Option<RoomRecord>, StoreError>;

    /// Keeps what an owner last said of a session. Doing so for a room that is not there is no error.
    async fn set_live(&self, change: &LiveChange) -> Result<(), StoreError>;

    /// Gives the room another display name.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRoom`].
    async fn rename_room(&self, room: &RoomId, name: &str) -> Result<(), StoreError>;

    /// Deletes the room, its members, marks and messages, and the live room of a chat with it. No room is made with its
    /// identifier any more, unless that was [reserved](protocol::is_reserved). Deleting what is not there is no error.
    async fn delete_room(&self, room: &RoomId) -> Result<(), StoreError>;

    /// Puts people into the room and answers with those who were not in it before.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRoom`], [`StoreError::NoSuchPerson`], [`StoreError::LeftForGood`]; then nobody was added.
    async fn add_members(
        &self,
        room: &RoomId,
        users: &[UserId],
        at_ms: i64,
    ) -> Result<Vec<Membership>, StoreError>;

    /// Takes somebody out of the room. If that leaves it without an owner, whoever has been in it longest becomes one;
    /// the answer names the new owner. Taking out who is not in it changes nothing and is no error.
    async fn remove_member(&self, room: &RoomId, user: &UserId) -> Result<Option<UserId>, StoreError>;

    /// As [`Store::remove_member`], and from then on [`Store::add_members`] refuses this user for the room, until that is
    /// taken back. Who is not in the room stays as before.
    async fn leave_for_good(&self, room: &RoomId, user: &UserId) -> Result<Option<UserId>, StoreError>;

    /// These users may be put into the room again. Answers how many had left it for good.
    async fn take_back_leaving(&self, room: &RoomId, users: &[UserId]) -> Result<u64, StoreError>;

    /// How many rooms a user owns; live rooms are part of their chats.
    async fn rooms_owned(&self, user: &UserId) -> Result<u64, StoreError>;

    /// How many of these users, each counted once, are in no room together with `user` and are not `user`. Who is not known
    /// counts as well.
    async fn strangers(&self, user: &UserId, users: &[UserId]) -> Result<u64, StoreError>;

    /// Gives the drafts the next numbers, in their order, without holes; drafts that their author sent to this room
    /// before (also earlier in the same call) keep the number they have. Answers in the order of the drafts.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRoom`].
    async fn append(
        &self,
        room: &RoomId,
        drafts: Vec<MessageDraft>,
        at_ms: i64,
    ) -> Result<Vec<Appended>, StoreError>;

    /// Raises what each of these people has read to the number beside them; never lowers it, and does nothing for who
    /// is not a member. Many at once, because one message in a busy room brings a mark from everybody.
    async fn mark_read(&self, room: &RoomId, marks: &[(UserId, u64)]) -> Result<(), StoreError>;

    /// A part of the room's messages, oldest first; empty for a room that does not exist. At most `limit`, and no more after
    /// that with which their bodies have more than [`protocol::limits::PAGE_BYTES`].
    async fn page(&self, room: &RoomId, slice: HistoryRange, limit: u32) -> Result<Page, StoreError>;

    /// As [`page`](Self::page), for somebody who is in the room (or in the chat of a live room) at the moment of which the page
    /// is; `None` for anybody else, and for a room that does not exist.
    async fn page_for(
        &self,
        room: &RoomId,
        user: &UserId,
        slice: HistoryRange,
        limit: u32,
    ) -> Result<Option<Page>, StoreError>;

    /// The room and the place of a message, wherever it was said.
    async fn find_message(&self, message: MessageId) -> Result<Option<(RoomId, Cursor)>, StoreError>;

    /// Where the rooms stand that somebody is in, live rooms of chats among them.
    async fn room_positions(&self, user: &UserId) -> Result<Vec<(RoomId, Cursor)>, StoreError>;

    /// What somebody may do in a room; `None` for who is not in it.
    async fn role(&self, room: &RoomId, user: &UserId) -> Result<Option<Role>, StoreError>;

    /// One room as somebody sees it in a list; `None` for who is not in it.
    async fn summary(&self, room: &RoomId, user: &UserId) -> Result<Option<RoomSummary>, StoreError>;

    /// The rooms that somebody is in: what was said last (or, without a message, made last) comes first, also where the
    /// times that the store was given fell meanwhile; rooms of the same time are in the order of their ids.
    /// `after` is the last room of the page before.
    async fn summaries(
        &self,
        user: &UserId,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Vec<RoomSummary>, StoreError>;
}

/// Two clocks: the calendar, for what outlives the process or is shown, and one that only goes forward, for everything that
/// is measured inside the process.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970-01-01 UTC. May jump in either direction: the machine's clock is corrected, or set wrongly.
    fn now_ms(&self) -> i64;

    /// Milliseconds since a moment before this process began its work. Never goes back and never jumps.
    fn monotonic_ms(&self) -> i64;
}
