//! What can happen, before anybody spells it.

use std::sync::Arc;

use protocol::{
    Closing, DirectMessage, Expiry, InboxPosition, JobChange, LiveChange, Maintenance, MemberAdded,
    MemberRemoved, MessageId, Notification, ParticipantChange, Pong, Posted, PresenceChange, RawJson,
    ReadMark, RoomId, RoomName, RoomRef, RoomSummary, RunEnd, RunStep, Signal, SimulationPlan, TypingChange,
    UserId, Welcome,
};

use crate::joined::Joined;
use crate::model::Message;
use crate::outbox::Track;
use crate::refusal::Refusal;

/// Something that a client is told.
///
/// How an event is spelled must not depend on who reads it: all followers of a room share the bytes.
#[derive(Debug)]
pub enum Event {
    /// Signed in.
    Welcome(Welcome, Stamp),
    /// The token was renewed.
    Authenticated(Expiry),
    /// The token ends soon.
    Expiring(Expiry),
    /// The answer to a join. Built for one peer.
    Joined(Box<Joined>),
    /// The room is no longer followed.
    Left(RoomRef),
    /// A message, committed.
    Message(Message),
    /// The peer's own draft is committed.
    Posted(Posted),
    /// Something of the application's own, said in a room.
    Broadcast(Broadcast),
    /// Somebody types or ceased to.
    Typing(TypingChange),
    /// Somebody has read up to a number.
    Read(ReadMark),
    /// Somebody has read this message: one for each that a [`Event::Read`] passes over, for dialects that count readers.
    Receipt(Receipt),
    /// People came and went since the last time.
    Presence(PresenceChange),
    /// Somebody began or ceased to follow a room.
    Participant(ParticipantChange),
    /// A session's owner said where it stands.
    Live(LiveChange),
    /// Somebody is in the room now, or has another role.
    MemberAdded(MemberAdded),
    /// Somebody is not in the room any more.
    MemberRemoved(MemberRemoved),
    /// The room has another name.
    RoomRenamed(RoomName),
    /// The person is in a new room.
    RoomAdded(Box<RoomSummary>),
    /// The person is not in a room any more.
    RoomRemoved(RoomRef),
    /// Something to notice, with its number in the inbox.
    Notification(Notification, Option<u64>),
    /// A message for one person, to this person, with its number in the inbox.
    Direct(Box<DirectMessage>, Option<u64>),
    /// A message for one person, to its author, whose connection sent it.
    DirectSent(Box<DirectMessage>),
    /// Something happened to one of the person's jobs. With its number in the inbox, unless it is not kept there.
    Job(Box<JobChange>, Stamp, Option<u64>),
    /// Where a client that keeps a cursor stands in its inbox.
    InboxPosition(InboxPosition),
    /// An event of the application's own, with its number in the inbox.
    Signal(Signal, Stamp, Option<u64>),
    /// The application goes out of service, or comes back.
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
    /// A wish was refused.
    Failed(Failure),
}

impl Event {
    /// Where the reader stands once this is read.
    pub fn track(&self) -> Option<Track<'_>> {
        match self {
            Self::Message(message) => Some(Track::Room(&message.room, message.cursor)),
            Self::Joined(joined) => Some(Track::Room(&joined.room, joined.head)),
            Self::Left(left) => Some(Track::Left(&left.room)),
            _ => None,
        }
    }
}

/// When and by whom something was said, for dialects that print both.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// In milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// The server's name.
    pub server: Arc<str>,
}

/// Something of the application's own, said in a room.
#[derive(Debug, Clone, PartialEq)]
pub struct Broadcast {
    /// Where.
    pub room: RoomId,
    /// Who says it.
    pub user: UserId,
    /// The application's name for it.
    pub event: Box<str>,
    /// As it was said.
    pub data: RawJson,
}

/// Somebody has read a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
    /// What.
    pub message: MessageId,
}

/// A refused wish and what it was about.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Why.
    pub refusal: Refusal,
    /// The room that was meant, where it is known.
    pub room: Option<RoomId>,
    /// The draft that was not taken.
    pub draft: Option<protocol::DraftId>,
}

/// Makes failures of refusals that are about a room.
pub(crate) fn about(room: &RoomId) -> impl Fn(Refusal) -> Failure {
    move |refusal| Failure { refusal, room: Some(room.clone()), draft: None }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, room: None, draft: None }
    }
}

impl From<Refusal> for Box<Failure> {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.into())
    }
}
