//! Join: subscribes a client to a room, and sends it what it missed there.

use protocol::{Cursor, RoomId, limits};
use tokio::sync::oneshot;

use crate::command::{CommandOutcome, JoinMode};
use crate::error::HubError;
use crate::event::Event;
use crate::join_snapshot::JoinSnapshot;
use crate::model::Message;
use crate::page_limit;
use crate::room::{JoinOutcome, Request};
use crate::store::HistoryRange;
use crate::{room_access, room_mailbox};

use super::ClientSession;

impl ClientSession {
    pub(super) async fn join(&mut self, room: &RoomId, mode: JoinMode) -> Result<CommandOutcome, HubError> {
        let is_new = !self.subscriptions.contains(room);
        if is_new && self.subscriptions.len() >= self.context.settings.rooms_per_connection {
            return Err(HubError::TooManyRooms);
        }
        self.end_resume(room);
        let mailbox = room_mailbox::for_user(&self.context, room, &self.client.user.id).await?;
        let (reply, answer) = oneshot::channel();
        let request = Request::Join { client: self.client.clone(), mode, reply };
        // Added before the answer, so that a client that hangs up while it waits leaves the room as well.
        if is_new {
            self.subscriptions.insert(room, mailbox.clone());
        }
        let join = async {
            // Closed: the room ended while the request waited for the mailbox, and why is not known. It may be there again.
            mailbox.send(request.into()).await.map_err(|_| HubError::Stopping)?;
            answer.await.map_err(|_| HubError::NoSuchRoom)?
        };
        let joined = join.await;
        if matches!(joined, Ok(JoinOutcome::Subscribed)) {
            self.subscriptions.insert(room, mailbox);
        } else if is_new {
            self.subscriptions.remove(room);
        }
        if let JoinOutcome::InPages { since, rev, chat } = joined? {
            self.send_missed_page(room, chat.as_ref(), since, rev).await?;
        }
        Ok(CommandOutcome::Accepted)
    }

    /// Sends the client the next page of what it missed. It asks for the page after it when it wants it, so its own pace is the
    /// flow control, and nothing of a long absence is kept here in between.
    async fn send_missed_page(
        &self,
        room: &RoomId,
        chat: Option<&RoomId>,
        since: Cursor,
        rev: Option<u64>,
    ) -> Result<(), HubError> {
        let slice = HistoryRange::After(since.seq);
        let (user, limit) = (&self.client.user.id, limits::MAX_RECOVERED_MESSAGES);
        let missed = room_access::page_for(&self.context, room, user, slice, limit).await?;
        let mut messages = missed.messages.iter().map(Message::to_wire).collect();
        page_limit::keep_first(&mut messages);
        let part = match (page_limit::of_more(room, chat, messages, rev), rev) {
            (None, Some(rev)) => {
                let page = self.context.store.messages_changed_after(room, rev, since.seq, limit).await?;
                let mut changed = page.messages.iter().map(Message::to_wire).collect();
                page_limit::keep_first(&mut changed);
                // After the page, because the user may have been removed before it.
                room_access::check_member(&self.context, room, user).await?;
                page_limit::of_more_changes(room, chat, since, changed)
            }
            (part, _) => part,
        };
        // Without any, or with those of another epoch, the room was deleted after it had answered.
        let is_of_epoch = |part: &JoinSnapshot| {
            let epoch = part.changed.first().map_or(part.head.epoch, |message| message.cursor.epoch);
            epoch == since.epoch
        };
        let joined = part.filter(is_of_epoch).ok_or(HubError::NoSuchRoom)?;
        self.send(&Event::Joined(Box::new(joined)));
        Ok(())
    }
}
