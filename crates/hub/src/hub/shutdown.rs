//! Shutdown: stops the hub without losing what it has accepted, and spreads the reconnects of its clients over time.

use protocol::{CloseCode, Closing};
use tokio::sync::oneshot;

use crate::context::HubContext;
use crate::event::Event;
use crate::inbox::InboxCommand;
use crate::queue::{DeliveryPolicy, Envelope};
use crate::room::RoomCommand;

/// The wait of the first clients: a restart takes about as long.
const FIRST_MS: u32 = 1_000;

/// Clients that may come back in one millisecond, on average: a small server accepts some thousands a second.
const CLIENTS_PER_MS: usize = 2;

/// After this much more time all clients come back, however many they are.
const MAX_WINDOW_MS: usize = 5_000;

/// Time between two groups of clients. Each group shares its bytes; within it clients spread themselves.
const STEP_MS: usize = 250;

/// The waits of the groups of clients, in milliseconds.
fn waits(clients: usize) -> impl Iterator<Item = u32> + Clone {
    let window = (clients / CLIENTS_PER_MS).min(MAX_WINDOW_MS);
    let late = (0..=window).step_by(STEP_MS);
    late.map(|late| FIRST_MS.saturating_add(u32::try_from(late).unwrap_or(u32::MAX)))
}

/// Accepts nothing new, notifies all clients, lets every room and inbox finish what it has accepted, and closes all
/// connections with code 1012.
pub(super) async fn drain(context: &HubContext) {
    context.lifecycle.begin_stop();
    announce_stop(context);
    for mailbox in context.rooms.all() {
        let (reply, answer) = oneshot::channel();
        if mailbox.send(RoomCommand::Stop(reply)).await.is_ok() {
            answer.await.ok();
        }
    }
    for mailbox in context.inboxes.all() {
        let (reply, answer) = oneshot::channel();
        if mailbox.send(InboxCommand::Stop(reply)).await.is_ok() {
            answer.await.ok();
        }
    }
    for client in context.presence.all_connections() {
        client.close(CloseCode::Restart);
    }
    context.lifecycle.finish().await;
}

/// Sends every client that the server stops, and when to come back.
fn announce_stop(context: &HubContext) {
    let clients = context.presence.all_connections();
    let groups: Vec<Envelope> = waits(clients.len())
        .map(|reconnect_in_ms| Event::Closing(Closing { reconnect_in_ms }, context.stamp()))
        .map(Envelope::new)
        .collect();
    for (client, envelope) in clients.iter().zip(groups.iter().cycle()) {
        // A client that is gone needs no event.
        client.send_shared(envelope, DeliveryPolicy::Reliable).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_clients_come_back_at_once_and_many_within_seconds() {
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
