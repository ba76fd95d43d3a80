//! Store: the traits of the store and the clock that the hub needs from outside, so that it depends on no database and no
//! machine.
//!
//! The store's traits go through `async_trait`, because the hub holds its store as a trait object.

mod change;
mod error;
mod inbox;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use protocol::{
    Cursor, DraftId, LiveChange, MessageId, MessageKind, Role, RoomId, RoomKind, RoomSummary, UserId,
};

pub use change::{
    Change, ChangeBatch, ChangeDraft, ChangeError, ChangeKind, ChangeRecord, ChangeRights, ChangeTarget,
    Changed, Version,
};
pub use error::StoreError;
pub(crate) use inbox::item_bytes;
pub use inbox::{
    Delivered, Entry, InboxKind, InboxState, InboxStore, JobWrite, NewEntry, Notifications, ReadNotifications,
};

use crate::model::{Membership, Message, RoomHead, RoomRecord, User};

/// How long until a store that failed is asked again.
pub(crate) const RETRY_DELAY: Duration = Duration::from_secs(1);

/// A room to be created.
#[derive(Debug, Clone)]
pub struct RoomDraft {
    /// Which.
    pub id: RoomId,
    /// Its display name.
    pub name: String,
    /// The kind of room.
    pub kind: RoomKind,
    /// The epoch of its numbers.
    pub epoch: u32,
    /// The user who creates it.
    pub owner: UserId,
    /// Its other members; may contain the owner and duplicates.
    pub members: Vec<UserId>,
    /// Milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
}

/// A message without a number.
#[derive(Debug, Clone)]
pub struct MessageDraft {
    /// Its id, if it becomes a message.
    pub id: MessageId,
    /// The author.
    pub author: Arc<User>,
    /// The id that its author gave it.
    pub draft: DraftId,
    /// The text.
    pub body: Arc<str>,
    /// The message of the same room that it answers; the caller has checked it.
    pub parent: Option<MessageId>,
    /// What it is.
    pub kind: MessageKind,
}

/// The result for one draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// It has the next number.
    New(Message),
    /// Its author had sent it before; this is the message of that time.
    Known(Message),
}

/// A part of a room's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryRange {
    /// The end of the room.
    Newest,
    /// The messages just before this number.
    Before(u64),
    /// The messages just after this number.
    After(u64),
}

/// Some messages, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// At most as many as were asked for.
    pub messages: Vec<Message>,
    /// Whether there are more, in the direction of the [`HistoryRange`].
    pub has_more: bool,
}

/// Stores rooms, their members and their messages.
///
/// Every call changes everything in one transaction, which is on disk when the call returns; reads return only what is on
/// disk. All implementations pass the same contract test.
#[async_trait]
pub trait Store: InboxStore {
    /// Creates a room.
    ///
    /// # Errors
    /// [`StoreError::RoomTaken`], [`StoreError::RoomDeleted`], [`StoreError::NoSuchUser`].
    async fn create_room(&self, room: RoomDraft) -> Result<RoomRecord, StoreError>;

    /// The room with its members; `None` if there is none.
    async fn room(&self, room: &RoomId) -> Result<Option<RoomRecord>, StoreError>;

    /// The live room of a chat, created at the first call with the identifier `room`. `None` if there is no such chat, or if it
    /// has no live room and another room has the identifier; a live room is no chat. Its name and its members are those of the
    /// chat at every moment, and it is deleted with the chat. It is in no list of rooms, nothing in it is marked as read, and
    /// renaming it or adding members is [`StoreError::NoSuchRoom`].
    async fn live_room(
        &self,
        room: &RoomId,
        chat: &RoomId,
        epoch: u32,
        at_ms: i64,
    ) -> Result<Option<RoomRecord>, StoreError>;

    /// Stores the status of a live session. For a room that does not exist, this is no error.
    async fn set_live(&self, change: &LiveChange) -> Result<(), StoreError>;

    /// Gives the room another display name.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRoom`].
    async fn rename_room(&self, room: &RoomId, name: &str) -> Result<(), StoreError>;

    /// Deletes the room, its members, marks and messages, and the live room of a chat with it. No room is made with its
    /// identifier any more, unless that was [reserved](protocol::is_reserved). Deleting a missing room is no error.
    async fn delete_room(&self, room: &RoomId) -> Result<(), StoreError>;

    /// Adds members to the room, and returns those that are new.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRoom`], [`StoreError::NoSuchUser`], [`StoreError::LeftForGood`]; then no member was added.
    async fn add_members(
        &self,
        room: &RoomId,
        users: &[UserId],
        at_ms: i64,
    ) -> Result<Vec<Membership>, StoreError>;

    /// Removes a member from the room. If the room has no owner then, the oldest member becomes one; returns the new owner.
    /// Removing a user who is no member changes nothing and is no error.
    async fn remove_member(&self, room: &RoomId, user: &UserId) -> Result<Option<UserId>, StoreError>;

    /// As [`Store::remove_member`], and from then on [`Store::add_members`] fails for this user and room, until that is taken
    /// back. For a user who is no member, nothing changes.
    async fn leave_for_good(&self, room: &RoomId, user: &UserId) -> Result<Option<UserId>, StoreError>;

    /// Allows these users to be added to the room again. Returns how many had left it for good.
    async fn take_back_leaving(&self, room: &RoomId, users: &[UserId]) -> Result<u64, StoreError>;

    /// The number of rooms that a user owns; live rooms are part of their chats.
    async fn rooms_owned(&self, user: &UserId) -> Result<u64, StoreError>;

    /// The number of these users, each counted once, that share no room with `user` and are not `user`. Unknown users count as
    /// well.
    async fn strangers(&self, user: &UserId, users: &[UserId]) -> Result<u64, StoreError>;

    /// Gives the drafts the next numbers, in their order, without gaps; drafts that their author sent to this room before (also
    /// earlier in the same call) keep their number. Returns the results in the order of the drafts.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRoom`].
    async fn append(
        &self,
        room: &RoomId,
        drafts: Vec<MessageDraft>,
        at_ms: i64,
    ) -> Result<Vec<Appended>, StoreError>;

    /// Makes the changes in their order, and gives each the next number of the room's changes, without gaps. A draft that its
    /// author sent to this room before (also earlier in the same call) keeps its number, and what changes nothing takes
    /// none. [`ChangeDraft::decide`] decides on every other one.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRoom`], [`StoreError::NoSuchUser`]; then nothing was changed.
    async fn change(
        &self,
        room: &RoomId,
        drafts: Vec<ChangeDraft>,
        at_ms: i64,
    ) -> Result<ChangeBatch, StoreError>;

    /// Messages with a number up to and with `upto` that were changed after the change `rev`, as they are now, in the order of
    /// their last changes; as many as [`page`](Self::page) returns.
    async fn messages_changed_after(
        &self,
        room: &RoomId,
        rev: u64,
        upto: u64,
        limit: u32,
    ) -> Result<Page, StoreError>;

    /// The room's changes after the change `rev`, in their order, at most `limit`.
    async fn changes_after(
        &self,
        room: &RoomId,
        rev: u64,
        limit: u32,
    ) -> Result<Vec<ChangeRecord>, StoreError>;

    /// The newest earlier texts of a message, oldest first; none of a message that was deleted, or never edited. At most
    /// [`protocol::limits::MAX_PAGE_MESSAGES`], and no more after that with which they have more than
    /// [`protocol::limits::PAGE_BYTES`].
    async fn versions(&self, room: &RoomId, seq: u64) -> Result<Vec<Version>, StoreError>;

    /// Advances the read marker of each of these users to the number beside it; never lowers it, and does nothing for users who
    /// are no members. Many at once, because each message in a busy room is read by all members.
    async fn mark_read(&self, room: &RoomId, marks: &[(UserId, u64)]) -> Result<(), StoreError>;

    /// A part of the room's messages, oldest first; empty for a room that does not exist. At most `limit`, and no more after
    /// that with which their bodies have more than [`protocol::limits::PAGE_BYTES`].
    async fn page(&self, room: &RoomId, slice: HistoryRange, limit: u32) -> Result<Page, StoreError>;

    /// As [`page`](Self::page), for a user who is a member of the room (or of the chat of a live room) at the moment of the
    /// page; `None` for other users, and for a room that does not exist.
    async fn page_for(
        &self,
        room: &RoomId,
        user: &UserId,
        slice: HistoryRange,
        limit: u32,
    ) -> Result<Option<Page>, StoreError>;

    /// The room and the position of a message of any room.
    async fn find_message(&self, message: MessageId) -> Result<Option<(RoomId, Cursor)>, StoreError>;

    /// The heads of a user's rooms, live rooms of chats among them.
    async fn room_heads(&self, user: &UserId) -> Result<Vec<RoomHead>, StoreError>;

    /// The role of a user in a room; `None` for a user who is no member.
    async fn role(&self, room: &RoomId, user: &UserId) -> Result<Option<Role>, StoreError>;

    /// One room as a member sees it in a list; `None` for a user who is no member.
    async fn summary(&self, room: &RoomId, user: &UserId) -> Result<Option<RoomSummary>, StoreError>;

    /// The rooms of a user: the one with the newest message (or, without a message, the one created last) comes first, also
    /// where the times that the store was given fell meanwhile; rooms of the same time are in the order of their ids. `after`
    /// is the last room of the page before.
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
