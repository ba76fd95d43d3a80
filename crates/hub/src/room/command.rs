//! Room commands: the commands in a room's mailbox, split by how the room handles them.

use std::sync::Arc;

use protocol::{Cursor, Done, DraftId, LiveChange, Member, MessageId, MessageKind, RawJson, RoomId, UserId};
use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};

use crate::actor::MailboxCommand;
use crate::client::{ClientHandle, ClientId};
use crate::command::JoinMode;
use crate::error::HubError;
use crate::event::{CommandError, Event};
use crate::model::{Message, User};
use crate::store::Change;

/// The mailbox of a room. Bounded: a sender to a busy room waits.
pub(crate) type Mailbox = mpsc::Sender<RoomCommand>;

/// The sender of an answer. Its receiver may have been dropped meanwhile, so a failed send means nothing.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, HubError>>;

/// One command, by how the room handles it.
pub(crate) enum RoomCommand {
    Batched(Batched),
    Immediate(Immediate),
    Request(Box<Request>),
    /// Finish, answer, and take nothing more.
    Stop(oneshot::Sender<()>),
}

// A mailbox takes memory for 32 commands at once, even in a room in which nothing is posted. So what is large is boxed, but
// for a broadcast, which rooms execute most often.
const _: () = assert!(size_of::<RoomCommand>() <= 48);

/// Neighbours of a kind share one transaction.
pub(crate) enum Batched {
    Post(Box<Post>),
    Change(Box<ChangeRequest>),
    Read(Box<ReadRequest>),
}

/// Executed at once: neither the store nor an answer is waited for.
pub(crate) enum Immediate {
    /// A client ends its subscription.
    Unsubscribe(ClientId),
    /// A connection has ended, for whatever reason.
    ConnectionLost(ClientId),
    Typing {
        client: Arc<ClientHandle>,
        on: bool,
    },
    Broadcast {
        client: Arc<ClientHandle>,
        event: Box<str>,
        data: RawJson,
    },
    /// The presence of these users may have changed.
    PresenceChanged(Vec<UserId>),
    /// The live session of this chat has another status.
    LiveStatusChanged(Box<LiveChange>),
    /// The chat of this live room has other members now, or is gone.
    ReloadMembers,
}

/// Answered, and executed only when the members are current.
pub(crate) enum Request {
    Join {
        client: Arc<ClientHandle>,
        mode: JoinMode,
        reply: Reply<JoinOutcome>,
    },
    /// A client comes back that has everything up to a position.
    Resume {
        client: Arc<ClientHandle>,
        position: PositionInRoom,
        reply: Reply<ResumeOutcome>,
    },
    SetLiveStatus(SetLiveStatus),
    AddMembers {
        requester: UserId,
        users: Vec<UserId>,
        reply: Reply<Vec<Member>>,
    },
    RemoveMember {
        requester: UserId,
        user: UserId,
        /// The user is not to be added to the room again.
        for_good: bool,
        reply: Reply<()>,
    },
    Rename {
        requester: UserId,
        name: String,
        reply: Reply<()>,
    },
    Delete {
        requester: UserId,
        reply: Reply<()>,
    },
}

/// An owner sets the status of a live session.
pub(crate) struct SetLiveStatus {
    pub(crate) requester: UserId,
    pub(crate) status: String,
    pub(crate) details: Map<String, Value>,
    pub(crate) reply: Reply<()>,
}

/// The result of a join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JoinOutcome {
    /// The client is subscribed, and was sent what it asked for.
    Subscribed,
    /// The client was sent a part of what it missed and asks for the rest. It is not subscribed yet.
    MorePages,
    /// More is missing after this position than one answer holds. The client was sent nothing and is not subscribed yet.
    InPages {
        /// The client's position.
        since: Cursor,
        /// The last change that it has, if it takes changes.
        rev: Option<u64>,
        /// The chat whose live room this is.
        chat: Option<RoomId>,
    },
}

/// How much a client has of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PositionInRoom {
    /// The position of the last message that it has.
    pub(crate) cursor: Cursor,
    /// The number of the last change that it has; of the messages up to `cursor`.
    pub(crate) rev: u64,
}

/// The result of a resume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResumeOutcome {
    /// The client was sent what it missed, and is subscribed from there.
    Subscribed,
    /// It was sent nothing: it misses more than one portion, or what is not in memory. The room has delivered all up to here.
    Behind(PositionInRoom),
}

/// A user has read up to a message.
pub(crate) struct ReadRequest {
    pub(crate) user: UserId,
    pub(crate) upto: ReadTarget,
    pub(crate) reply: Option<Reply<()>>,
}

/// How far a user has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadTarget {
    Seq(u64),
    Message(MessageId),
}

/// A message to be published. Comes from a connection (then `from` is answered) or from elsewhere (then `reply` is).
pub(crate) struct Post {
    pub(crate) author: Arc<User>,
    pub(crate) from: Option<Arc<ClientHandle>>,
    pub(crate) draft: DraftId,
    pub(crate) body: Arc<str>,
    pub(crate) parent: Option<MessageId>,
    pub(crate) kind: MessageKind,
    pub(crate) reply: Option<Reply<Message>>,
}

/// A message to be changed. Comes from a connection (then `from` is answered) or from elsewhere (then `reply` is).
pub(crate) struct ChangeRequest {
    pub(crate) author: Arc<User>,
    pub(crate) from: Option<Arc<ClientHandle>>,
    pub(crate) draft: DraftId,
    pub(crate) message: MessageId,
    pub(crate) change: Change,
    pub(crate) reply: Option<Reply<u64>>,
}

impl ChangeRequest {
    /// Answers the sender with the number of the change, or with an error.
    pub(crate) fn answer(self, room: Option<&RoomId>, result: Result<u64, HubError>) {
        if let Some(client) = self.from {
            let event = match (&result, room) {
                (Ok(rev), Some(room)) => {
                    Event::Done(Done { room: room.clone(), draft: self.draft, rev: *rev })
                }
                (Ok(_), None) => return,
                (Err(error), room) => Event::Failed(CommandError {
                    error: error.clone(),
                    room: room.cloned(),
                    draft: Some(self.draft),
                }),
            };
            client.send(&event).ok();
        }
        if let Some(reply) = self.reply {
            reply.send(result).ok();
        }
    }
}

impl Post {
    /// Answers the sender with an error.
    pub(crate) fn reject(self, room: Option<protocol::RoomId>, error: &HubError) {
        if let Some(client) = self.from {
            let failure = CommandError { error: error.clone(), room, draft: Some(self.draft) };
            client.send(&Event::Failed(failure)).ok();
        }
        if let Some(reply) = self.reply {
            reply.send(Err(error.clone())).ok();
        }
    }
}

impl MailboxCommand for RoomCommand {
    fn reject(self, error: &HubError) {
        match self {
            Self::Batched(Batched::Post(post)) => post.reject(None, error),
            Self::Batched(Batched::Change(change)) => change.answer(None, Err(error.clone())),
            Self::Batched(Batched::Read(read)) => {
                if let Some(reply) = read.reply {
                    reply.send(Err(error.clone())).ok();
                }
            }
            Self::Immediate(Immediate::Broadcast { client, .. }) => {
                client.send(&Event::Failed(error.clone().into())).ok();
            }
            // No task waits for these.
            Self::Immediate(_) => {}
            Self::Request(request) => request.reject(error),
            Self::Stop(reply) => {
                reply.send(()).ok();
            }
        }
    }
}

impl Request {
    /// Answers with an error.
    pub(crate) fn reject(self, error: &HubError) {
        fn answer<T>(reply: Reply<T>, error: &HubError) {
            reply.send(Err(error.clone())).ok();
        }
        match self {
            Self::Join { reply, .. } => answer(reply, error),
            Self::Resume { reply, .. } => answer(reply, error),
            Self::SetLiveStatus(request) => answer(request.reply, error),
            Self::AddMembers { reply, .. } => answer(reply, error),
            Self::RemoveMember { reply, .. } | Self::Rename { reply, .. } | Self::Delete { reply, .. } => {
                answer(reply, error);
            }
        }
    }
}

impl From<Batched> for RoomCommand {
    fn from(command: Batched) -> Self {
        Self::Batched(command)
    }
}

impl From<Immediate> for RoomCommand {
    fn from(command: Immediate) -> Self {
        Self::Immediate(command)
    }
}

impl From<Request> for RoomCommand {
    fn from(command: Request) -> Self {
        Self::Request(Box::new(command))
    }
}
