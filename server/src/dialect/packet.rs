//! Events as Socket.IO packets of the main namespace.

use bytes::Bytes;
use serde::Serialize;
use socketio::codec::{MAIN, OutgoingArgs, event};

/// An event with one argument, as a packet.
pub(super) fn socket_event(name: &str, data: &impl Serialize) -> Option<Bytes> {
    match OutgoingArgs::new().with(data) {
        Ok(data) => Some(event(MAIN, None, name, &data).text),
        Err(error) => {
            // Our own values have text keys only, so this does not happen; if it does, it must be seen.
            tracing::error!(%error, "Could not spell an event");
            None
        }
    }
}
