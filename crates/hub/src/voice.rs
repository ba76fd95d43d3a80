//! Tells one client something while its handle is busy.

use std::sync::Arc;

use protocol::CloseCode;

use crate::client::Client;
use crate::conflation;
use crate::event::Event;
use crate::outbox::Gone;

/// Tells one client, from a task of its own.
#[derive(Clone)]
pub struct Voice {
    client: Arc<Client>,
}

impl Voice {
    pub(crate) fn of(client: Arc<Client>) -> Self {
        Self { client }
    }

    /// Tells the client.
    ///
    /// # Errors
    /// [`Gone`] when the client has left.
    pub fn tell(&self, event: &Event) -> Result<(), Gone> {
        match event {
            Event::Progress(step) => self.client.tell_latest(event, conflation::run(step.run)),
            event => self.client.tell_alone(event),
        }
    }

    /// Ends the connection.
    pub fn close(&self, code: CloseCode) {
        self.client.close(code);
    }
}
