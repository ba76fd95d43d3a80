//! Hub handle: attaches clients for gateways, and passes operations on rooms and inboxes to the actors.

mod inbox;
mod quotas;
mod requester;
mod rooms;
mod shutdown;

use std::collections::HashSet;
use std::sync::Arc;

use protocol::{CloseCode, Maintenance, UserId};

use crate::client::{ClientHandle, Identity, SignInId};
use crate::context::HubContext;
use crate::error::HubError;
use crate::event::{Event, Stamp};
use crate::queue::{ClientTransport, DeliveryPolicy, Encoder, Envelope};
use crate::session::ClientSession;
use crate::settings::HubSettings;
use crate::store::{Clock, Store};

pub use requester::Requester;
pub use rooms::{MessageText, NewRoom};

/// Rooms, the users attached to them, and the store behind. Cloning copies one pointer.
#[derive(Clone)]
pub struct Hub {
    context: Arc<HubContext>,
}

/// Counts for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Attached clients.
    pub connections: usize,
    /// Users with an attached client.
    pub users: usize,
    /// Rooms in memory.
    pub rooms: usize,
}

impl Hub {
    /// A hub without clients.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, settings: HubSettings) -> Self {
        Self { context: Arc::new(HubContext::new(store, clock, settings)) }
    }

    /// Attaches a client. Its events go to `transport`, encoded by `encoder`.
    ///
    /// # Errors
    /// [`HubError::TooManyConnections`], [`HubError::Stopping`].
    pub fn attach(
        &self,
        identity: Identity,
        encoder: Encoder,
        transport: Arc<dyn ClientTransport>,
    ) -> Result<ClientSession, HubError> {
        if self.context.lifecycle.is_stopping() {
            return Err(HubError::Stopping);
        }
        let id = self.context.next_client_id();
        let client = Arc::new(ClientHandle::new(id, identity, encoder, transport));
        self.context.presence.attach(&client)?;
        Ok(ClientSession::new(client, self.context.clone()))
    }

    /// Closes every connection that came with this sign-in of a user. Only the connections of that user are read.
    pub fn close_sign_in(&self, user: &UserId, sign_in: SignInId, code: CloseCode) {
        for client in self.context.presence.connections_of_sign_in(user, sign_in) {
            client.close(code);
        }
    }

    /// Closes every connection of a user.
    pub fn close_user(&self, user: &UserId, code: CloseCode) {
        for client in self.context.presence.connections_of(user) {
            client.close(code);
        }
    }

    /// The sign-ins of a user's connections.
    pub fn sign_ins_of(&self, user: &UserId) -> HashSet<SignInId> {
        self.context.presence.connections_of(user).iter().map(|client| client.sign_in()).collect()
    }

    /// The sign-ins of all connections.
    pub fn sign_ins(&self) -> HashSet<SignInId> {
        self.context.presence.sign_ins()
    }

    /// Counts for operators.
    pub fn stats(&self) -> Stats {
        let (users, connections) = self.context.presence.count();
        Stats { connections, users, rooms: self.context.rooms.len() }
    }

    /// The time, and the server's name.
    pub fn stamp(&self) -> Stamp {
        self.context.stamp()
    }

    /// The number of a user's connections.
    pub fn connections_of(&self, user: &UserId) -> usize {
        self.context.presence.connections_of(user).len()
    }

    /// When a user's last connection ended, in milliseconds since 1970-01-01 UTC; `None` if this process does not know.
    pub fn last_seen(&self, user: &UserId) -> Option<i64> {
        self.context.presence.last_seen(user)
    }

    /// Messages a second, the mean of the last ten seconds.
    pub fn messages_per_second(&self) -> f64 {
        self.context.message_rate.per_second()
    }

    /// Notifies every client that the application goes out of service or returns to service.
    pub fn announce_maintenance(&self, maintenance: Maintenance) {
        let envelope = Envelope::new(Event::Maintenance(maintenance, self.context.stamp()));
        for client in self.context.presence.all_connections() {
            // A client that is gone needs no event.
            client.send_shared(&envelope, DeliveryPolicy::Reliable).ok();
        }
    }

    /// Counts an operation beside posting, such as starting a job, as a message of the user.
    ///
    /// # Errors
    /// [`HubError::TooFast`].
    pub fn count(&self, requester: Requester<'_>) -> Result<(), HubError> {
        quotas::count_message(&self.context, requester)
    }

    /// Counts a request of a user, together with the commands of the user's connections.
    ///
    /// # Errors
    /// [`HubError::TooFast`].
    pub fn count_request(&self, requester: Requester<'_>) -> Result<(), HubError> {
        quotas::count_request(&self.context, requester)
    }

    /// Counts a room that a user is about to create with these members. Concurrent requests may exceed the limit by a few.
    ///
    /// # Errors
    /// [`HubError::TooManyKept`], [`HubError::OverDaily`], [`HubError::Unavailable`].
    pub async fn count_new_room(&self, requester: Requester<'_>, members: &[UserId]) -> Result<(), HubError> {
        quotas::count_new_room(&self.context, requester, members).await
    }

    /// Counts the users that a user is about to add to a room without sharing a room with them.
    ///
    /// # Errors
    /// [`HubError::OverDaily`], [`HubError::Unavailable`].
    pub async fn count_strangers(&self, requester: Requester<'_>, users: &[UserId]) -> Result<(), HubError> {
        quotas::count_strangers(&self.context, requester, users).await
    }

    /// Accepts nothing new, notifies all clients, lets every room and inbox finish what it has accepted, and closes all
    /// connections with code 1012.
    pub async fn drain(&self) {
        shutdown::drain(&self.context).await;
    }
}
