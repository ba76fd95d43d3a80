//! Ingress: reports of tasks to the world, which are store calls and frames that the hub sends.

use hub::OutboxItem;
use protocol::CloseCode;
use tokio::sync::mpsc;

use super::call::Call;
use crate::history::Position;

/// What a task reports.
#[derive(Debug)]
pub(crate) enum TaskReport {
    /// The hub asks the disk.
    Call(Call),
    /// Frames, and requests for receipts, leave for a client.
    Frames { connection: u32, items: Vec<OutboxItem> },
    /// Nothing more leaves on this connection.
    Closed { connection: u32, code: CloseCode },
    /// This server instance has drained.
    Drained { instance: u32 },
    /// Something of a burst was taken, or all of it was tried.
    Burst { burst: usize, event: BurstEvent },
}

impl TaskReport {
    /// Calls by name, then connections by number.
    pub(crate) fn order(&self) -> (u8, &str, u32) {
        match self {
            Self::Call(call) => (0, &call.name, call.instance),
            Self::Frames { connection, .. } | Self::Closed { connection, .. } => (1, "", *connection),
            Self::Drained { instance } => (2, "", *instance),
            Self::Burst { burst, .. } => (3, "", u32::try_from(*burst).unwrap_or(u32::MAX)),
        }
    }
}

/// What became of a part of a burst.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BurstEvent {
    /// An entry is stored.
    Stored { user: String, text: String },
    /// A message is stored, at this place.
    Posted { text: String, position: Position },
    /// The server refused an entry, because too much waits for its user.
    Full,
    /// There is no more of it.
    Over,
}

/// The tasks' end.
#[derive(Debug, Clone)]
pub(crate) struct Ingress {
    // Holds what the tasks do in one tick: the world empties it before time goes on.
    reports: mpsc::UnboundedSender<TaskReport>,
}

impl Ingress {
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<TaskReport>) {
        let (reports, receiver) = mpsc::unbounded_channel();
        (Self { reports }, receiver)
    }

    /// Without a world a report would change nothing.
    pub(crate) fn report(&self, report: TaskReport) {
        self.reports.send(report).ok();
    }
}
