//! Room notices: events and commands of a room for others than its subscribers: for the connections of an added or removed user,
//! for its live room, and for its chat.

use protocol::{LiveChange, RoomId, RoomRef, UserId};

use crate::context::HubContext;
use crate::error::HubError;
use crate::event::Event;
use crate::live_room;
use crate::room::Immediate;

/// Sends all connections of a user a room that the user was added to.
///
/// # Errors
/// [`HubError::Unavailable`].
pub(crate) async fn notify_room_added(
    context: &HubContext,
    room: &RoomId,
    user: &UserId,
) -> Result<(), HubError> {
    let clients = context.presence.connections_of(user);
    if clients.is_empty() {
        return Ok(());
    }
    if let Some(summary) = context.store.summary(room, user).await? {
        let event = Event::RoomAdded(Box::new(summary));
        for client in clients {
            client.send(&event).ok();
        }
    }
    Ok(())
}

/// Notifies all connections of a user that the user was removed from a room.
pub(crate) fn notify_room_removed(context: &HubContext, room: &RoomId, user: &UserId) {
    let event = Event::RoomRemoved(RoomRef { room: room.clone() });
    for client in context.presence.connections_of(user) {
        client.send(&event).ok();
    }
}

/// Makes the live room of a chat read its members again.
pub(crate) async fn reload_live_room(context: &HubContext, chat: &RoomId) {
    let live_room = live_room::room_of(chat).and_then(|room| context.rooms.get(&room));
    if let Some(mailbox) = live_room {
        // Closed: the room reads its members when it is spawned again.
        mailbox.send(Immediate::ReloadMembers.into()).await.ok();
    }
}

/// Notifies the chat of a live room that the session has another status. A chat that does not run reads it from the store.
pub(crate) fn notify_chat(context: &HubContext, change: LiveChange) {
    let Some(id) = change.chat.clone() else { return };
    let Some(chat) = context.rooms.get(&id) else { return };
    // The live room does not wait: the chat may be waiting for room in the mailbox of the live room.
    context.deferred_statuses.send(&context.lifecycle, &id, &chat, Box::new(change));
}
