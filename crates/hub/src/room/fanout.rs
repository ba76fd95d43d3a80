//! Fan-out: hands a room's events to its subscribers. Nothing else in a room sends.
//!
//! An event is encoded once for each dialect, and all subscribers of the dialect share the bytes. A subscriber that cannot
//! take an event is reported as lost.

use std::sync::Arc;

use protocol::UserId;

use crate::client::{ClientHandle, ClientId};
use crate::event::Event;
use crate::queue::{ChangeFrames, DeliveryPolicy, Disconnected, Encoder, Envelope, StreamPosition};

use super::subscribers::{Subscriber, Subscribers};

/// An event for the subscribers of a room.
pub(super) struct RoomEvent {
    pub(super) event: Event,
    pub(super) delivery: DeliveryPolicy,
    pub(super) audience: Audience,
}

/// Which subscribers receive an event.
pub(super) enum Audience {
    Everyone,
    /// All clients of other users.
    Others(UserId),
    /// Clients whose dialect shows the event.
    Encoders(fn(&Encoder) -> bool),
    /// Clients of other users whose dialect shows the event.
    OthersWith(UserId, fn(&Encoder) -> bool),
    /// Clients that get this of changed messages.
    TakingChanges(ChangeFrames),
}

impl RoomEvent {
    /// An event that every subscriber must receive.
    pub(super) fn reliable(event: Event) -> Self {
        Self { event, delivery: DeliveryPolicy::Reliable, audience: Audience::Everyone }
    }

    /// The same event for some subscribers only.
    pub(super) fn to(self, audience: Audience) -> Self {
        Self { audience, ..self }
    }
}

/// The sending half of a room.
#[derive(Default)]
pub(super) struct Fanout {
    subscribers: Subscribers,
}

impl Fanout {
    pub(super) fn len(&self) -> usize {
        self.subscribers.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.subscribers.is_empty()
    }

    pub(super) fn contains(&self, client: ClientId) -> bool {
        self.subscribers.contains(client)
    }

    /// Whether any subscriber is to receive a receipt for each message that was read.
    pub(super) fn wants_receipts(&self) -> bool {
        self.subscribers.want_receipts()
    }

    /// Whether any subscriber gets this of changed messages.
    pub(super) fn takes_changes(&self, frames: ChangeFrames) -> bool {
        self.subscribers.take_changes(frames)
    }

    /// Subscribes a client that is not subscribed.
    pub(super) fn subscribe(&mut self, client: Arc<ClientHandle>) {
        self.subscribers.insert(client);
    }

    /// A subscribed client whose dialect leaves it the choice takes changes from now on, or does not any more.
    pub(super) fn set_takes_changes(&mut self, client: ClientId, takes_changes: bool) {
        self.subscribers.set_takes_changes(client, takes_changes);
    }

    /// Ends the subscription of a client, if it has one.
    pub(super) fn unsubscribe(&mut self, client: ClientId) -> Option<Arc<ClientHandle>> {
        self.subscribers.remove(client)
    }

    /// The subscribed clients of one user, in the order of delivery.
    pub(super) fn clients_of(&self, user: &UserId) -> Vec<ClientId> {
        let clients = self.subscribers.iter().map(Subscriber::client);
        clients.filter(|client| client.user.id == *user).map(|client| client.id).collect()
    }

    /// Sends an event to its audience. Answers which clients are gone or too slow; they stay subscribed until they are
    /// unsubscribed.
    pub(super) fn send(&self, RoomEvent { event, delivery, audience }: RoomEvent) -> Vec<ClientId> {
        let envelope = Envelope::new(event);
        // Matched outside of the loop: most events go to everyone, and then no client is read.
        match audience {
            Audience::Everyone => self.deliver(&envelope, delivery, |_| true),
            Audience::Others(user) => self.deliver(&envelope, delivery, |it| it.client().user.id != user),
            Audience::Encoders(wants) => self.deliver(&envelope, delivery, |it| wants(&it.client().encoder)),
            Audience::OthersWith(user, wants) => self.deliver(&envelope, delivery, |it| {
                wants(&it.client().encoder) && it.client().user.id != user
            }),
            Audience::TakingChanges(frames) => self.deliver(&envelope, delivery, |it| it.changes() == frames),
        }
    }

    fn deliver(
        &self,
        envelope: &Envelope,
        delivery: DeliveryPolicy,
        receives: impl Fn(&Subscriber) -> bool,
    ) -> Vec<ClientId> {
        let position = envelope.event().position();
        let mut lost = Vec::new();
        for subscriber in self.subscribers.iter() {
            if receives(subscriber) && subscriber.push(envelope, delivery, position).is_err() {
                lost.push(subscriber.client().id);
            }
        }
        lost
    }
}

/// Sends an event to one client, subscribed or not.
///
/// # Errors
/// [`Disconnected`] when the client is gone or too slow.
pub(super) fn send_to(client: &ClientHandle, event: &Event) -> Result<(), Disconnected> {
    client.send(event)
}

/// Sends an envelope that several clients receive to one of them.
///
/// # Errors
/// As [`send_to`].
pub(super) fn replay_to(client: &ClientHandle, envelope: &Envelope) -> Result<(), Disconnected> {
    client.send_shared(envelope, DeliveryPolicy::Reliable)
}

/// Notes the position of a client without sending anything.
pub(super) fn set_position(client: &ClientHandle, position: StreamPosition<'_>) {
    client.set_position(position);
}
