//! Connections: a socket from its handshake until its close frame is written.

use std::time::Duration;

use hub::{ClientTransport, Outbox, OutboxReceiver};
use protocol::CloseCode;
use tokio_util::task::task_tracker::TaskTrackerToken;
use websocket::{Limits, PendingUpgrade, Reader, WriteHandle};

use super::attach::attach_with_permit;
use super::authenticate::first_frame;
use super::read::AttachedConnection;
use super::write::OutboxFrames;
use crate::dialect::{Dialect, Scope};
use crate::limits::connection_limiter::ConnectionPermit;
use crate::state::AppState;

/// Bytes of a message, after inflating, from a client that has to authenticate first: room for the longest token.
const BEFORE_AUTH_BYTES: usize = 16 * 1024;

/// How long a client has to take what is left and answer a close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// What a client may send, before it is authenticated and after.
pub(super) fn frame_limits(state: &AppState, is_authenticated: bool) -> Limits {
    let frame_bytes = state.config().limits.frame_bytes;
    let message_bytes = if is_authenticated { frame_bytes } else { frame_bytes.min(BEFORE_AUTH_BYTES) };
    // No client of ours sends fragments; a library may, by the kilobyte.
    Limits { message_bytes, fragments: 65_536 }
}

/// A socket on its way from the handshake until its client is attached.
pub(super) struct PendingConnection {
    pub(super) dialect: &'static Dialect,
    pub(super) scope: Scope,
    pub(super) state: AppState,
    pub(super) outbox: Outbox,
    pub(super) receiver: OutboxReceiver,
    pub(super) permit: ConnectionPermit,
}

/// A socket that is open, and its client.
pub(super) struct OpenConnection {
    reader: Reader,
    writer: WriteHandle,
    outbox: Outbox,
    /// Or the code for why no client is attached.
    attached: Result<AttachedConnection, CloseCode>,
    _permit: ConnectionPermit,
    /// Held until the close frame is written: a stop waits for it.
    open: TaskTrackerToken,
}

impl PendingConnection {
    /// Waits for the socket, and, unless the client is `attached`, for its first frame.
    pub(super) async fn open(
        self,
        upgrade: PendingUpgrade,
        attached: Option<Result<AttachedConnection, CloseCode>>,
    ) -> Option<Box<OpenConnection>> {
        let Self { dialect, scope, state, outbox, receiver, permit } = self;
        let (mut reader, writer) = match upgrade.open().await {
            Ok(halves) => halves,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "A client was gone before its socket was open");
                return None;
            }
        };
        let open = state.sockets().token();
        let writer = writer.attach(OutboxFrames(receiver), state.writer_pool());
        let client_ip = permit.address();
        let attached = match attached {
            Some(attached) => attached,
            None => match first_frame(dialect, &scope, &state, &mut reader, &outbox, client_ip).await {
                Ok((user, inbox)) => {
                    reader.set_limits(frame_limits(&state, true));
                    attach_with_permit(dialect, scope, &state, &outbox, &user, inbox, client_ip).await
                }
                Err(code) => Err(code),
            },
        };
        Some(Box::new(OpenConnection { reader, writer, outbox, attached, _permit: permit, open }))
    }
}

impl OpenConnection {
    /// Runs a connection until one side ends it.
    pub(super) async fn serve(&mut self) {
        let code = match &mut self.attached {
            Ok(connection) => {
                let Err(code) = connection.read(&mut self.reader, &self.writer).await;
                if self.outbox.close_code() == Some(CloseCode::TooSlow) {
                    connection.log_slow();
                }
                code
            }
            Err(code) => *code,
        };
        self.outbox.close(code);
        // Not before: it closes the outbox too, without a reason.
        self.attached = Err(code);
    }

    /// Waits until the client has received the close frame and has answered it.
    pub(super) async fn close_gracefully(self: Box<Self>) {
        let Self { reader, writer, open, _permit, .. } = *self;
        let is_closed = writer.closed_within(CLOSE_TIMEOUT).await;
        drop(open);
        if is_closed {
            reader.discard_rest(CLOSE_TIMEOUT).await;
        }
    }
}
