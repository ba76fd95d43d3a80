//! Packets: events as Socket.IO packets of the main namespace, and the recovery offset that follows their data.

use bytes::Bytes;
use serde::Serialize;
use socketio::codec::{MAIN, OutgoingArgs, event};

/// An event with one argument, as a packet.
pub(in crate::dialect) fn socket_event(name: &str, data: &impl Serialize) -> Option<Bytes> {
    Some(event(MAIN, None, name, &one_argument(data, "an event")?).text)
}

/// The arguments of an event or an acknowledgement that has one; `None` if it cannot be encoded, which is logged then.
pub(super) fn one_argument(data: &impl Serialize, what: &str) -> Option<OutgoingArgs> {
    match OutgoingArgs::new().with(data) {
        Ok(data) => Some(data),
        Err(error) => {
            // Our own values have text keys only, so this does not happen; if it does, it must be seen.
            tracing::error!(%error, "Could not encode {what}");
            None
        }
    }
}

/// An event with the offset as one more argument, which the client library keeps and sends when it comes back. The first
/// part is shared by all receivers, the second one belongs to this client. Without a second part the packet has no arguments.
pub fn with_offset(packet: Bytes, offset: &str) -> (Bytes, Option<Bytes>) {
    let open = packet.len().saturating_sub(1);
    if packet.get(open) != Some(&b']') {
        return (packet, None);
    }
    let mut tail = Vec::with_capacity(offset.len() + 4);
    tail.extend_from_slice(b",\"");
    tail.extend_from_slice(offset.as_bytes());
    tail.extend_from_slice(b"\"]");
    (packet.slice(..open), Some(tail.into()))
}
