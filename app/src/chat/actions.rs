//! Actions: what a user does in a room, and where it goes.

use leptos::prelude::*;
use protocol::limits::{MAX_PAGE_MESSAGES, PAGE_MESSAGES};
use protocol::{DraftId, Message, RoomId};

use super::ChatStore;
use super::unfinished::unfinished;
use crate::api::{self, ApiError};
use crate::clock::now_ms;
use crate::model::connection_state::ConnectionState;
use crate::model::pending_post::PendingPost;
use crate::model::place::ReadingPlace;

/// Unread messages that are fetched so that a room opens at the first of them. With more, it opens at the oldest that was
/// fetched; the rest comes by scrolling.
const MAX_SOUGHT: usize = 600;

/// Coming, reading and going.
impl ChatStore {
    /// A room comes into view: its newest page is asked for if it is not here yet, and its "new" mark is set.
    pub fn open(&self, room: &RoomId) {
        self.dispatcher.run(self.state.open(room));
        // Whoever had disconnected wants to talk now.
        if self.state.me().is_some() {
            self.connection.connect();
        }
    }

    /// The live session of a room comes into view, and with it the user takes part.
    pub fn enter(&self, chat: &RoomId, session: &RoomId) {
        self.dispatcher.run(Some(self.state.enter(chat, session)));
        if self.state.me().is_some() {
            self.connection.connect();
        }
    }

    /// The live session that was in view is not any more, and the user leaves it.
    pub fn leave(&self, session: &RoomId) {
        self.stopped_typing(session);
        self.dispatcher.run(Some(self.state.leave(session)));
    }

    /// The room that was in view is not any more.
    pub fn close(&self, room: &RoomId) {
        self.stopped_typing(room);
        self.state.close(room);
    }

    /// A room was read up to a number, in a tab that is in view. The server is told when that is news.
    pub fn mark_read(&self, room: &RoomId, seq: u64) {
        self.dispatcher.run(self.state.mark_read(room, seq));
    }

    /// The reader of an open room comes back to it, to the tab or after a gap in the connection.
    pub fn returned(&self, room: &RoomId) {
        self.state.returned(room);
    }

    /// The reader follows the newest messages of a room, so what is far above them may go.
    pub fn followed(&self, room: &RoomId) {
        self.batch.followed(room);
    }

    /// Where the reader left a room.
    pub fn place(&self, room: &RoomId) -> Option<ReadingPlace> {
        self.state.place(room)
    }

    /// The reader leaves a room here; `None` at its newest message.
    pub fn leave_place(&self, room: &RoomId, place: Option<ReadingPlace>) {
        self.state.leave_place(room, place);
    }

    /// Loads the page before the oldest message that is here. Does nothing while one is on its way.
    ///
    /// # Errors
    /// [`ApiError`] for people to read.
    pub async fn load_older(&self, room: &RoomId) -> Result<(), ApiError> {
        let state = self.state.room(room);
        let from = state.begin_older(|timeline| timeline.has_older.then(|| timeline.oldest()));
        let Some((epoch, before)) = from else { return Ok(()) };
        let page = api::history(room, epoch, before, PAGE_MESSAGES).await;
        state.end_older(page.as_ref().ok().cloned());
        page.map(drop)
    }

    /// Loads what is unread before the oldest message that is here, up to a limit. Without unread messages of others
    /// it does nothing.
    ///
    /// # Errors
    /// [`ApiError`] for people to read; what had come before is kept.
    pub async fn load_unread(&self, room: &RoomId) -> Result<(), ApiError> {
        let Some(read) = self.state.unread_from(room) else { return Ok(()) };
        let state = self.state.room(room);
        let from = state.begin_older(|timeline| timeline.unread_before().map(Some));
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
        state.end_older((!messages.is_empty()).then_some((messages, has_more)));
        outcome
    }
}

/// Writing.
impl ChatStore {
    /// A key was pressed in the field of a room. Call it at each; the others are told now and then.
    pub fn typed(&self, room: &RoomId) {
        self.dispatcher.typed(room);
    }

    /// The text was cleared or the field was left.
    pub fn stopped_typing(&self, room: &RoomId) {
        self.dispatcher.stopped_typing(room);
    }

    /// What stands in the field of a room. It is kept while the user writes and comes back with the room, also after the
    /// page was closed.
    pub fn unfinished(&self, room: &RoomId) -> RwSignal<String> {
        unfinished(self.state.me().map(|me| me.id), room.clone())
    }

    /// Posts a text: on screen at once, on the wire as soon as it can be.
    pub fn post(&self, room: &RoomId, body: String) {
        let draft = DraftId(uuid::Uuid::new_v4());
        let at_ms = now_ms();
        self.stopped_typing(room);
        self.state.room(room).write(draft, body.clone(), at_ms);
        self.hand_over(PendingPost::new(room.clone(), draft, body, at_ms));
    }

    /// Tries a refused text again, under the same draft id, as the last one. It stays as it is while nothing can be sent.
    pub fn retry(&self, room: &RoomId, draft: DraftId) {
        if !self.connection.state.with_untracked(ConnectionState::takes_posts) {
            return;
        }
        let at_ms = now_ms();
        if let Some(body) = self.state.room(room).again(draft, at_ms) {
            self.hand_over(PendingPost::new(room.clone(), draft, body, at_ms));
        }
    }

    /// Takes a text away that was not sent. Returns what it was.
    pub fn discard(&self, room: &RoomId, draft: DraftId) -> Option<String> {
        self.connection.discard(draft);
        self.state.room(room).discard(draft)
    }

    fn hand_over(&self, post: PendingPost) {
        let (room, draft) = (post.room.clone(), post.draft);
        if let Err(full) = self.connection.post(post) {
            self.state.room(&room).failed(draft, &full.to_string());
        }
    }
}

/// Rooms and their members.
impl ChatStore {
    /// Makes a room with oneself as its owner and these people in it.
    ///
    /// # Errors
    /// [`ApiError`] for people to read; its field is `name` or `usernames` where one of them is wrong.
    pub async fn create_room(&self, name: String, usernames: Vec<String>) -> Result<RoomId, ApiError> {
        let me = self.state.me().map(|me| me.name).unwrap_or_default();
        let mut others: Vec<String> = Vec::new();
        for username in usernames {
            let known = others.iter().any(|other| other.eq_ignore_ascii_case(&username));
            if !known && !me.eq_ignore_ascii_case(&username) {
                others.push(username);
            }
        }
        let summary = api::create_room(name, &others).await?;
        self.dispatcher.run_all(self.state.room_added(&summary));
        Ok(summary.id)
    }

    /// Puts people into a room.
    ///
    /// # Errors
    /// [`ApiError`] for people to read.
    pub async fn invite(&self, room: &RoomId, usernames: Vec<String>) -> Result<(), ApiError> {
        let added = api::invite(room, usernames).await?;
        self.state.members_added(room, &added);
        Ok(())
    }

    /// Leaves a room.
    ///
    /// # Errors
    /// [`ApiError`] for people to read.
    pub async fn leave_room(&self, room: &RoomId) -> Result<(), ApiError> {
        let Some(me) = self.state.me().map(|me| me.id) else { return Ok(()) };
        api::leave(room, &me).await?;
        self.dispatcher.run_all(self.state.room_removed(room));
        Ok(())
    }
}
