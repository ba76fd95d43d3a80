//! Subscribers: the clients that receive a room's events, in a dense vector, so that the fan-out touches one cache line each.

use std::collections::HashMap;
use std::sync::Arc;

use crate::client::{ClientHandle, ClientId};
use crate::queue::{ChangeFrames, ClientTransport, DeliveryPolicy, Disconnected, Envelope, StreamPosition};

/// The clients that are subscribed. Their order depends only on the order in which they subscribed and unsubscribed.
#[derive(Default)]
pub(super) struct Subscribers {
    list: Vec<Subscriber>,
    /// The index of each in the list.
    index: HashMap<ClientId, usize>,
    /// How many have a dialect that shows a receipt for each message.
    wanting_receipts: usize,
}

/// A client with what every delivery needs of it, so that the client itself is not read.
pub(super) struct Subscriber {
    transport: Arc<dyn ClientTransport>,
    client: Arc<ClientHandle>,
    /// The slot of its encoder.
    slot: usize,
    /// What it gets of changed messages.
    changes: ChangeFrames,
}

impl Subscribers {
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn contains(&self, client: ClientId) -> bool {
        self.index.contains_key(&client)
    }

    /// Whether any of them is to receive a receipt for each message that was read.
    pub(super) fn want_receipts(&self) -> bool {
        self.wanting_receipts > 0
    }

    /// Every subscriber, in the order of delivery.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Subscriber> {
        self.list.iter()
    }

    /// Adds a client that is not subscribed.
    pub(super) fn insert(&mut self, client: Arc<ClientHandle>) {
        self.wanting_receipts += usize::from(client.encoder.wants_receipts);
        self.index.insert(client.id, self.list.len());
        let (transport, slot) = (client.transport().clone(), client.encoder.slot);
        let changes = match client.encoder.changes {
            ChangeFrames::Commits => ChangeFrames::None,
            other => other,
        };
        self.list.push(Subscriber { transport, client, slot, changes });
    }

    /// A client whose dialect leaves it the choice takes changes from now on, or does not any more.
    pub(super) fn set_takes_changes(&mut self, client: ClientId, takes_changes: bool) {
        let subscriber = self.index.get(&client).and_then(|index| self.list.get_mut(*index));
        if let Some(subscriber) = subscriber.filter(|it| it.client.encoder.changes == ChangeFrames::Commits) {
            subscriber.changes = if takes_changes { ChangeFrames::Commits } else { ChangeFrames::None };
        }
    }

    /// Whether any of them gets this of changed messages.
    pub(super) fn take_changes(&self, as_frames: ChangeFrames) -> bool {
        self.list.iter().any(|it| it.changes == as_frames)
    }

    /// Removes a client; the last one of the list takes its index.
    pub(super) fn remove(&mut self, client: ClientId) -> Option<Arc<ClientHandle>> {
        let index = self.index.remove(&client)?;
        let Subscriber { client, .. } = self.list.swap_remove(index);
        if let Some(moved) = self.list.get(index) {
            self.index.insert(moved.client.id, index);
        }
        self.wanting_receipts -= usize::from(client.encoder.wants_receipts);
        Some(client)
    }
}

impl Subscriber {
    pub(super) fn client(&self) -> &ClientHandle {
        &self.client
    }

    /// What it gets of changed messages.
    pub(super) fn changes(&self) -> ChangeFrames {
        self.changes
    }

    /// Pushes an event that others receive too; the client's position is `position` afterwards.
    pub(super) fn push(
        &self,
        envelope: &Envelope,
        delivery: DeliveryPolicy,
        position: Option<StreamPosition<'_>>,
    ) -> Result<(), Disconnected> {
        let encoded;
        let frame = if let Some(frame) = envelope.cached(self.slot) {
            frame
        } else {
            encoded = envelope.frame(self.client.encoder);
            &encoded
        };
        match (frame, position) {
            (Some(frame), Some(position)) => self.transport.push_at(frame.clone(), position),
            (Some(frame), None) => self.transport.push(frame.clone(), delivery),
            (None, Some(position)) => {
                self.transport.place(position);
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }
}
