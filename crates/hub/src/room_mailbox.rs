//! Room mailbox: finds the mailbox of a room, and spawns the room where it does not run.

use std::sync::Arc;

use protocol::{RoomId, UserId};
use tokio::sync::mpsc;

use crate::context::HubContext;
use crate::error::HubError;
use crate::room::{self, Mailbox};
use crate::room_access;

/// The mailbox of a room, for a user who is to be a member. A running room knows its members and decides itself; one that does
/// not run is spawned for its members only.
///
/// # Errors
/// [`HubError::NoSuchRoom`], [`HubError::Unavailable`].
pub(crate) async fn for_user(
    context: &Arc<HubContext>,
    room: &RoomId,
    user: &UserId,
) -> Result<Mailbox, HubError> {
    if let Some(mailbox) = context.rooms.get(room).filter(|mailbox| !mailbox.is_closed()) {
        return Ok(mailbox);
    }
    room_access::check_member(context, room, user).await?;
    Ok(open(context, room))
}

/// The mailbox of a room. The caller knows that the user is a member.
pub(crate) fn open(context: &Arc<HubContext>, room: &RoomId) -> Mailbox {
    context.rooms.get_or_spawn(room, || {
        let (sender, receiver) = mpsc::channel(context.settings.mailbox);
        context.lifecycle.spawn(room::run(context.clone(), room.clone(), receiver));
        sender
    })
}

/// The error for a closed mailbox of a user: the room is gone, or it could not be read and can be spawned again.
pub(crate) async fn why_closed(context: &HubContext, room: &RoomId, user: &UserId) -> HubError {
    match room_access::check_member(context, room, user).await {
        Ok(()) => HubError::Stopping,
        Err(error) => error,
    }
}
