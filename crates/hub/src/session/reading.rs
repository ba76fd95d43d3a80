//! Reading: answers a client that asks for its rooms, or for older messages of one, from the store.

use protocol::limits::{MAX_PAGE_MESSAGES, PAGE_MESSAGES};
use protocol::{MessageId, RoomId, UserId};

use crate::context::HubContext;
use crate::error::HubError;
use crate::event::{FetchedMessages, RoomList};
use crate::model::Message;
use crate::store::HistoryRange;
use crate::{policy, room_access, roster};

/// How many items were asked for.
fn size(limit: Option<u32>) -> u32 {
    limit.unwrap_or(PAGE_MESSAGES).clamp(1, MAX_PAGE_MESSAGES)
}

/// See [`crate::Command::ListRooms`].
pub(super) async fn rooms(
    context: &HubContext,
    user: &UserId,
    after: Option<RoomId>,
    limit: Option<u32>,
) -> Result<RoomList, HubError> {
    let limit = size(limit);
    // One more, to know whether there is one.
    let mut rooms = context.store.summaries(user, after.as_ref(), limit + 1).await?;
    let has_more = rooms.len() > limit as usize;
    rooms.truncate(limit as usize);
    Ok(RoomList { rooms, has_more })
}

/// See [`crate::Command::FetchMessages`].
pub(super) async fn messages(
    context: &HubContext,
    user: &UserId,
    room: &RoomId,
    before: Option<MessageId>,
    limit: Option<u32>,
) -> Result<FetchedMessages, HubError> {
    // First, so that a stranger learns nothing of messages.
    room_access::check_member(context, room, user).await?;
    let range = match before {
        None => HistoryRange::Newest,
        Some(message) => match context.store.find_message(message).await? {
            Some((of, cursor)) if of == *room => HistoryRange::Before(cursor.seq),
            _ => return Err(HubError::NoSuchMessage),
        },
    };
    let page = room_access::page_for(context, room, user, range, size(limit)).await?;
    let record = context.store.room(room).await?.ok_or(HubError::NoSuchRoom)?;
    // Once more: the record is newer than the page.
    let role = record.members.iter().find(|member| member.user.id == *user).map(|member| member.role);
    policy::may_take_part(role)?;
    let members = roster::roster(record.members.iter(), |user| context.presence.is_online(user));
    Ok(FetchedMessages {
        room: room.clone(),
        messages: page.messages.iter().map(Message::to_wire).collect(),
        members: members.members().to_vec(),
        has_more: page.has_more,
    })
}
