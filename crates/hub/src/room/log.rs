//! Log: the numbered messages of a room up to its head, appended through the store and read from memory or the store.
//!
//! A store may fail after it has committed. The log is stale then: numbers have no holes, so the room reads what comes after
//! the head, and publishes it, before it does anything else that depends on it.

use protocol::{Cursor, RoomId, limits};
use tokio::time::Instant;

use crate::event::Event;
use crate::history_cache::RoomHistoryCache;
use crate::model::Message;
use crate::store::{Appended, HistoryRange, MessageDraft, Page, RETRY_DELAY, Store, StoreError};
use crate::wall_time;

use super::fanout::RoomEvent;
use super::history::History;

/// The head of a room and its newest messages.
pub(super) struct Log {
    head: Cursor,
    /// When the last message was appended, so that times do not fall when the clock goes back a little.
    last_at_ms: i64,
    /// When to read what the store has beyond the head; `None`: it has nothing.
    resync_at: Option<Instant>,
    history: History,
}

impl Log {
    pub(super) fn new(room: RoomId, head: Cursor, last_at_ms: i64, cache: RoomHistoryCache) -> Self {
        Self { head, last_at_ms, resync_at: None, history: History::new(room, cache) }
    }

    /// The position of the last message that was published.
    pub(super) fn head(&self) -> Cursor {
        self.head
    }

    pub(super) fn history(&self) -> &History {
        &self.history
    }

    pub(super) fn history_mut(&mut self) -> &mut History {
        &mut self.history
    }

    /// Commits messages in one transaction. They are not published yet.
    ///
    /// # Errors
    /// The store failed; after [`StoreError::Unavailable`] the messages may be stored all the same.
    pub(super) async fn append(
        &mut self,
        store: &dyn Store,
        drafts: Vec<MessageDraft>,
        now_ms: i64,
    ) -> Result<Vec<Appended>, StoreError> {
        let at_ms = wall_time::after(self.last_at_ms, now_ms);
        // Whatever the answer will be: the messages may be stored with this time.
        self.last_at_ms = at_ms;
        let appended = store.append(self.history.room(), drafts, at_ms).await;
        if appended.is_err() {
            self.mark_stale();
        }
        appended
    }

    /// Moves the head to a committed message that follows it.
    pub(super) fn publish(&mut self, message: Message) -> RoomEvent {
        self.head = message.cursor;
        self.history.push(&message);
        RoomEvent::reliable(Event::Message(message))
    }

    /// The store may have messages beyond the head.
    pub(super) fn mark_stale(&mut self) {
        self.resync_at.get_or_insert_with(Instant::now);
    }

    pub(super) fn is_stale(&self) -> bool {
        self.resync_at.is_some()
    }

    /// When to read what the store has beyond the head.
    pub(super) fn resync_at(&self) -> Option<Instant> {
        self.resync_at
    }

    /// The store has nothing beyond the head.
    pub(super) fn mark_current(&mut self) {
        self.resync_at = None;
    }

    /// The store did not answer and is asked again later.
    pub(super) fn retry_resync(&mut self) {
        self.resync_at = Some(Instant::now() + RETRY_DELAY);
    }

    /// Messages that are committed and not published, oldest first.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn read_unpublished(&self, store: &dyn Store) -> Result<Page, StoreError> {
        store.page(self.history.room(), HistoryRange::After(self.head.seq), limits::MAX_PAGE_MESSAGES).await
    }
}
