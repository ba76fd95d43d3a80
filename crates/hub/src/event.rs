//! Events: everything that a client can be sent, before a dialect encodes it.

use std::sync::Arc;

use protocol::{
    Changes, Closing, DirectMessage, Done, Expiry, InboxPosition, JobChange, LiveChange, Maintenance, Member,
    MemberAdded, MemberRemoved, MessageId, Notification, ParticipantChange, Pong, Posted, PresenceChange,
    RawJson, ReadMark, RoomId, RoomName, RoomRef, RoomSummary, RunEnd, RunStep, Signal, SimulationPlan,
    TypingChange, UserId, Welcome,
};

use crate::error::HubError;
use crate::join_snapshot::JoinSnapshot;
use crate::model::Message;
use crate::queue::StreamPosition;
use crate::roster::Roster;
use crate::store::ChangeRecord;

/// An event for clients.
///
/// Its encoded frame must not depend on the receiver: all subscribers of a room share the bytes.
#[derive(Debug)]
pub enum Event {
    /// Signed in.
    Welcome(Welcome, Stamp),
    /// The token was renewed.
    Authenticated(Expiry),
    /// The token ends soon.
    Expiring(Expiry),
    /// The answer to a join. Built for one client.
    Joined(Box<JoinSnapshot>),
    /// The name and the members of a room that was joined, for dialects whose answer to a join does not have them.
    RoomEntered(Box<RoomEntry>),
    /// The answer to [`Command::ListRooms`](crate::Command::ListRooms).
    RoomList(RoomList),
    /// The answer to [`Command::FetchMessages`](crate::Command::FetchMessages).
    Messages(Box<FetchedMessages>),
    /// The subscription to a room has ended.
    Left(RoomRef),
    /// A committed message.
    Message(Message),
    /// The client's own draft is committed.
    Posted(Posted),
    /// Messages of a room were changed: what one commit made of them.
    Changed(Changes),
    /// A change of a message. One for each that an [`Event::Changed`] covers, for dialects that name changes.
    Change(Box<MessageChange>),
    /// A message as it is after changes that a client has missed which comes back, in a dialect that names changes.
    MessageChanged(Message),
    /// The client's own change is committed.
    Done(Done),
    /// An application's own event in a room.
    Broadcast(Broadcast),
    /// A user started or stopped typing.
    Typing(TypingChange),
    /// A user has read up to a number.
    Read(ReadMark),
    /// A user has read this message: one for each that a [`Event::Read`] passes over, for dialects that want receipts.
    Receipt(Receipt),
    /// Users went online and offline since the last such event.
    Presence(PresenceChange),
    /// A user joined or left the participants of a room.
    Participant(ParticipantChange),
    /// An owner set the status of a live session.
    Live(LiveChange),
    /// A user was added to the room, or has another role.
    MemberAdded(MemberAdded),
    /// A user was removed from the room.
    MemberRemoved(MemberRemoved),
    /// The room has another name.
    RoomRenamed(RoomName),
    /// The receiver was added to a room.
    RoomAdded(Box<RoomSummary>),
    /// The receiver was removed from a room.
    RoomRemoved(RoomRef),
    /// A notification, with its number in the inbox.
    Notification(Notification, Option<u64>),
    /// A direct message, to its receiver, with its number in the inbox.
    Direct(Box<DirectMessage>, Option<u64>),
    /// A direct message, to the connection of its author that sent it.
    DirectSent(Box<DirectMessage>),
    /// One of the receiver's jobs has changed. With its number in the inbox, unless it is not stored there.
    Job(Box<JobChange>, Stamp, Option<u64>),
    /// The inbox position of a client that keeps a cursor.
    InboxPosition(InboxPosition),
    /// An application's own event for a user, with its number in the inbox.
    Signal(Signal, Stamp, Option<u64>),
    /// The application goes out of service or returns to service.
    Maintenance(Maintenance, Stamp),
    /// The answer to a ping.
    Pong(Pong),
    /// A simulated job began.
    RunStarted(SimulationPlan),
    /// A step of a simulated job.
    Progress(RunStep),
    /// The end of a simulated job.
    Finished(RunEnd),
    /// The server is about to stop.
    Closing(Closing, Stamp),
    /// A command was not executed.
    Failed(CommandError),
}

impl Event {
    /// The position of a client that has received this.
    pub fn position(&self) -> Option<StreamPosition<'_>> {
        match self {
            Self::Message(message) => Some(StreamPosition::Message(&message.room, message.cursor)),
            Self::Change(change) => Some(StreamPosition::Change(&change.message.room, change.record.rev)),
            Self::MessageChanged(message) => Some(StreamPosition::Change(&message.room, message.rev())),
            Self::Joined(joined) => Some(StreamPosition::Room(&joined.room, joined.head, joined.rev)),
            Self::Left(left) => Some(StreamPosition::Left(&left.room)),
            _ => None,
        }
    }
}

/// Time and server of an event, for dialects that send both.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// In milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// The server's name.
    pub server: Arc<str>,
}

/// An application's own event in a room.
#[derive(Debug, Clone, PartialEq)]
pub struct Broadcast {
    /// Where.
    pub room: RoomId,
    /// The sender.
    pub user: UserId,
    /// The application's name for it.
    pub event: Box<str>,
    /// The data as it was sent.
    pub data: RawJson,
}

/// A room as it is when a client joins it.
#[derive(Debug)]
pub struct RoomEntry {
    /// Which room.
    pub room: RoomId,
    /// Its display name.
    pub name: String,
    /// Its members.
    pub roster: Arc<Roster>,
}

/// A part of a user's rooms, newest activity first.
#[derive(Debug)]
pub struct RoomList {
    /// The rooms.
    pub rooms: Vec<RoomSummary>,
    /// Whether there are more after these.
    pub has_more: bool,
}

/// A part of a room's messages, oldest first.
#[derive(Debug)]
pub struct FetchedMessages {
    /// Which room.
    pub room: RoomId,
    /// The messages.
    pub messages: Vec<protocol::Message>,
    /// The members of the room, who have read some of them.
    pub members: Vec<Member>,
    /// Whether there are older ones.
    pub has_more: bool,
}

/// A change, and the message as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageChange {
    /// The change.
    pub record: ChangeRecord,
    /// The message.
    pub message: Message,
}

/// A user has read a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Where.
    pub room: RoomId,
    /// The reader.
    pub user: UserId,
    /// The message.
    pub message: MessageId,
}

/// A command that was not executed, and what it was about.
#[derive(Debug, Clone)]
pub struct CommandError {
    /// Why.
    pub error: HubError,
    /// The room that was meant, where it is known.
    pub room: Option<RoomId>,
    /// The draft that was not accepted.
    pub draft: Option<protocol::DraftId>,
}

/// Adds the room that an error is about.
pub(crate) fn about(room: &RoomId) -> impl Fn(HubError) -> CommandError {
    move |error| CommandError { error, room: Some(room.clone()), draft: None }
}

impl From<HubError> for CommandError {
    fn from(error: HubError) -> Self {
        Self { error, room: None, draft: None }
    }
}

impl From<HubError> for Box<CommandError> {
    fn from(error: HubError) -> Self {
        Self::new(error.into())
    }
}
