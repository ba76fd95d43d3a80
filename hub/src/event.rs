//! What can happen, before anybody spells it.

use protocol::{
    Closing, Expiry, JoinedRoom, MemberAdded, MemberRemoved, Pong, Posted, PresenceChange, ReadMark, RoomId,
    RoomName, RoomRef, RoomSummary, RunEnd, RunStep, TypingChange, Welcome,
};

use crate::model::Message;
use crate::refusal::Refusal;

/// Something that a client is told.
///
/// How an event is spelled must not depend on who reads it: all followers of a room share the bytes.
#[derive(Debug)]
pub enum Event {
    /// Signed in.
    Welcome(Welcome),
    /// The token was renewed.
    Authenticated(Expiry),
    /// The token ends soon.
    Expiring(Expiry),
    /// The answer to a join. Built for one peer.
    Joined(Box<JoinedRoom>),
    /// The room is no longer followed.
    Left(RoomRef),
    /// A message, committed.
    Message(Message),
    /// The peer's own draft is committed.
    Posted(Posted),
    /// Somebody types or ceased to.
    Typing(TypingChange),
    /// Somebody has read.
    Read(ReadMark),
    /// Somebody came or went.
    Presence(PresenceChange),
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
    /// The answer to a ping.
    Pong(Pong),
    /// A step of a simulated job.
    Progress(RunStep),
    /// The end of a simulated job.
    Finished(RunEnd),
    /// The server is about to stop.
    Closing(Closing),
    /// A wish was refused.
    Failed(Failure),
}

/// A refused wish and what it was about.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub refusal: Refusal,
    /// The room that was meant, where it is known.
    pub room: Option<RoomId>,
    /// The draft that was not taken.
    pub draft: Option<protocol::DraftId>,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, room: None, draft: None }
    }
}
