//! Resume: brings a client that came back up to date in the rooms that it was in, portion by portion.
//!
//! The client may post in these rooms at once; it subscribes to each when it has everything that it missed there. A
//! portion is sent when the one before has left, so that what was missed may be more than may wait for a client.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{CloseCode, Cursor, RoomId, RoomRef, UserId, limits};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::client::ClientHandle;
use crate::context::HubContext;
use crate::event::Event;
use crate::page;
use crate::port::{Slice, StoreError};
use crate::refusal::Refusal;
use crate::room::{Mailbox, Request, ResumeOutcome};

/// Where a client that comes back stood in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Which room.
    pub room: RoomId,
    /// The last place that the client has.
    pub cursor: Cursor,
}

/// A room and its head.
pub type RoomHead = (RoomId, Cursor);

/// See [`crate::Peer::can_resume`].
pub(crate) async fn find(
    context: &HubContext,
    user: &UserId,
    inbox: u64,
    locate: impl for<'a> FnOnce(&'a [RoomHead]) -> Option<Vec<(&'a RoomHead, u64)>>,
) -> Result<Option<Vec<Standing>>, Refusal> {
    let head = match context.registry.inboxes.look(user) {
        Some(state) => state.head,
        None => context.store.inbox_state(user).await?.head,
    };
    let Some(mut missed) = head.checked_sub(inbox) else { return Ok(None) };
    let limit = u64::from(limits::MAX_RECOVERED_MESSAGES);
    // A client that missed nothing has it all, whatever is kept.
    let is_kept = missed == 0 || context.store.inbox_after(user, inbox, 1).await?.is_some();
    if missed > limit || !is_kept {
        return Ok(None);
    }
    let heads = context.store.heads_of(user).await?;
    // Removed from a room, or the room deleted: the client must learn that it is not in it any more.
    let Some(located) = locate(&heads) else { return Ok(None) };
    let mut standings = Vec::with_capacity(located.len());
    for ((room, head), seq) in located {
        let cursor = Cursor { seq, ..*head };
        let Some(gap) = cursor.gap_to(*head) else { return Ok(None) };
        missed = missed.saturating_add(gap);
        standings.push(Standing { room: room.clone(), cursor });
    }
    Ok((missed <= limit).then_some(standings))
}

/// The rooms of one client in which it does not have everything yet. Taking a room out ends its part of the resume: what
/// is sent to the client, or asked of the room, is sent while this is locked.
#[derive(Default)]
pub(crate) struct Resuming {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    rooms: BTreeSet<RoomId>,
    /// There while there are rooms. A task that has ended is not kept.
    task: Option<AbortHandle>,
}

/// Why a room's part of a resume ends early.
enum Failed {
    /// The client left the room, joined it anew, or is gone.
    Over,
    /// The room is not there any more, or the user is not in it.
    NoRoom,
    /// The store failed, or the hub stops.
    Refused(Refusal),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

impl Resuming {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, room: RoomId) {
        self.open().rooms.insert(room);
    }

    /// The task that resumes them.
    pub(crate) fn note_task(&self, task: AbortHandle) {
        let mut open = self.open();
        open.task = (!open.rooms.is_empty()).then_some(task);
    }

    /// The client left a room, or joins it anew.
    pub(crate) fn remove(&self, room: &RoomId) {
        let mut open = self.open();
        open.rooms.remove(room);
        if open.rooms.is_empty() {
            open.task = None;
        }
    }

    /// The client is gone, and its connection is not counted any more: nothing is read for it.
    pub(crate) fn clear(&self) {
        let Open { task, .. } = std::mem::take(&mut *self.open());
        if let Some(task) = task {
            task.abort();
        }
    }

    /// Does something that must not come after the room was taken out.
    fn while_in<T>(&self, room: &RoomId, action: impl FnOnce() -> T) -> Result<T, Failed> {
        let open = self.open();
        if open.rooms.contains(room) { Ok(action()) } else { Err(Failed::Over) }
    }
}

/// Resumes one room after the other.
pub(crate) async fn run(
    context: Arc<HubContext>,
    client: Arc<ClientHandle>,
    resuming: Arc<Resuming>,
    rooms: Vec<(Standing, Mailbox)>,
) {
    for (Standing { room, cursor }, mailbox) in rooms {
        match resume(&context, &client, &resuming, &room, cursor, &mailbox).await {
            Ok(()) | Err(Failed::Over) => {}
            Err(Failed::NoRoom) => {
                let left = Event::Left(RoomRef { room: room.clone() });
                resuming.while_in(&room, || client.tell_alone(&left).ok()).ok();
            }
            Err(Failed::Refused(refusal)) => {
                let error = &refusal as &dyn std::error::Error;
                tracing::warn!(error, room.id = %room, "Could not bring a client up to date in room `{room}`");
                // It comes back to where it stood.
                let stops = matches!(refusal, Refusal::Stopping);
                client.close(if stops { CloseCode::Restart } else { CloseCode::Internal });
                return;
            }
        }
        resuming.remove(&room);
    }
}

async fn resume(
    context: &HubContext,
    client: &Arc<ClientHandle>,
    resuming: &Resuming,
    room: &RoomId,
    mut cursor: Cursor,
    mailbox: &Mailbox,
) -> Result<(), Failed> {
    // The room has ended: it was deleted, or the hub stops.
    let ended = || {
        let stops = context.stopping.load(Ordering::Relaxed);
        if stops { Failed::Refused(Refusal::Stopping) } else { Failed::NoRoom }
    };
    loop {
        client.outlet().keeps_up().await;
        let (reply, answer) = oneshot::channel();
        let resume = Request::Resume { client: client.clone(), since: cursor, reply };
        // Closed: the room ended, and why is not known. It may be there again, as after a read that failed.
        let permit = mailbox.reserve().await.map_err(|_| Failed::Refused(Refusal::Stopping))?;
        resuming.while_in(room, || permit.send(resume.into()))?;
        let upto = match answer.await.map_err(|_| Failed::Refused(Refusal::Stopping))? {
            Ok(ResumeOutcome::Behind(head)) => head.seq,
            Ok(ResumeOutcome::Subscribed) => return Ok(()),
            Err(Refusal::NoSuchRoom) => return Err(ended()),
            Err(refusal) => return Err(Failed::Refused(refusal)),
        };
        cursor = send_missed(context, client, resuming, room, cursor, upto).await?;
    }
}

/// Sends a portion of the messages after a place, up to a number that the room has delivered. Answers where the client stands then.
async fn send_missed(
    context: &HubContext,
    client: &ClientHandle,
    resuming: &Resuming,
    room: &RoomId,
    cursor: Cursor,
    upto: u64,
) -> Result<Cursor, Failed> {
    let page = context.store.page(room, Slice::After(cursor.seq), limits::MAX_PAGE_MESSAGES).await?;
    let missed =
        page.messages.into_iter().take_while(|it| it.cursor.seq <= upto && it.cursor.epoch == cursor.epoch);
    let missed = page::portion(missed);
    let last = missed.last().map(|message| message.cursor).ok_or(Failed::NoRoom)?;
    // Once more: an answer to a question of the client's own may have come between.
    client.outlet().keeps_up().await;
    let sent = resuming.while_in(room, || {
        missed.into_iter().try_for_each(|message| client.tell_alone(&Event::Message(message)))
    })?;
    sent.map_err(|_| Failed::Over)?;
    Ok(last)
}
