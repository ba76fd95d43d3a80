//! History: reads a room's published messages, from the history cache where it has them, else from the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::{Cursor, MessageId, RoomId, limits};

use crate::error::HubError;
use crate::event::Event;
use crate::history_cache::RoomHistoryCache;
use crate::model::{Message, User};
use crate::page_limit;
use crate::queue::Envelope;
use crate::recovery::{self, Plan};
use crate::store::{HistoryRange, Store};

/// What a join sends of the past.
pub(super) enum Recovery {
    /// Everything that was missed.
    Missed(Vec<protocol::Message>),
    /// The newest page, and whether there is more before it.
    Newest(Vec<protocol::Message>, bool),
    /// More than one answer holds was missed since then.
    InPages(Cursor),
}

/// The readable past of one room.
pub(super) struct History {
    room: RoomId,
    /// The newest messages, without holes, up to the head.
    cache: RoomHistoryCache,
    /// Messages that were replayed in this batch of commands, encoded for the next client that comes back: after an outage
    /// there are many.
    replayed: BTreeMap<u64, Envelope>,
}

impl History {
    pub(super) fn new(room: RoomId, cache: RoomHistoryCache) -> Self {
        Self { room, cache, replayed: BTreeMap::new() }
    }

    pub(super) fn room(&self) -> &RoomId {
        &self.room
    }

    /// Caches the message after the head.
    pub(super) fn push(&mut self, message: &Message) {
        self.cache.push(message);
    }

    /// Replaces a message that was changed, if it is cached.
    pub(super) fn replace(&mut self, message: &Message) {
        self.cache.replace(message);
        self.replayed.remove(&message.cursor.seq);
    }

    /// One message, if it is cached.
    pub(super) fn cached(&self, seq: u64, epoch: u32) -> Option<Message> {
        self.cache.get(seq, &self.room, epoch)
    }

    /// What a client that stands at `since` is sent when it joins. `intern` gives an author the copy that the room holds.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn recover(
        &self,
        store: &dyn Store,
        since: Option<Cursor>,
        head: Cursor,
        intern: impl Fn(&Arc<User>) -> Arc<User>,
    ) -> Result<Recovery, HubError> {
        loop {
            match recovery::plan(since, head, self.cache.after()) {
                Plan::FromCache(after) => {
                    // Otherwise another room needed the memory since the plan was made.
                    if let Some(messages) = self.cache.since(after, &self.room, head.epoch) {
                        return Ok(Recovery::Missed(to_wire(&messages)));
                    }
                }
                Plan::FromStore(after) => {
                    return Ok(Recovery::Missed(self.read_after(store, after, head).await?));
                }
                Plan::InPages(since) => return Ok(Recovery::InPages(since)),
                Plan::StartOver => return self.newest_page(store, head, intern).await,
            }
        }
    }

    /// Every message after a position, if all are in memory and no more than one portion.
    pub(super) fn portion_since(&self, since: Cursor, head: Cursor) -> Option<Vec<Message>> {
        if since == head {
            return Some(Vec::new());
        }
        self.cache
            .since(since.seq, &self.room, head.epoch)
            .filter(|missed| page_limit::is_one_portion(missed))
    }

    /// A message as an envelope that all clients share to which it is replayed in this batch.
    pub(super) fn replay(&mut self, message: Message) -> &Envelope {
        let replayed = self.replayed.entry(message.cursor.seq);
        replayed.or_insert_with(|| Envelope::new(Event::Message(message)))
    }

    /// Drops the envelopes of the batch.
    pub(super) fn finish_batch(&mut self) {
        self.replayed.clear();
    }

    /// The number of a message of this room.
    ///
    /// # Errors
    /// [`HubError::NoSuchMessage`], [`HubError::Unavailable`].
    pub(super) async fn seq_of(&self, store: &dyn Store, message: MessageId) -> Result<u64, HubError> {
        if let Some(seq) = self.cache.seq_of(message) {
            return Ok(seq);
        }
        match store.find_message(message).await? {
            Some((room, cursor)) if room == self.room => Ok(cursor.seq),
            _ => Err(HubError::NoSuchMessage),
        }
    }

    /// The messages in memory after one number and up to another.
    pub(super) fn cached_between(&self, after: u64, upto: u64) -> Vec<MessageId> {
        self.cache.between(after, upto)
    }

    async fn newest_page(
        &self,
        store: &dyn Store,
        head: Cursor,
        intern: impl Fn(&Arc<User>) -> Arc<User>,
    ) -> Result<Recovery, HubError> {
        let first = head.seq.saturating_sub(u64::from(limits::PAGE_MESSAGES));
        let messages = match self.cache.since(first, &self.room, head.epoch) {
            Some(messages) => messages,
            None => self.read_newest(store, head, intern).await?,
        };
        let has_older = messages.first().is_some_and(|first| first.cursor.seq > 1);
        let mut messages = to_wire(&messages);
        let is_cut = page_limit::keep_last(&mut messages);
        Ok(Recovery::Newest(messages, is_cut || has_older))
    }

    /// Reads the newest page and caches it.
    async fn read_newest(
        &self,
        store: &dyn Store,
        head: Cursor,
        intern: impl Fn(&Arc<User>) -> Arc<User>,
    ) -> Result<Vec<Message>, HubError> {
        let slice = HistoryRange::Before(head.seq.saturating_add(1));
        let mut messages = store.page(&self.room, slice, limits::PAGE_MESSAGES).await?.messages;
        for message in &mut messages {
            message.author = intern(&message.author);
        }
        self.cache.fill(&messages);
        Ok(messages)
    }

    /// The published messages after a number, when one page holds them.
    async fn read_after(
        &self,
        store: &dyn Store,
        after: u64,
        head: Cursor,
    ) -> Result<Vec<protocol::Message>, HubError> {
        let page = store.page(&self.room, HistoryRange::After(after), limits::MAX_RECOVERED_MESSAGES).await?;
        let published = page.messages.iter().filter(|message| message.cursor.seq <= head.seq);
        Ok(published.map(Message::to_wire).collect())
    }
}

fn to_wire(messages: &[Message]) -> Vec<protocol::Message> {
    messages.iter().map(Message::to_wire).collect()
}
