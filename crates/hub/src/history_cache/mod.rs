//! History cache: keeps the newest messages of all rooms in memory within one budget of bytes, so that most recoveries cost
//! no read of the store.

mod recent_messages;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{MessageId, RoomId};

use crate::model::Message;
use crate::settings::HubSettings;

use recent_messages::{CacheLimits, RecentMessages};

/// The budget of all caches, and the order in which they give up messages when it is exceeded.
pub(crate) struct HistoryCache {
    each: CacheLimits,
    /// Bytes that all caches may hold together.
    limit: usize,
    bytes: AtomicUsize,
    queue: Mutex<EvictionQueue>,
}

/// Every cache that holds something has a ticket; the one with the lowest ticket is the next to lose its older half.
#[derive(Default)]
struct EvictionQueue {
    waiting: BTreeMap<u64, Arc<Mutex<Slot>>>,
    next_ticket: u64,
}

struct Slot {
    messages: RecentMessages,
    /// Its key in the eviction queue; `None` while it is empty.
    ticket: Option<u64>,
}

/// The cache of one room. Another room may evict from it at any time. Dropping it evicts everything.
pub(crate) struct RoomHistoryCache {
    /// A std mutex: held for one operation and never across an `.await`. The queue's lock is taken while this one is held,
    /// never the other way round.
    slot: Arc<Mutex<Slot>>,
    cache: Arc<HistoryCache>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HistoryCache {
    pub(crate) fn new(settings: &HubSettings) -> Self {
        Self {
            each: CacheLimits {
                messages: settings.history_cache_messages_per_room,
                bytes: settings.history_cache_bytes_per_room,
            },
            limit: settings.history_cache_bytes,
            bytes: AtomicUsize::new(0),
            queue: Mutex::default(),
        }
    }

    /// An empty cache of a room whose newest message has this number.
    pub(crate) fn room(self: &Arc<Self>, head: u64) -> RoomHistoryCache {
        let slot = Arc::new(Mutex::new(Slot { messages: RecentMessages::new(head), ticket: None }));
        RoomHistoryCache { slot, cache: self.clone() }
    }

    /// Bytes of memory that all caches take, about.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The bytes of one cache have changed.
    fn count(&self, before: usize, after: usize) {
        if after >= before {
            self.bytes.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.bytes.fetch_sub(before - after, Ordering::Relaxed);
        }
    }

    /// Puts a cache that holds something at the end of the eviction queue.
    fn enqueue(&self, slot: &Arc<Mutex<Slot>>) -> u64 {
        let mut queue = lock(&self.queue);
        let ticket = queue.next_ticket;
        queue.next_ticket += 1;
        queue.waiting.insert(ticket, slot.clone());
        ticket
    }

    /// Evicts the older half of one room's cache at a time, in the order of the queue, until the global budget holds. The cache
    /// of a quiet room is empty after a few turns; that of a busy one has its newest messages again.
    fn evict(&self) {
        while self.bytes() > self.limit {
            let Some((_, slot)) = lock(&self.queue).waiting.pop_first() else { return };
            let mut held = lock(&slot);
            let freed = held.messages.evict_older_half();
            self.count(freed, 0);
            held.ticket = if held.messages.is_empty() { None } else { Some(self.enqueue(&slot)) };
        }
    }
}

impl RoomHistoryCache {
    /// The number before the first message that is cached.
    pub(crate) fn after(&self) -> u64 {
        lock(&self.slot).messages.after()
    }

    /// Adds the message after the newest.
    pub(crate) fn push(&self, message: &Message) {
        self.change(|recent, limits| recent.push(message, limits));
    }

    /// Replaces a message that was changed, if it is cached.
    pub(crate) fn replace(&self, message: &Message) {
        self.change(|recent, limits| recent.replace(message, limits));
    }

    /// One message with this room and epoch, if it is cached.
    pub(crate) fn get(&self, seq: u64, room: &RoomId, epoch: u32) -> Option<Message> {
        lock(&self.slot).messages.get(seq, room, epoch)
    }

    /// Replaces the content with these messages, which end with the newest.
    pub(crate) fn fill(&self, messages: &[Message]) {
        let Some(first) = messages.first() else { return };
        self.change(|recent, limits| {
            *recent = RecentMessages::new(first.cursor.seq.saturating_sub(1));
            for message in messages {
                recent.push(message, limits);
            }
        });
    }

    /// Every message after a number, with this room and epoch; `None` if some of them are not cached.
    pub(crate) fn since(&self, after: u64, room: &RoomId, epoch: u32) -> Option<Vec<Message>> {
        lock(&self.slot).messages.since(after, room, epoch)
    }

    /// The number of a message, if it is cached.
    pub(crate) fn seq_of(&self, id: MessageId) -> Option<u64> {
        lock(&self.slot).messages.seq_of(id)
    }

    /// The cached messages after one number and up to another.
    pub(crate) fn between(&self, after: u64, upto: u64) -> Vec<MessageId> {
        lock(&self.slot).messages.between(after, upto)
    }

    fn change(&self, change: impl FnOnce(&mut RecentMessages, CacheLimits)) {
        let mut held = lock(&self.slot);
        let before = held.messages.bytes();
        change(&mut held.messages, self.cache.each);
        self.cache.count(before, held.messages.bytes());
        if held.ticket.is_none() && !held.messages.is_empty() {
            held.ticket = Some(self.cache.enqueue(&self.slot));
        }
        drop(held);
        self.cache.evict();
    }
}

impl Drop for RoomHistoryCache {
    fn drop(&mut self) {
        let mut held = lock(&self.slot);
        self.cache.count(held.messages.bytes(), 0);
        held.messages.clear();
        if let Some(ticket) = held.ticket.take() {
            lock(&self.cache.queue).waiting.remove(&ticket);
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Cursor, DraftId, MessageKind, UserId};
    use uuid::Uuid;

    use super::*;
    use crate::model::User;

    fn message(seq: u64) -> Message {
        let author = User {
            id: UserId::parse("ann").unwrap(),
            username: "ann".to_owned(),
            email: "ann@example.org".to_owned(),
            is_active: true,
            created_at_ms: 1,
        };
        Message {
            room: room(),
            cursor: Cursor { epoch: 7, seq },
            id: MessageId(Uuid::from_u128(seq.into())),
            author: Arc::new(author),
            draft: DraftId(Uuid::from_u128(seq.into())),
            body: "x".repeat(128).into(),
            at_ms: 5,
            parent: None,
            kind: MessageKind::Text,
            state: None,
        }
    }

    fn room() -> RoomId {
        RoomId::parse("hall").unwrap()
    }

    fn cache_of(limit: usize) -> Arc<HistoryCache> {
        Arc::new(HistoryCache::new(&HubSettings { history_cache_bytes: limit, ..HubSettings::default() }))
    }

    fn tickets(cache: &HistoryCache) -> usize {
        lock(&cache.queue).waiting.len()
    }

    #[test]
    fn message_of_128_bytes_takes_at_most_240() {
        let cache = cache_of(usize::MAX);
        let room_cache = cache.room(0);
        room_cache.push(&message(1));
        assert!(cache.bytes() <= 240, "{}", cache.bytes());
    }

    #[test]
    fn budget_is_kept_and_quiet_rooms_are_evicted_first() {
        let cache = cache_of(20_000);
        let (quiet, busy) = (cache.room(0), cache.room(0));
        for seq in 1..=50 {
            quiet.push(&message(seq));
        }
        for seq in 1..=500 {
            busy.push(&message(seq));
            assert!(cache.bytes() <= 20_000, "{seq}: {}", cache.bytes());
        }
        assert_eq!((quiet.after(), tickets(&cache)), (50, 1), "all of it was evicted");
        assert!(busy.after() <= 460, "{}", busy.after());
        assert_eq!(busy.since(499, &room(), 7).map(|it| it.len()), Some(1));
        assert_eq!(quiet.since(50, &room(), 7), Some(vec![]));
        // An emptied cache takes messages again.
        quiet.push(&message(51));
        assert_eq!(quiet.since(50, &room(), 7).map(|it| it.len()), Some(1));
    }

    #[test]
    fn dropping_a_room_frees_its_cache() {
        let cache = cache_of(1_000_000);
        let kept = cache.room(0);
        kept.push(&message(1));
        let before = cache.bytes();
        for _ in 0..100 {
            let room_cache = cache.room(0);
            room_cache.push(&message(1));
            room_cache.fill(&[message(4), message(5)]);
            assert_eq!((room_cache.after(), tickets(&cache)), (3, 2));
        }
        assert_eq!((cache.bytes(), tickets(&cache)), (before, 1));
        drop(kept);
        assert_eq!((cache.bytes(), tickets(&cache)), (0, 0));
    }

    #[test]
    fn caches_that_evict_each_other_on_many_threads_remain_correct() {
        let cache = cache_of(8_000);
        let work = |cache: &Arc<HistoryCache>| {
            for _ in 0..20 {
                let room_cache = cache.room(0);
                for seq in 1..=200 {
                    room_cache.push(&message(seq));
                    let after = room_cache.after();
                    // Otherwise another thread has evicted from it since.
                    if let Some(newer) = room_cache.since(after, &room(), 7) {
                        assert_eq!(newer.len() as u64, seq - after);
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| work(&cache));
            }
        });
        assert_eq!((cache.bytes(), tickets(&cache)), (0, 0));
    }
}
