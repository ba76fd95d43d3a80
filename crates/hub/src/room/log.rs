//! Log: the numbered messages of a room up to its head, appended through the store and read from memory or the store.
//!
//! A store may fail after it has committed. The log is stale then: numbers have no holes, so the room reads what comes after
//! the head, and publishes it, before it does anything else that depends on it.

use std::collections::{BTreeSet, VecDeque};

use protocol::{Changes, Cursor, RoomId, limits};
use tokio::time::Instant;

use crate::event::Event;
use crate::history_cache::RoomHistoryCache;
use crate::model::Message;
use crate::page_limit;
use crate::queue::ChangeFrames;
use crate::store::{
    Appended, ChangeBatch, ChangeDraft, ChangeRecord, Changed, HistoryRange, MessageDraft, Page, RETRY_DELAY,
    Store, StoreError,
};
use crate::wall_time;

use super::fanout::{Audience, RoomEvent};
use super::history::History;

/// Changes whose messages are known without the store: a few minutes of a lively room.
const RECENT_CHANGES: usize = 256;

/// The head of a room and its newest messages.
pub(super) struct Log {
    head: Cursor,
    /// The number of the last change that was published.
    rev: u64,
    /// The number of the last change that was published to dialects that name changes.
    named_rev: u64,
    /// The newest changes that were published, with the numbers of their messages.
    recent_changes: VecDeque<(u64, u64)>,
    /// When the last message was appended, so that times do not fall when the clock goes back a little.
    last_at_ms: i64,
    /// When to read what the store has beyond the head; `None`: it has nothing.
    resync_at: Option<Instant>,
    history: History,
}

impl Log {
    pub(super) fn new(
        room: RoomId,
        head: Cursor,
        rev: u64,
        last_at_ms: i64,
        cache: RoomHistoryCache,
    ) -> Self {
        let recent_changes = VecDeque::new();
        let history = History::new(room, cache);
        Self { head, rev, named_rev: rev, recent_changes, last_at_ms, resync_at: None, history }
    }

    /// The position of the last message that was published.
    pub(super) fn head(&self) -> Cursor {
        self.head
    }

    /// The number of the last change that was published.
    pub(super) fn rev(&self) -> u64 {
        self.rev
    }

    /// The changes up to a number were published to dialects that name changes, or nobody speaks one.
    pub(super) fn mark_named(&mut self, rev: u64) {
        self.named_rev = rev;
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

    /// Commits changes in one transaction. They are not published yet.
    ///
    /// # Errors
    /// The store failed; after [`StoreError::Unavailable`] the changes may be stored all the same.
    pub(super) async fn change(
        &mut self,
        store: &dyn Store,
        drafts: Vec<ChangeDraft>,
        now_ms: i64,
    ) -> Result<ChangeBatch, StoreError> {
        let changed = store.change(self.history.room(), drafts, now_ms).await;
        if changed.is_err() {
            self.mark_stale();
        }
        changed
    }

    /// Whether a batch of committed changes follows what was published, so that it can be published.
    pub(super) fn is_next(&self, batch: &ChangeBatch) -> bool {
        let results = || batch.results.iter().flatten();
        let first = results().find_map(|it| if let Changed::New(rev) = it { Some(*rev) } else { None });
        let last = results().map(|it| it.rev()).max().unwrap_or(0);
        let is_dense = first.map_or(last <= self.rev, |first| first == self.rev + 1);
        is_dense && batch.messages.iter().all(|message| message.cursor.seq <= self.head.seq)
    }

    /// Moves past committed changes that follow what was published: the changed messages as they are now, in the order of
    /// their last changes.
    pub(super) fn publish_changes(&mut self, messages: &[Message]) -> Vec<RoomEvent> {
        for message in messages {
            self.history.replace(message);
            self.recent_changes.push_back((message.rev(), message.cursor.seq));
        }
        while self.recent_changes.len() > RECENT_CHANGES {
            self.recent_changes.pop_front();
        }
        let room = self.history.room().clone();
        let mut messages = messages.iter().map(Message::to_wire).collect::<Vec<_>>();
        let mut events = Vec::new();
        while !messages.is_empty() {
            let mut rest = messages.split_off(page_limit::fitting(messages.iter()));
            std::mem::swap(&mut rest, &mut messages);
            let portion = rest;
            let from = self.rev + 1;
            self.rev = portion.last().map_or(self.rev, |message| message.rev);
            let changes = Changes { room: room.clone(), from, to: self.rev, messages: portion };
            events.push(
                RoomEvent::reliable(Event::Changed(changes))
                    .to(Audience::TakingChanges(ChangeFrames::Commits)),
            );
        }
        events
    }

    /// Changes that are committed and not published: the changed messages in the order of their last changes.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn read_unpublished_changes(&self, store: &dyn Store) -> Result<Page, StoreError> {
        let (rev, upto) = (self.rev, self.head.seq);
        store.messages_changed_after(self.history.room(), rev, upto, limits::MAX_PAGE_MESSAGES).await
    }

    /// Changes that were published, and not yet to dialects that name changes; none: there are no more.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn read_unnamed(&self, store: &dyn Store) -> Result<Vec<ChangeRecord>, StoreError> {
        if self.named_rev >= self.rev {
            return Ok(Vec::new());
        }
        let (room, limit) = (self.history.room(), limits::MAX_PAGE_MESSAGES);
        let mut records = store.changes_after(room, self.named_rev, limit).await?;
        records.retain(|record| record.rev <= self.rev);
        Ok(records)
    }

    /// A message as it is now; `None`: the room was deleted.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn message(&self, store: &dyn Store, seq: u64) -> Result<Option<Message>, StoreError> {
        if let Some(message) = self.history.cached(seq, self.head.epoch) {
            return Ok(Some(message));
        }
        let range = HistoryRange::After(seq.saturating_sub(1));
        Ok(store.page(self.history.room(), range, 1).await?.messages.into_iter().next())
    }

    /// The messages with a number up to `upto` that were changed after the change `rev`, as they are now, if one answer holds
    /// them; `None`: there may be more.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn missed_changes(
        &self,
        store: &dyn Store,
        rev: u64,
        upto: u64,
    ) -> Result<Option<Vec<protocol::Message>>, StoreError> {
        if let Some(recent) = self.recently_changed(rev, upto) {
            return Ok(Some(recent.iter().map(Message::to_wire).collect()));
        }
        if self.rev - rev > u64::from(limits::MAX_RECOVERED_MESSAGES) {
            return Ok(None);
        }
        let page = store
            .messages_changed_after(self.history.room(), rev, upto, limits::MAX_RECOVERED_MESSAGES)
            .await?;
        // What is committed and not published follows as an event.
        let published = page.messages.iter().filter(|message| message.rev() <= self.rev);
        Ok((!page.has_more).then(|| published.map(Message::to_wire).collect()))
    }

    /// The same from memory; `None`: not all of it is there.
    pub(super) fn recently_changed(&self, rev: u64, upto: u64) -> Option<Vec<Message>> {
        if rev >= self.rev {
            return Some(Vec::new());
        }
        let (floor, _) = self.recent_changes.front()?;
        if rev + 1 < *floor {
            return None;
        }
        let newer = self.recent_changes.iter().filter(|(of, seq)| *of > rev && *seq <= upto);
        let seqs: BTreeSet<u64> = newer.map(|(_, seq)| *seq).collect();
        let cached = seqs.into_iter().map(|seq| self.history.cached(seq, self.head.epoch));
        let mut messages = cached.collect::<Option<Vec<_>>>()?;
        messages.sort_by_key(Message::rev);
        Some(messages)
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
