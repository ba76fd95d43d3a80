//! A running server, and its graceful stop: new clients are rejected, rooms finish, sockets and the database are closed.

use std::io;
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use app::Demo;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout;

use super::serve::Shutdown;
use crate::gateway::socketio::SocketIoGateway;
use crate::state::AppState;
use crate::store::sqlite::SqliteStore;

/// Timeouts of the stages of a stop, each spent once. Together 9.5 s, less than the 10 s that service managers allow.
const BACKGROUND_TIMEOUT: Duration = Duration::from_millis(500);
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

/// A server that is running.
pub struct Running {
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) state: AppState,
    pub(super) store: SqliteStore,
    pub(super) server: JoinHandle<()>,
    pub(super) shutdown: Shutdown,
    /// Tasks that use the database until the server stops.
    pub(super) background: Vec<JoinHandle<()>>,
    pub(super) socket_io: SocketIoGateway,
}

impl Running {
    /// The addresses on which it listens; at least one.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Stops accepting connections: new ones wait in the accept queue for the next process.
    pub(super) fn stop_accepting(&self) {
        self.shutdown.stop_accepting.cancel();
    }

    /// Waits until the server ends by itself, which only a failure of its task can cause; then closes the database.
    pub(super) async fn ended(&mut self) -> Result<(), JoinError> {
        let ended = (&mut self.server).await;
        self.store.close().await;
        ended
    }

    /// Refuses new clients, lets rooms finish, closes sockets and the database. Takes at most 9.5 s.
    pub async fn shutdown(self) {
        self.state.stopping().cancel();
        let (tasks, sockets) = (self.state.background_tasks(), self.state.sockets());
        tasks.close();
        sockets.close();
        // Before the rooms, which accept no commands afterwards.
        if timeout(BACKGROUND_TIMEOUT, tasks.wait()).await.is_err() {
            tracing::warn!("Background tasks still running after {} ms", BACKGROUND_TIMEOUT.as_millis());
        }
        if timeout(DRAIN_TIMEOUT, self.state.hub().drain()).await.is_err() {
            tracing::warn!("Rooms still running after {} s", DRAIN_TIMEOUT.as_secs());
        }
        // Sessions of Socket.IO in no namespace are unknown to the hub.
        let sessions = self.socket_io.shutdown(CLOSE_TIMEOUT);
        let ((), closed) = tokio::join!(sessions, timeout(CLOSE_TIMEOUT, sockets.wait()));
        if closed.is_err() {
            tracing::warn!(open = sockets.len(), "Sockets still open after {} s", CLOSE_TIMEOUT.as_secs());
        }
        // Not before: a polling client receives the close with its next request.
        self.shutdown.close_connections.cancel();
        let end = self.server.abort_handle();
        match timeout(REQUEST_TIMEOUT, self.server).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "The server panicked"),
            Err(_) => {
                tracing::warn!("Requests still running after {} s", REQUEST_TIMEOUT.as_secs());
                end.abort();
            }
        }
        let close = async {
            for task in self.background {
                if let Err(error) = task.await {
                    tracing::error!(%error, "A background task panicked");
                }
            }
            self.store.close().await;
        };
        if timeout(DATABASE_TIMEOUT, close).await.is_err() {
            // Acknowledged messages are on disk; the next start reads them from the write-ahead log.
            tracing::warn!("The database is still open after {} s", DATABASE_TIMEOUT.as_secs());
        }
        tracing::info!("Stopped");
    }

    /// Prints the addresses and the demo users for a developer. In production the log is enough.
    pub(super) fn announce(&self) {
        if !self.state.config().is_development() {
            return;
        }
        let mut out = io::stdout().lock();
        let users = self.state.demo().map(|Demo { people, password }| {
            format!("\n  Sign in as {} with the password {password}", people.join(", "))
        });
        // Stdout may be closed; the log has the addresses, too.
        let addresses: Vec<_> = self.addresses.iter().map(|addr| format!("http://{addr}")).collect();
        writeln!(out, "\n  Hubbub: {}{}\n", addresses.join(" "), users.unwrap_or_default()).ok();
    }
}
