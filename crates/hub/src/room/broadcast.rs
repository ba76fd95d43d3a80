//! What an application tells a room that is worth nothing a moment later: neither stored nor numbered, but in order with
//! everything else.

use protocol::RawJson;
use send_queue::DeliveryPolicy;

use crate::client::Client;
use crate::envelope::Envelope;
use crate::event::{Broadcast, Event, Failure};
use crate::refusal::Refusal;

use super::Room;

impl Room {
    /// Hands it to everybody who follows, or tells its author why not.
    pub(super) fn broadcast(&mut self, client: &Client, event: Box<str>, data: RawJson) {
        if let Err(refusal) = self.check_follower(client) {
            let failure = Failure { refusal, room: Some(self.id.clone()), draft: None };
            // Who is gone needs no answer.
            client.tell_alone(&Event::Failed(failure)).ok();
            return;
        }
        let (room, user) = (self.id.clone(), client.person.id.clone());
        let said = Envelope::new(Event::Broadcast(Broadcast { room, user, event, data }));
        self.deliver_to(&said, DeliveryPolicy::BestEffort, |_| true);
    }

    /// Who was put out may have come back in, but not to follow.
    fn check_follower(&self, client: &Client) -> Result<(), Refusal> {
        self.check_part(&client.person.id)?;
        if self.followers.contains(client.id) { Ok(()) } else { Err(Refusal::NotJoined) }
    }
}
