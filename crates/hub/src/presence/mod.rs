//! Presence: knows which users are online, and notifies their active rooms of changes.
//!
//! A user is online from the first connection until a grace period after the last one, so that a reload is no change. Rooms add
//! themselves to the index of their members while they run; a change reaches them without a read of the store. A room that
//! starts later reads the presence of its members itself.

mod active_rooms;
mod changes;
mod connections;
mod last_seen;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use protocol::{RoomId, UserId};

use crate::actor::ActorRegistry;
use crate::client::{ClientHandle, SignInId};
use crate::deferred_commands::DeferredCommands;
use crate::error::HubError;
use crate::lifecycle::Lifecycle;
use crate::room::RoomCommand;
use crate::settings::HubSettings;

use active_rooms::ActiveRoomIndex;
use changes::PresenceQueue;
use connections::{Connections, DetachOutcome};
use last_seen::LastSeen;

/// Changes that are grouped by room before the rooms get them.
const CHANGES_AT_ONCE: usize = 256;

/// One for each hub. Its parts have a lock each, and no two are held at the same time.
pub(crate) struct Presence {
    connections: Connections,
    active_rooms: ActiveRoomIndex,
    last_seen: LastSeen,
    changes: PresenceQueue,
    rooms: Arc<ActorRegistry<RoomId, RoomCommand>>,
    /// Changes for rooms with a full mailbox.
    deferred: Arc<DeferredCommands<BTreeSet<UserId>>>,
    lifecycle: Arc<Lifecycle>,
    grace: Duration,
    connections_per_user: usize,
}

impl Presence {
    pub(crate) fn new(
        settings: &HubSettings,
        rooms: Arc<ActorRegistry<RoomId, RoomCommand>>,
        lifecycle: Arc<Lifecycle>,
    ) -> Self {
        Self {
            connections: Connections::default(),
            active_rooms: ActiveRoomIndex::default(),
            last_seen: LastSeen::default(),
            changes: PresenceQueue::default(),
            rooms,
            deferred: Arc::default(),
            lifecycle,
            grace: settings.presence_grace,
            connections_per_user: settings.connections_per_user,
        }
    }

    /// Adds a connection.
    ///
    /// # Errors
    /// [`HubError::TooManyConnections`].
    pub(crate) fn attach(self: &Arc<Self>, client: &Arc<ClientHandle>) -> Result<(), HubError> {
        let attached = self.connections.attach(client, self.connections_per_user);
        if attached.ok_or(HubError::TooManyConnections)?.is_now_online {
            self.announce(&client.user.id);
        }
        Ok(())
    }

    /// Removes a connection. After the last one of a user the grace period begins, and this returns at its end.
    pub(crate) async fn detach(self: &Arc<Self>, client: Arc<ClientHandle>, now_ms: i64) {
        let user = &client.user.id.clone();
        self.last_seen.set(user, now_ms);
        let outcome = self.connections.detach(user, client.id);
        // What belongs to the connection is not kept for the grace period.
        drop(client);
        let DetachOutcome::LastConnection { generation } = outcome else { return };
        let stopped = self.lifecycle.stopped();
        tokio::select! {
            () = tokio::time::sleep(self.grace) => {}
            () = stopped.cancelled() => return,
        }
        if self.connections.end_grace(user, generation) {
            self.announce(user);
        }
    }

    /// Whether a user is online.
    pub(crate) fn is_online(&self, user: &UserId) -> bool {
        self.connections.is_online(user)
    }

    /// The connections of a user.
    pub(crate) fn connections_of(&self, user: &UserId) -> Vec<Arc<ClientHandle>> {
        self.connections.of(user, |_| true)
    }

    /// The connections of a user that are subscribed to the inbox.
    pub(crate) fn inbox_subscribers(&self, user: &UserId) -> Vec<Arc<ClientHandle>> {
        self.connections.of(user, ClientHandle::is_subscribed_to_inbox)
    }

    /// The connections of a user that came with this sign-in.
    pub(crate) fn connections_of_sign_in(&self, user: &UserId, sign_in: SignInId) -> Vec<Arc<ClientHandle>> {
        self.connections.of(user, |client| client.sign_in() == sign_in)
    }

    /// All connections.
    pub(crate) fn all_connections(&self) -> Vec<Arc<ClientHandle>> {
        self.connections.all()
    }

    /// The sign-ins of all connections.
    pub(crate) fn sign_ins(&self) -> HashSet<SignInId> {
        self.all_connections().iter().map(|client| client.sign_in()).collect()
    }

    /// The number of connected users, and of their connections.
    pub(crate) fn count(&self) -> (usize, usize) {
        self.connections.count()
    }

    /// When the last connection of a user ended, in milliseconds since 1970-01-01 UTC; `None` if this process does not know.
    pub(crate) fn last_seen(&self, user: &UserId) -> Option<i64> {
        self.last_seen.get(user)
    }

    /// A room runs and has these members: it gets their changes from now on. Called before the room reads who is online, so
    /// that no change falls between the two.
    pub(crate) fn add_active_room<'a>(&self, room: &RoomId, members: impl Iterator<Item = &'a UserId>) {
        self.active_rooms.add(room, members);
    }

    /// A room does not run any more, or has lost these members.
    pub(crate) fn remove_active_room<'a>(&self, room: &RoomId, members: impl Iterator<Item = &'a UserId>) {
        self.active_rooms.remove(room, members);
    }

    /// Has every active room of a user read whether the user is online.
    fn announce(self: &Arc<Self>, user: &UserId) {
        if self.active_rooms.has(user) && self.changes.add(user.clone()) {
            let presence = self.clone();
            self.lifecycle.spawn(async move { presence.send_changes() });
        }
    }

    /// Sends what is queued until the queue is empty.
    fn send_changes(&self) {
        loop {
            let users = self.changes.take(CHANGES_AT_ONCE);
            // All connections are about to end, and no room is notified of it.
            if users.is_empty() || self.lifecycle.is_stopping() {
                return;
            }
            let mut changes: BTreeMap<RoomId, BTreeSet<UserId>> = BTreeMap::new();
            for user in users {
                for room in self.active_rooms.of(&user) {
                    changes.entry(room).or_default().insert(user.clone());
                }
            }
            for (room, users) in changes {
                let Some(mailbox) = self.rooms.get(&room) else { continue };
                // A busy room does not delay the others.
                self.deferred.send(&self.lifecycle, &room, &mailbox, users);
            }
        }
    }
}
