//! Client notifier: sends to one client from a task of its own, while its session executes commands.

use std::sync::Arc;

use protocol::CloseCode;

use crate::client::ClientHandle;
use crate::event::Event;
use crate::queue::{Disconnected, conflation};

/// Sends to one client.
#[derive(Clone)]
pub struct ClientNotifier {
    client: Arc<ClientHandle>,
}

impl ClientNotifier {
    pub(super) fn new(client: Arc<ClientHandle>) -> Self {
        Self { client }
    }

    /// Sends an event. A newer [`Event::Progress`] replaces a waiting one.
    ///
    /// # Errors
    /// [`Disconnected`] when the client has disconnected.
    pub fn send(&self, event: &Event) -> Result<(), Disconnected> {
        match event {
            Event::Progress(step) => self.client.send_latest(event, conflation::run(step.run)),
            event => self.client.send(event),
        }
    }

    /// Ends the connection.
    pub fn close(&self, code: CloseCode) {
        self.client.close(code);
    }
}
