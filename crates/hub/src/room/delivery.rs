//! How a room hands on what happened in it.

use send_queue::DeliveryPolicy;

use crate::client::Client;
use crate::envelope::Envelope;
use crate::event::Event;

use super::Room;

impl Room {
    /// Hands an event to those who follow and want it. Who is gone or fell behind is forgotten.
    pub(super) fn deliver_to(
        &mut self,
        envelope: &Envelope,
        delivery: DeliveryPolicy,
        wants: impl Fn(&Client) -> bool,
    ) {
        let track = envelope.event().track();
        let mut gone = Vec::new();
        for follower in self.followers.iter() {
            if wants(follower.client()) && follower.tell(envelope, delivery, track).is_err() {
                gone.push(follower.client().id);
            }
        }
        for peer in gone {
            self.lose_follower(peer);
        }
    }

    /// Hands an event that must arrive to everybody who follows.
    pub(super) fn tell_all(&mut self, event: Event) {
        self.deliver_to(&Envelope::new(event), DeliveryPolicy::Reliable, |_| true);
    }
}
