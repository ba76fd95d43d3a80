//! What a room's mailbox holds.

use std::sync::Arc;

use protocol::{Cursor, DraftId, LiveChange, Member, MessageId, MessageKind, RawJson, UserId};
use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};

use crate::client::{ClientHandle, PeerId};
use crate::command::Bring;
use crate::event::{Event, Failure};
use crate::model::{Message, Person};
use crate::refusal::Refusal;

/// Where commands for a room go. Bounded: who sends to a busy room waits.
pub(crate) type Mailbox = mpsc::Sender<RoomCommand>;

/// Where an answer goes. Whoever asked may have left meanwhile, so a failed send means nothing.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

/// Small, because a mailbox takes memory for 32 of them at once, even in a room in which nobody says anything.
pub(crate) enum RoomCommand {
    Join {
        client: Arc<ClientHandle>,
        bring: Bring,
        reply: Reply<Joining>,
    },
    /// A client comes back that has everything up to a place.
    Resume {
        client: Arc<ClientHandle>,
        since: Cursor,
        reply: Reply<Resumed>,
    },
    /// A client has had enough.
    Leave(PeerId),
    /// A connection has ended, for whatever reason.
    Gone(PeerId),
    Post(Box<Post>),
    Broadcast {
        client: Arc<ClientHandle>,
        event: Box<str>,
        data: RawJson,
    },
    Typing {
        client: Arc<ClientHandle>,
        on: bool,
    },
    Read {
        person: UserId,
        upto: Target,
        reply: Option<Reply<()>>,
    },
    Live(Box<Session>),
    /// The live session of this chat has another status.
    SessionChanged(Box<LiveChange>),
    /// The chat of this live room has other members now, or is gone: look who is in it.
    Refresh,
    /// These people came or went: look which, and tell.
    LookFor(Vec<UserId>),
    AddMembers {
        actor: UserId,
        people: Vec<UserId>,
        reply: Reply<Vec<Member>>,
    },
    RemoveMember {
        actor: UserId,
        person: UserId,
        /// The person is not to be put into the room again.
        for_good: bool,
        reply: Reply<()>,
    },
    Rename {
        actor: UserId,
        name: String,
        reply: Reply<()>,
    },
    Delete {
        actor: UserId,
        reply: Reply<()>,
    },
    /// Finish, answer, and take nothing more.
    Stop(oneshot::Sender<()>),
}

const _: () = assert!(size_of::<RoomCommand>() <= 64);

/// What somebody says of where a session stands.
pub(crate) struct Session {
    pub(crate) actor: UserId,
    pub(crate) status: String,
    pub(crate) details: Map<String, Value>,
    pub(crate) reply: Reply<()>,
}

/// What came of a wish to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joining {
    /// The client follows, and was told what it is to be told.
    Follows,
    /// The client was told a part of what it misses and asks for the rest. It does not follow yet.
    NotYet,
    /// More is missing after this place than one answer holds. The client was told nothing and does not follow yet.
    TooFarBehind(Cursor),
}

/// What came of a resume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resumed {
    /// The client was sent what it missed, and subscribes from there.
    Subscribed,
    /// It was sent nothing: it misses more than one portion, or what is not in memory. The room has delivered all up to here.
    Behind(Cursor),
}

/// How far somebody has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Seq(u64),
    Message(MessageId),
}

/// Something said. Comes from a connection (then `from` is told) or from elsewhere (then `reply` is).
pub(crate) struct Post {
    pub(crate) author: Arc<Person>,
    pub(crate) from: Option<Arc<ClientHandle>>,
    pub(crate) draft: DraftId,
    pub(crate) body: Arc<str>,
    pub(crate) parent: Option<MessageId>,
    pub(crate) kind: MessageKind,
    pub(crate) reply: Option<Reply<Message>>,
}

impl Post {
    /// Tells whoever sent this that it was not taken.
    pub(crate) fn refuse(self, room: Option<protocol::RoomId>, refusal: &Refusal) {
        if let Some(client) = self.from {
            let failure = Failure { refusal: refusal.clone(), room, draft: Some(self.draft) };
            client.tell_alone(&Event::Failed(failure)).ok();
        }
        if let Some(reply) = self.reply {
            reply.send(Err(refusal.clone())).ok();
        }
    }
}

impl RoomCommand {
    /// Whether the answer would be wrong in a room that has other people in the store.
    pub(crate) fn depends_on_people(&self) -> bool {
        matches!(
            self,
            Self::Join { .. }
                | Self::Resume { .. }
                | Self::Live(_)
                | Self::AddMembers { .. }
                | Self::RemoveMember { .. }
                | Self::Rename { .. }
                | Self::Delete { .. }
        )
    }

    /// Answers a command that the room will not carry out any more.
    pub(crate) fn refuse(self, refusal: &Refusal) {
        match self {
            Self::Join { reply, .. } => {
                reply.send(Err(refusal.clone())).ok();
            }
            Self::Resume { reply, .. } => {
                reply.send(Err(refusal.clone())).ok();
            }
            Self::RemoveMember { reply, .. }
            | Self::Rename { reply, .. }
            | Self::Delete { reply, .. }
            | Self::Read { reply: Some(reply), .. } => {
                reply.send(Err(refusal.clone())).ok();
            }
            Self::Live(session) => {
                session.reply.send(Err(refusal.clone())).ok();
            }
            Self::AddMembers { reply, .. } => {
                reply.send(Err(refusal.clone())).ok();
            }
            Self::Post(post) => post.refuse(None, refusal),
            Self::Broadcast { client, .. } => {
                client.tell_alone(&Event::Failed(refusal.clone().into())).ok();
            }
            Self::Stop(reply) => {
                reply.send(()).ok();
            }
            // Nobody waits for these.
            Self::Leave(_)
            | Self::Gone(_)
            | Self::Typing { .. }
            | Self::Read { reply: None, .. }
            | Self::SessionChanged(_)
            | Self::Refresh
            | Self::LookFor(_) => {}
        }
    }
}
