//! What reaches the world from tasks: calls of the disk, and frames that the hub lets go.

use bytes::Bytes;
use protocol::CloseCode;
use tokio::sync::mpsc;

use super::call::Call;

/// Something that a task has to say.
#[derive(Debug)]
pub(crate) enum Report {
    /// The hub asks the disk.
    Call(Call),
    /// Frames leave for a client.
    Frames { connection: u32, frames: Vec<Bytes> },
    /// Nothing more leaves on this connection.
    Closed { connection: u32, code: CloseCode },
    /// The server of this life has drained.
    Drained { life: u32 },
}

/// The tasks' end.
#[derive(Debug, Clone)]
pub(crate) struct Ingress {
    // Holds what the tasks do in one tick: the world empties it before time goes on.
    reports: mpsc::UnboundedSender<Report>,
}

impl Ingress {
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Report>) {
        let (reports, receiver) = mpsc::unbounded_channel();
        (Self { reports }, receiver)
    }

    /// Without a world there is nobody to tell, and nothing that it would change.
    pub(crate) fn report(&self, report: Report) {
        self.reports.send(report).ok();
    }
}
