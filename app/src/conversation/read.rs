//! Reading a room: older messages, marks of what was read, and the place to come back to.

use leptos::prelude::*;
use protocol::limits::{MAX_PAGE_MESSAGES, PAGE_MESSAGES};
use protocol::{ClientFrame, Message, RoomId};

use super::Conversations;
use crate::api::{self, ApiError};
use crate::model::place::ReadingPlace;
use crate::model::timeline::Timeline;

/// Unread messages that are fetched so that a room opens at the first of them. With more, it opens at the oldest that was
/// fetched; the rest comes by scrolling.
const MAX_SOUGHT: usize = 600;

impl Conversations {
    /// A room was read up to a number, in a tab that is in view. The server is told when that is news.
    pub fn mark_read(&self, room: &RoomId, seq: u64) {
        let left = self.room(room).timeline.with_untracked(|timeline| timeline.unread_after(seq));
        let risen = self.rooms.try_maybe_update(|rooms| {
            let risen = rooms.mark_read(room, seq, left);
            (risen.is_some(), risen)
        });
        if let Some(seq) = risen.flatten() {
            self.link.send(ClientFrame::Read { room: room.clone(), seq });
        }
    }

    /// The reader of an open room comes back to it, to the tab or after a gap in the connection.
    pub fn returned(&self, room: &RoomId) {
        let read = self.rooms.with_untracked(|rooms| {
            rooms.get(room).filter(|summary| summary.unread != 0).map(|summary| summary.read_seq)
        });
        if let Some(read) = read {
            self.room(room).timeline.update(|timeline| timeline.returned(read));
        }
    }

    /// Loads the page before the oldest message that is here. Does nothing while one is on its way.
    ///
    /// # Errors
    /// [`ApiError`] for people to read.
    pub async fn load_older(&self, room: &RoomId) -> Result<(), ApiError> {
        let from = self.begin_older(room, |timeline| timeline.has_older.then(|| timeline.oldest()));
        let Some((epoch, before)) = from else { return Ok(()) };
        let page = api::history(room, epoch, before, PAGE_MESSAGES).await;
        self.end_older(room, page.as_ref().ok().cloned());
        page.map(drop)
    }

    /// Loads what is unread before the oldest message that is here, up to a limit. Without unread messages of others
    /// it does nothing.
    ///
    /// # Errors
    /// [`ApiError`] for people to read; what had come before is kept.
    pub async fn load_unread(&self, room: &RoomId) -> Result<(), ApiError> {
        let read = self.rooms.with_untracked(|rooms| {
            rooms.get(room).filter(|summary| summary.unread != 0).map(|summary| summary.read_seq)
        });
        let Some(read) = read else { return Ok(()) };
        let from = self.begin_older(room, |timeline| timeline.unread_before().map(Some));
        let Some((epoch, mut before)) = from else { return Ok(()) };
        let mut messages: Vec<Message> = Vec::new();
        let mut has_more = true;
        let mut outcome = Ok(());
        while has_more && before.is_some_and(|oldest| read + 1 < oldest) && messages.len() < MAX_SOUGHT {
            match api::history(room, epoch, before, MAX_PAGE_MESSAGES).await {
                Ok((mut page, more)) => {
                    before = page.first().map(|message| message.cursor.seq);
                    page.append(&mut messages);
                    (messages, has_more) = (page, more);
                }
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        self.end_older(room, (!messages.is_empty()).then_some((messages, has_more)));
        outcome
    }

    /// Marks that older messages are on their way, unless they are already. Returns what to ask for.
    fn begin_older(
        &self,
        room: &RoomId,
        before: impl FnOnce(&Timeline) -> Option<Option<u64>>,
    ) -> Option<(u32, Option<u64>)> {
        let from = self.room(room).timeline.try_maybe_update(|timeline| {
            let is_free = timeline.loaded && !timeline.loading_older;
            let from = timeline.head().filter(|_| is_free).zip(before(timeline));
            timeline.loading_older |= from.is_some();
            (from.is_some(), from)
        });
        from.flatten().map(|(head, before)| (head.epoch, before))
    }

    /// Folds in older messages, or that there came none.
    fn end_older(&self, room: &RoomId, page: Option<(Vec<Message>, bool)>) {
        self.room(room).timeline.update(|timeline| {
            timeline.loading_older = false;
            if let Some((messages, has_more)) = page {
                timeline.older(messages, has_more);
            }
        });
    }

    /// Where the reader left a room.
    pub fn place(&self, room: &RoomId) -> Option<ReadingPlace> {
        self.desk
            .with_value(|desk| desk.places.iter().find(|(it, _)| it == room).map(|(_, place)| place.clone()))
    }

    /// The reader leaves a room here; `None` at its newest message.
    pub fn leave_place(&self, room: &RoomId, place: Option<ReadingPlace>) {
        self.desk.try_update_value(|desk| {
            desk.places.retain(|(it, _)| it != room);
            desk.places.extend(place.map(|place| (room.clone(), place)));
        });
    }
}
