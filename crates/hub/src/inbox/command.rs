//! Inbox commands: the commands in an inbox's mailbox.

use std::sync::Arc;

use bytes::Bytes;
use protocol::{Job, NotificationId};
use tokio::sync::{mpsc, oneshot};

use crate::actor::MailboxCommand;
use crate::client::ClientHandle;
use crate::error::HubError;
use crate::store::NewEntry;

use super::catch_up::CatchUp;
use super::job::JobRequest;
use super::start::InboxStart;

/// The mailbox of an inbox. Bounded: a sender to a busy inbox waits.
pub(crate) type InboxMailbox = mpsc::Sender<InboxCommand>;

/// The sender of an answer. Its receiver may have been dropped meanwhile, so a failed send means nothing.
type Reply<T> = oneshot::Sender<Result<T, HubError>>;

pub(crate) enum InboxCommand {
    /// Bring a client up to date and subscribe it.
    Subscribe {
        client: Arc<ClientHandle>,
        start: InboxStart,
        greeting: Option<Bytes>,
        reply: Reply<()>,
    },
    /// A client that is being brought up to date can take the next portion.
    CatchUp(Box<CatchUp>),
    /// A client has proven what it received.
    Received(Proof),
    /// Mark notifications as read: these, or all. The answer is how many were unread.
    Read {
        which: Option<Vec<NotificationId>>,
        reply: Reply<u32>,
    },
    /// Store an entry and send it. The answer is how many clients got it.
    Put {
        entry: Box<NewEntry>,
        reply: Reply<usize>,
    },
    Job {
        request: Box<JobRequest>,
        reply: Reply<Job>,
    },
    /// Finish, answer, and take nothing more.
    Stop(oneshot::Sender<()>),
}

/// A client's proof of what it has received.
pub(crate) enum Proof {
    /// The entries with these numbers.
    These(Vec<u64>),
    /// Everything up to and with this number.
    UpTo(u64),
}

impl InboxCommand {
    /// Whether every subscribed client must have been sent everything before.
    pub(super) fn needs_confirmed_writes(&self) -> bool {
        match self {
            Self::Subscribe { .. } | Self::CatchUp(_) | Self::Put { .. } | Self::Job { .. } => true,
            Self::Received(_) | Self::Read { .. } | Self::Stop(_) => false,
        }
    }
}

impl MailboxCommand for InboxCommand {
    fn reject(self, error: &HubError) {
        match self {
            Self::Subscribe { reply, .. } => {
                reply.send(Err(error.clone())).ok();
            }
            Self::Put { reply, .. } => {
                reply.send(Err(error.clone())).ok();
            }
            Self::Job { reply, .. } => {
                reply.send(Err(error.clone())).ok();
            }
            Self::Read { reply, .. } => {
                reply.send(Err(error.clone())).ok();
            }
            Self::Stop(reply) => {
                reply.send(()).ok();
            }
            // The client comes back and starts anew.
            Self::CatchUp(catch_up) => catch_up.abort(error),
            // An entry without a stored proof is sent again.
            Self::Received(_) => {}
        }
    }
}
