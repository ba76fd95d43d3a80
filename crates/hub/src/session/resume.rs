//! Resume: decides whether a Socket.IO client that came back can get all that it missed (`find_positions`), and sends it,
//! portion by portion.
//!
//! The client may post in these rooms at once; it is subscribed to each when it has everything that it missed there. A portion
//! is sent when the one before has left, so that more may have been missed than a send queue holds.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{CloseCode, Cursor, RoomId, RoomRef, UserId, limits};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::client::ClientHandle;
use crate::context::HubContext;
use crate::error::HubError;
use crate::event::Event;
use crate::model::{Message, RoomHead};
use crate::page_limit;
use crate::room::{Mailbox, PositionInRoom, Request, ResumeOutcome};
use crate::store::{HistoryRange, StoreError};

/// The position of a client that comes back in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomPosition {
    /// Which room.
    pub room: RoomId,
    /// The position of the last message that the client has.
    pub cursor: Cursor,
    /// The number of the last change that it has, of the messages up to that one.
    pub rev: u64,
}

/// A room that a client was in, and what it has of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocatedRoom<'a> {
    /// The room as it is now.
    pub head: &'a RoomHead,
    /// The number of the last message that the client has.
    pub seq: u64,
    /// The number of the last change that it has.
    pub rev: u64,
}

/// See [`crate::ClientSession::positions_to_resume`].
pub(super) async fn find_positions(
    context: &HubContext,
    user: &UserId,
    inbox: u64,
    locate: impl for<'a> FnOnce(&'a [RoomHead]) -> Option<Vec<LocatedRoom<'a>>>,
) -> Result<Option<Vec<RoomPosition>>, HubError> {
    let head = match context.inboxes.idle_state(user) {
        Some(state) => state.head,
        None => context.store.inbox_state(user).await?.head,
    };
    let Some(mut missed) = head.checked_sub(inbox) else { return Ok(None) };
    let limit = u64::from(limits::MAX_RECOVERED_MESSAGES);
    // Before anything more is read for it.
    if missed > limit {
        return Ok(None);
    }
    // A client that missed nothing has everything, whatever is kept.
    let is_kept = missed == 0 || context.store.inbox_after(user, inbox, 1).await?.is_some();
    if !is_kept {
        return Ok(None);
    }
    let heads = context.store.room_heads(user).await?;
    // The user was removed from a room, or the room deleted: the client must learn that it is not in the room any more.
    let Some(located) = locate(&heads) else { return Ok(None) };
    let mut positions = Vec::with_capacity(located.len());
    // Changes, of which one message may have had many.
    let mut missed_changes: u64 = 0;
    for LocatedRoom { head: RoomHead { room, head, rev: last_rev }, seq, rev } in located {
        let cursor = Cursor { seq, ..*head };
        let (Some(gap), Some(changes)) = (cursor.gap_to(*head), last_rev.checked_sub(rev)) else {
            return Ok(None);
        };
        missed = missed.saturating_add(gap);
        missed_changes = missed_changes.saturating_add(changes);
        positions.push(RoomPosition { room: room.clone(), cursor, rev });
    }
    if missed <= limit && missed.saturating_add(missed_changes) > limit {
        missed = missed.saturating_add(count_changed(context, &positions).await?);
    }
    Ok((missed <= limit).then_some(positions))
}

/// How many messages of these rooms were changed that the client has: counted up to one more than is resumed.
async fn count_changed(context: &HubContext, positions: &[RoomPosition]) -> Result<u64, HubError> {
    let mut count = 0;
    for RoomPosition { room, cursor, rev } in positions {
        let limit = u64::from(limits::MAX_RECOVERED_MESSAGES);
        let mut rev = *rev;
        // A page ends by bytes, too.
        loop {
            let rest = u32::try_from(limit.saturating_sub(count) + 1).unwrap_or(u32::MAX);
            let page = context.store.messages_changed_after(room, rev, cursor.seq, rest).await?;
            count += page.messages.len() as u64;
            match page.messages.last() {
                Some(last) if page.has_more && count <= limit => rev = last.rev(),
                _ => break,
            }
        }
        if count > limit {
            break;
        }
    }
    Ok(count)
}

/// The rooms of one client in which it does not have everything yet. Removing a room ends its part of the resume: whatever is
/// sent to the client, or asked of the room, is sent under this lock.
#[derive(Default)]
pub(super) struct PendingResume {
    pending: Mutex<PendingRooms>,
}

#[derive(Default)]
struct PendingRooms {
    rooms: BTreeSet<RoomId>,
    /// Present while there are rooms, so that an ended task is not kept.
    task: Option<AbortHandle>,
}

/// Why a room's part of a resume ends early.
enum ResumeError {
    /// The client left the room, joined it anew, or has disconnected.
    Cancelled,
    /// The room is gone, or the user is no member of it.
    NoRoom,
    /// The store failed, or the hub stops.
    Failed(HubError),
}

impl From<StoreError> for ResumeError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl PendingResume {
    fn pending(&self) -> MutexGuard<'_, PendingRooms> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, room: RoomId) {
        self.pending().rooms.insert(room);
    }

    /// Sets the task that resumes the rooms.
    pub(super) fn set_task(&self, task: AbortHandle) {
        let mut pending = self.pending();
        pending.task = (!pending.rooms.is_empty()).then_some(task);
    }

    /// The client left a room, or joins it anew.
    pub(super) fn remove(&self, room: &RoomId) {
        let mut pending = self.pending();
        pending.rooms.remove(room);
        if pending.rooms.is_empty() {
            pending.task = None;
        }
    }

    /// The client has disconnected: nothing is read for it any more.
    pub(super) fn cancel(&self) {
        let PendingRooms { task, .. } = std::mem::take(&mut *self.pending());
        if let Some(task) = task {
            task.abort();
        }
    }

    /// Runs an action that must not come after the room was removed.
    fn while_pending<T>(&self, room: &RoomId, action: impl FnOnce() -> T) -> Result<T, ResumeError> {
        let pending = self.pending();
        if pending.rooms.contains(room) { Ok(action()) } else { Err(ResumeError::Cancelled) }
    }
}

/// Resumes one room after the other.
pub(super) async fn run(
    context: Arc<HubContext>,
    client: Arc<ClientHandle>,
    pending: Arc<PendingResume>,
    rooms: Vec<(RoomPosition, Mailbox)>,
) {
    for (RoomPosition { room, cursor, rev }, mailbox) in rooms {
        let position = PositionInRoom { cursor, rev };
        match resume(&context, &client, &pending, &room, position, &mailbox).await {
            Ok(()) | Err(ResumeError::Cancelled) => {}
            Err(ResumeError::NoRoom) => {
                let left = Event::Left(RoomRef { room: room.clone() });
                pending.while_pending(&room, || client.send(&left).ok()).ok();
            }
            Err(ResumeError::Failed(error)) => {
                let cause = &error as &dyn std::error::Error;
                tracing::warn!(error = cause, room.id = %room, "Could not resume a client in room `{room}`");
                // It comes back with the position that it has.
                let stops = matches!(error, HubError::Stopping);
                client.close(if stops { CloseCode::Restart } else { CloseCode::Internal });
                return;
            }
        }
        pending.remove(&room);
    }
}

async fn resume(
    context: &HubContext,
    client: &Arc<ClientHandle>,
    pending: &PendingResume,
    room: &RoomId,
    mut position: PositionInRoom,
    mailbox: &Mailbox,
) -> Result<(), ResumeError> {
    loop {
        client.transport().keeps_up().await;
        let (reply, answer) = oneshot::channel();
        let request = Request::Resume { client: client.clone(), position, reply };
        // Closed: the room ended, and why is not known. It may be there again, as after a read that failed.
        let permit = mailbox.reserve().await.map_err(|_| ResumeError::Failed(HubError::Stopping))?;
        pending.while_pending(room, || permit.send(request.into()))?;
        let upto = match answer.await.map_err(|_| ResumeError::Failed(HubError::Stopping))? {
            Ok(ResumeOutcome::Behind(head)) => head,
            Ok(ResumeOutcome::Subscribed) => return Ok(()),
            // A room that ends because the hub stops is still there.
            Err(HubError::NoSuchRoom) if context.lifecycle.is_stopping() => {
                return Err(ResumeError::Failed(HubError::Stopping));
            }
            Err(HubError::NoSuchRoom) => return Err(ResumeError::NoRoom),
            Err(error) => return Err(ResumeError::Failed(error)),
        };
        position = send_missed(context, client, pending, room, position, upto).await?;
    }
}

/// Sends a portion of what a client missed, up to what the room has delivered: first messages, then those of the others that
/// were changed. Returns the client's position after it.
async fn send_missed(
    context: &HubContext,
    client: &ClientHandle,
    pending: &PendingResume,
    room: &RoomId,
    PositionInRoom { cursor, rev }: PositionInRoom,
    upto: PositionInRoom,
) -> Result<PositionInRoom, ResumeError> {
    let limit = limits::MAX_PAGE_MESSAGES;
    let misses_messages = cursor.seq < upto.cursor.seq;
    let page = if misses_messages {
        context.store.page(room, HistoryRange::After(cursor.seq), limit).await?
    } else {
        context.store.messages_changed_after(room, rev, cursor.seq, limit).await?
    };
    let is_delivered = |it: &Message| {
        it.cursor.epoch == cursor.epoch
            && if misses_messages { it.cursor.seq <= upto.cursor.seq } else { it.rev() <= upto.rev }
    };
    let missed = page_limit::portion(page.messages.into_iter().take_while(is_delivered));
    let position = match missed.last() {
        Some(last) if misses_messages => PositionInRoom { cursor: last.cursor, rev },
        Some(last) => PositionInRoom { cursor, rev: last.rev() },
        None if misses_messages => return Err(ResumeError::NoRoom),
        // Only messages were changed that are changed again, or that the client was sent as they are.
        None => PositionInRoom { cursor, rev: upto.rev },
    };
    // Once more: an answer to one of the client's own commands may have come between.
    client.transport().keeps_up().await;
    let event = if misses_messages { Event::Message } else { Event::MessageChanged };
    let sent = pending
        .while_pending(room, || missed.into_iter().try_for_each(|message| client.send(&event(message))))?;
    sent.map_err(|_| ResumeError::Cancelled)?;
    Ok(position)
}
