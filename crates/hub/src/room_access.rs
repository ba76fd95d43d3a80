//! Room access: reads what a user may do in a room, and the room's messages, from the store. No room is spawned for it.

use protocol::{MessageId, Role, RoomId, UserId};

use crate::context::HubContext;
use crate::error::HubError;
use crate::live_room;
use crate::policy;
use crate::store::{HistoryRange, Page, StoreError};

/// The role of a user in a room. The live room of a chat is created when a member of the chat first asks for it.
pub(crate) async fn role(
    context: &HubContext,
    room: &RoomId,
    user: &UserId,
) -> Result<Option<Role>, StoreError> {
    let store = &context.store;
    let role = store.role(room, user).await?;
    let (None, Some(chat)) = (role, live_room::chat_of(room)) else { return Ok(role) };
    let Some(role) = store.role(&chat, user).await? else { return Ok(None) };
    let live_room = store.live_room(room, &chat, rand::random(), context.clock.now_ms()).await?;
    // A room of another kind may have the id.
    Ok(live_room.filter(|live_room| live_room.id == *room).map(|_| role))
}

/// Checks that a user is a member of a room.
///
/// # Errors
/// [`HubError::NoSuchRoom`], [`HubError::Unavailable`].
pub(crate) async fn check_member(context: &HubContext, room: &RoomId, user: &UserId) -> Result<(), HubError> {
    policy::may_take_part(role(context, room, user).await?)
}

/// A page of a room's messages, for a user who is a member at the moment of the page.
///
/// # Errors
/// [`HubError::NoSuchRoom`], [`HubError::Unavailable`].
pub(crate) async fn page_for(
    context: &HubContext,
    room: &RoomId,
    user: &UserId,
    slice: HistoryRange,
    limit: u32,
) -> Result<Page, HubError> {
    let mut page = context.store.page_for(room, user, slice, limit).await?;
    // Perhaps a live room that was not asked for before.
    if page.is_none() && role(context, room, user).await?.is_some() {
        page = context.store.page_for(room, user, slice, limit).await?;
    }
    page.ok_or(HubError::NoSuchRoom)
}

/// The room of a message.
///
/// # Errors
/// [`HubError::NoSuchMessage`], [`HubError::Unavailable`].
pub(crate) async fn room_of(context: &HubContext, message: MessageId) -> Result<RoomId, HubError> {
    let found = context.store.find_message(message).await?;
    found.map(|(room, _)| room).ok_or(HubError::NoSuchMessage)
}
