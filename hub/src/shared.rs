//! What the handle, the peers and the rooms have in common.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use protocol::{MessageId, RoomId, RoomRef, UserId};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::event::Event;
use crate::limits::Settings;
use crate::peer::Client;
use crate::port::{Clock, Store};
use crate::refusal::Refusal;
use crate::registry::{Departure, Registry};
use crate::room::{self, Mailbox, RoomCommand};

/// One for each hub, behind one pointer.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) registry: Registry,
    pub(crate) tasks: TaskTracker,
    pub(crate) stopping: AtomicBool,
    pub(crate) stopped: CancellationToken,
    pub(crate) next_peer: AtomicU64,
}

impl Shared {
    /// The room's mailbox; wakes the room if need be.
    pub(crate) fn mailbox(self: &Arc<Self>, room: &RoomId) -> Mailbox {
        self.registry.mailbox(room, || {
            let (sender, receiver) = mpsc::channel(self.settings.mailbox);
            self.tasks.spawn(room::run(self.clone(), room.clone(), receiver));
            sender
        })
    }

    /// A name for a message that is about to be committed.
    pub(crate) fn new_message_id() -> MessageId {
        MessageId(Uuid::now_v7())
    }

    /// Tells all devices of somebody about a room they are in now.
    pub(crate) async fn tell_of_new_room(&self, room: &RoomId, person: &UserId) -> Result<(), Refusal> {
        let clients = self.registry.clients_of(person);
        if clients.is_empty() {
            return Ok(());
        }
        if let Some(summary) = self.store.summary(room, person).await? {
            let event = Event::RoomAdded(Box::new(summary));
            for client in clients {
                client.tell_alone(&event).ok();
            }
        }
        Ok(())
    }

    /// Tells all devices of somebody about a room they are not in any more.
    pub(crate) fn tell_of_lost_room(&self, room: &RoomId, person: &UserId) {
        let event = Event::RoomRemoved(RoomRef { room: room.clone() });
        for client in self.registry.clients_of(person) {
            client.tell_alone(&event).ok();
        }
    }

    /// A client has gone. If it was somebody's last one, presence ends a little later.
    pub(crate) async fn detach(&self, client: &Client) {
        let person = &client.person.id;
        let Departure::Last(farewell) = self.registry.detach(person, client.id) else {
            return;
        };
        tokio::select! {
            () = tokio::time::sleep(self.settings.presence_grace) => {}
            () = self.stopped.cancelled() => return,
        }
        if self.registry.forget_person(person, farewell) {
            self.announce(person).await;
        }
    }

    /// Asks every room that somebody is in, and that is awake, to look whether this person is present.
    pub(crate) async fn announce(&self, person: &UserId) {
        match self.store.room_ids_of(person).await {
            Ok(rooms) => {
                for mailbox in rooms.iter().filter_map(|room| self.registry.awake(room)) {
                    mailbox.send(RoomCommand::LookFor(person.clone())).await.ok();
                }
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, person.id = %person, "Could not announce the presence of `{person}`");
            }
        }
    }
}
