//! When clients are told to come back after a stop: spread, so that they do not all come at once.

use protocol::Closing;
use send_queue::DeliveryPolicy;

use crate::envelope::Envelope;
use crate::event::Event;

use super::Hub;

/// The first ones: a restart takes about as long.
const FIRST_MS: u32 = 1_000;

/// Clients that may come back in one millisecond, on average: a small server takes in some thousands a second.
const CLIENTS_PER_MS: usize = 2;

/// After this much more time everybody has come, however many they are.
const MAX_WINDOW_MS: usize = 5_000;

/// Time between two groups of clients. Each group shares its bytes; within it clients spread themselves.
const STEP_MS: usize = 250;

/// What groups of clients are told to wait, in milliseconds.
fn waits(clients: usize) -> impl Iterator<Item = u32> + Clone {
    let window = (clients / CLIENTS_PER_MS).min(MAX_WINDOW_MS);
    let late = (0..=window).step_by(STEP_MS);
    late.map(|late| FIRST_MS.saturating_add(u32::try_from(late).unwrap_or(u32::MAX)))
}

impl Hub {
    /// Tells every client that the server stops, and when to come back.
    pub(super) fn tell_when_to_come_back(&self) {
        let clients = self.shared.registry.all_clients();
        let groups: Vec<Envelope> = waits(clients.len())
            .map(|reconnect_in_ms| Event::Closing(Closing { reconnect_in_ms }, self.shared.stamp()))
            .map(Envelope::new)
            .collect();
        for (client, envelope) in clients.iter().zip(groups.iter().cycle()) {
            // A client that is gone needs no news.
            client.tell(envelope, DeliveryPolicy::Reliable).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_come_at_once_and_many_within_seconds() {
        let spread = |clients| {
            let waits: Vec<u32> = waits(clients).collect();
            (waits.len(), waits.first().copied(), waits.last().copied())
        };
        assert_eq!(spread(0), (1, Some(1_000), Some(1_000)));
        assert_eq!(spread(100), (1, Some(1_000), Some(1_000)));
        assert_eq!(spread(1_000), (3, Some(1_000), Some(1_500)));
        assert_eq!(spread(10_000), (21, Some(1_000), Some(6_000)));
        assert_eq!(spread(1_000_000), (21, Some(1_000), Some(6_000)));
    }
}
