//! The handle that every door holds.

mod farewell;
mod inbox;
mod quotas;
mod rooms;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use protocol::{CloseCode, Maintenance, UserId};
use send_queue::DeliveryPolicy;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::announcer::Announcer;
use crate::client::{Client, Identity, PeerId, SignInId};
use crate::envelope::{Envelope, Spelling};
use crate::event::{Event, Stamp};
use crate::inbox::InboxCommand;
use crate::last_seen::LastSeen;
use crate::limits::Settings;
use crate::meters::MeterBook;
use crate::outbox::Outlet;
use crate::peer::Peer;
use crate::port::{Clock, Store};
use crate::pulse::Pulse;
use crate::refusal::Refusal;
use crate::registry::{Registry, Stats};
use crate::rings::Rings;
use crate::room::RoomCommand;
use crate::shared::Shared;

pub use inbox::Actor;
pub use rooms::{NewRoom, Text};

/// Rooms, the people attached to them and the store behind. Cloning copies one pointer.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

impl Hub {
    /// A hub without anybody in it.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        let shared = Shared {
            store,
            clock,
            rings: Arc::new(Rings::new(&settings)),
            settings,
            registry: Registry::default(),
            announcer: Announcer::default(),
            postponed_people: Arc::default(),
            postponed_sessions: Arc::default(),
            meters: MeterBook::default(),
            last_seen: LastSeen::default(),
            pulse: Pulse::default(),
            tasks: TaskTracker::new(),
            stopping: AtomicBool::new(false),
            stopped: CancellationToken::new(),
            next_peer: AtomicU64::new(1),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Attaches a client. What it is told goes to `outlet`, written in `spelling`.
    ///
    /// # Errors
    /// [`Refusal::TooManyConnections`], [`Refusal::Stopping`].
    pub fn attach(
        &self,
        identity: Identity,
        spelling: Spelling,
        outlet: Arc<dyn Outlet>,
    ) -> Result<Peer, Refusal> {
        if self.shared.stopping.load(Ordering::Relaxed) {
            return Err(Refusal::Stopping);
        }
        let id = PeerId(self.shared.next_peer.fetch_add(1, Ordering::Relaxed));
        let client = Arc::new(Client::new(id, identity, spelling, outlet));
        let limit = self.shared.settings.connections_per_person;
        let came = self.shared.registry.attach(&client, limit).ok_or(Refusal::TooManyConnections)?;
        if came {
            self.shared.announce(&client.person.id);
        }
        Ok(Peer::new(client, self.shared.clone()))
    }

    /// Closes every connection that came by this sign-in of a user. Only the connections of that user are looked at.
    pub fn close_sign_in(&self, user: &UserId, sign_in: SignInId, code: CloseCode) {
        for client in self.shared.registry.clients_of_sign_in(user, sign_in) {
            client.close(code);
        }
    }

    /// Closes every connection of a person.
    pub fn close_person(&self, person: &UserId, code: CloseCode) {
        for client in self.shared.registry.clients_of(person) {
            client.close(code);
        }
    }

    /// The sign-ins by which a user is connected.
    pub fn sign_ins_of(&self, user: &UserId) -> HashSet<SignInId> {
        self.shared.registry.clients_of(user).iter().map(|client| client.sign_in()).collect()
    }

    /// The sign-ins by which anybody is connected.
    pub fn sign_ins(&self) -> HashSet<SignInId> {
        self.shared.registry.all_clients().iter().map(|client| client.sign_in()).collect()
    }

    /// Counts for whoever watches the server.
    pub fn stats(&self) -> Stats {
        self.shared.registry.stats()
    }

    /// The time, and the server's name.
    pub fn stamp(&self) -> Stamp {
        self.shared.stamp()
    }

    /// How many clients of a person are attached.
    pub fn connections_of(&self, person: &UserId) -> usize {
        self.shared.registry.clients_of(person).len()
    }

    /// When somebody's last connection ended, in milliseconds since 1970-01-01 UTC; `None` if this process does not
    /// remember any.
    pub fn last_seen(&self, person: &UserId) -> Option<i64> {
        self.shared.last_seen.of(person)
    }

    /// Messages a second, the mean of the last ten.
    pub fn messages_per_second(&self) -> f64 {
        self.shared.pulse.per_second()
    }

    /// Counts something that a person does beside posting, such as starting a job, as a message of this person. A part of
    /// the application may do as much as it likes.
    ///
    /// # Errors
    /// [`Refusal::TooFast`].
    pub fn count(&self, actor: Actor<'_>) -> Result<(), Refusal> {
        if actor.is_service {
            return Ok(());
        }
        self.shared.meters.of(actor.person).messages.pass(self.shared.settings.rates.messages)
    }

    /// Tells every client that the application goes out of service, or comes back.
    pub fn announce_maintenance(&self, maintenance: Maintenance) {
        self.tell_everybody(Event::Maintenance(maintenance, self.shared.stamp()));
    }

    fn tell_everybody(&self, event: Event) {
        let envelope = Envelope::new(event);
        for client in self.shared.registry.all_clients() {
            // A client that is gone needs no news.
            client.tell(&envelope, DeliveryPolicy::Reliable).ok();
        }
    }

    /// Takes nobody in any more, tells everybody, lets every room finish what it has accepted, and closes all
    /// connections with code 1012.
    pub async fn drain(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.tell_when_to_come_back();
        for mailbox in self.shared.registry.rooms.all() {
            let (reply, answer) = oneshot::channel();
            if mailbox.send(RoomCommand::Stop(reply)).await.is_ok() {
                answer.await.ok();
            }
        }
        for mailbox in self.shared.registry.inboxes.awake.all() {
            let (reply, answer) = oneshot::channel();
            if mailbox.send(InboxCommand::Stop(reply)).await.is_ok() {
                answer.await.ok();
            }
        }
        for client in self.shared.registry.all_clients() {
            client.close(CloseCode::Restart);
        }
        self.shared.stopped.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}
