//! Who follows a room, as delivery wants it: one list without holes, with everything at hand that a push needs.

use std::collections::HashMap;
use std::sync::Arc;

use send_queue::DeliveryPolicy;

use crate::client::{Client, PeerId};
use crate::envelope::Envelope;
use crate::outbox::{Gone, Outlet, Track};

/// The clients that follow. Their order is the same whenever the same ones came and went in the same order.
#[derive(Default)]
pub(super) struct Followers {
    list: Vec<Follower>,
    /// Where each stands in the list.
    places: HashMap<PeerId, usize>,
    /// How many have a dialect that counts readers.
    count_readers: usize,
}

/// A client with what every delivery needs of it, so that the client itself is not looked at.
pub(super) struct Follower {
    outlet: Arc<dyn Outlet>,
    client: Arc<Client>,
    /// The slot of its spelling.
    slot: usize,
}

impl Followers {
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn contains(&self, peer: PeerId) -> bool {
        self.places.contains_key(&peer)
    }

    /// Whether somebody wants to know of each message that somebody has read.
    pub(super) fn count_readers(&self) -> bool {
        self.count_readers > 0
    }

    /// Every follower, in the order of delivery.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Follower> {
        self.list.iter()
    }

    /// Adds a client that does not follow yet.
    pub(super) fn insert(&mut self, client: Arc<Client>) {
        self.count_readers += usize::from(client.spelling.counts_readers);
        self.places.insert(client.id, self.list.len());
        let (outlet, slot) = (client.outlet().clone(), client.spelling.slot);
        self.list.push(Follower { outlet, client, slot });
    }

    /// Takes a client out; the last one stands in its place then.
    pub(super) fn remove(&mut self, peer: PeerId) -> Option<Arc<Client>> {
        let place = self.places.remove(&peer)?;
        let Follower { client, .. } = self.list.swap_remove(place);
        if let Some(moved) = self.list.get(place) {
            self.places.insert(moved.client.id, place);
        }
        self.count_readers -= usize::from(client.spelling.counts_readers);
        Some(client)
    }
}

impl Follower {
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Hands on an event that others are told too, after which the reader stands at `track`.
    pub(super) fn tell(
        &self,
        envelope: &Envelope,
        delivery: DeliveryPolicy,
        track: Option<Track<'_>>,
    ) -> Result<(), Gone> {
        let written = envelope.written(self.slot);
        let frame = written.cloned().unwrap_or_else(|| envelope.frame(self.client.spelling));
        match (frame, track) {
            (Some(frame), Some(track)) => self.outlet.push_at(frame, track),
            (Some(frame), None) => self.outlet.push(frame, delivery),
            (None, Some(track)) => {
                self.outlet.place(track);
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }
}
