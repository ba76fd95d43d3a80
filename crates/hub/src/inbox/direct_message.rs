//! Direct messages: stores a message for one user in that user's inbox.

use std::sync::Arc;

use protocol::{DirectMessage, InboxItem, MessageKind, RoomId, UserId};

use crate::context::HubContext;
use crate::error::HubError;
use crate::model::{self, User};
use crate::policy;
use crate::quotas::Daily;
use crate::store::NewEntry;

/// Sends a direct message. Both users must be members of the room: the store checks it in the transaction that stores the
/// message. The check before it keeps outsiders from the writer and from budgets.
pub(crate) async fn send_direct_message(
    context: &Arc<HubContext>,
    author: &User,
    room: &RoomId,
    to: UserId,
    body: String,
    kind: MessageKind,
) -> Result<DirectMessage, HubError> {
    policy::check_body(&body, context.settings.message_bytes)?;
    policy::may_take_part(context.store.role(room, &author.id).await?)?;
    context.store.role(room, &to).await?.ok_or(HubError::NotMember)?;
    context.limiters.spend_stored(&author.id, &context.settings.quotas, Daily::Bytes, body.len())?;
    let message = DirectMessage {
        id: model::new_message_id(),
        room: room.clone(),
        author: author.id.clone(),
        name: author.username.clone(),
        email: author.email.clone(),
        is_active: author.is_active,
        author_created_at_ms: author.created_at_ms,
        to,
        body,
        kind,
        at_ms: context.clock.now_ms(),
    };
    let entry = NewEntry { item: InboxItem::Direct(message.clone()), waits: true };
    super::put(context, &message.to, entry).await?;
    Ok(message)
}
