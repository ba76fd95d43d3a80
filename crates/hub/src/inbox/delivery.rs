//! Delivery: sends entries of an inbox to the clients that are subscribed to it.

use std::sync::Arc;

use protocol::InboxItem;

use crate::client::ClientHandle;
use crate::event::{Event, Stamp};
use crate::queue::{DeliveryPolicy, Envelope, StreamPosition};
use crate::store::Entry;

/// The event of an entry.
pub(super) fn event_of(item: InboxItem, at_ms: i64, seq: u64, server: &Arc<str>) -> Event {
    let stamp = Stamp { at_ms, server: server.clone() };
    match item {
        InboxItem::Notification(notification) => Event::Notification(notification, Some(seq)),
        InboxItem::Direct(message) => Event::Direct(Box::new(message), Some(seq)),
        InboxItem::Job(change) => Event::Job(Box::new(change), stamp, Some(seq)),
        InboxItem::Signal(signal) => Event::Signal(signal, stamp, Some(seq)),
    }
}

/// Sends an entry to these clients. Returns how many of them have a frame for it.
pub(super) fn send_entry(clients: &[Arc<ClientHandle>], entry: Entry, server: &Arc<str>) -> usize {
    let Entry { seq, at_ms, item, waits } = entry;
    let proving: Vec<bool> = clients.iter().map(|client| waits && client.proves_delivery_of(&item)).collect();
    let envelope = Envelope::new(event_of(item, at_ms, seq, server));
    let mut sent = 0;
    for (client, proves) in clients.iter().zip(proving) {
        if client.send_shared_at(&envelope, StreamPosition::Inbox(seq)).is_err() {
            continue;
        }
        sent += usize::from(client.has_frame_for(&envelope));
        if proves {
            client.receipts().add(seq);
        }
    }
    sent
}

/// Sends an event that is not stored to these clients.
pub(super) fn send_volatile(clients: &[Arc<ClientHandle>], event: Event, delivery: DeliveryPolicy) {
    let envelope = Envelope::new(event);
    for client in clients {
        // A client that is gone is noticed by its gateway.
        client.send_shared(&envelope, delivery).ok();
    }
}
