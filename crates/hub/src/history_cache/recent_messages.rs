//! Recent messages: the newest messages of one room in little memory, bounded in number and in bytes. Older ones are in the
//! store.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::{Cursor, DraftId, MessageId, MessageKind, Reaction, RoomId, UserId};

use crate::model::{Message, MessageState, User};

/// Messages without gaps, up to the newest. No encoded frame is kept: frames are several times as large.
#[derive(Debug)]
pub(crate) struct RecentMessages {
    /// The number before the first one.
    after: u64,
    messages: VecDeque<CachedMessage>,
    bytes: usize,
}

/// The bounds of one room's cache.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CacheLimits {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

/// A message without its room and its cursor, which follow from the cache that holds it.
#[derive(Debug)]
struct CachedMessage {
    id: MessageId,
    draft: DraftId,
    author: Arc<User>,
    body: Arc<str>,
    at_ms: i64,
    rare: Option<Box<Rare>>,
}

/// What few messages have.
#[derive(Debug)]
struct Rare {
    parent: Option<MessageId>,
    kind: MessageKind,
    state: Option<Box<MessageState>>,
}

/// The two counters before a shared text.
const COUNTERS: usize = 2 * size_of::<usize>();

/// Bytes of memory of what changes have made of a message.
fn state_bytes(state: Option<&MessageState>) -> usize {
    let Some(state) = state else { return 0 };
    let reactions = state.reactions.iter().map(|reaction| {
        size_of::<Reaction>() + reaction.emoji.len() + reaction.users.len() * size_of::<UserId>()
    });
    size_of::<MessageState>() + reactions.sum::<usize>()
}

impl CachedMessage {
    fn of(message: &Message) -> Self {
        let Message { id, author, draft, body, at_ms, parent, kind, state, .. } = message;
        let is_rare = parent.is_some() || *kind != MessageKind::Text || state.is_some();
        Self {
            id: *id,
            draft: *draft,
            author: author.clone(),
            body: body.clone(),
            at_ms: *at_ms,
            rare: is_rare
                .then(|| Box::new(Rare { parent: *parent, kind: kind.clone(), state: state.clone() })),
        }
    }

    /// Bytes of memory. Authors are not counted: the room has them as members.
    fn bytes(&self) -> usize {
        let rare =
            self.rare.as_ref().map_or(0, |rare| size_of::<Rare>() + state_bytes(rare.state.as_deref()));
        size_of::<Self>() + COUNTERS + self.body.len() + rare
    }

    fn message(&self, room: &RoomId, cursor: Cursor) -> Message {
        let rare = self.rare.as_deref();
        Message {
            room: room.clone(),
            cursor,
            id: self.id,
            author: self.author.clone(),
            draft: self.draft,
            body: self.body.clone(),
            at_ms: self.at_ms,
            parent: rare.and_then(|rare| rare.parent),
            kind: rare.map(|rare| rare.kind.clone()).unwrap_or_default(),
            state: rare.and_then(|rare| rare.state.clone()),
        }
    }
}

impl RecentMessages {
    /// An empty cache of a room whose newest message has this number.
    pub(crate) fn new(head: u64) -> Self {
        Self { after: head, messages: VecDeque::new(), bytes: 0 }
    }

    /// The number before the first message that is cached.
    pub(crate) fn after(&self) -> u64 {
        self.after
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Bytes of memory, about.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds the message after the newest, and evicts the oldest ones beyond the limits.
    pub(crate) fn push(&mut self, message: &Message, limits: CacheLimits) {
        let cached = CachedMessage::of(message);
        let bytes = cached.bytes();
        // Evicted first, so that the memory of a full cache does not grow for one more.
        while self.messages.len() >= limits.messages || self.bytes + bytes > limits.bytes {
            if !self.evict_oldest() {
                self.after += 1;
                return;
            }
        }
        self.messages.push_back(cached);
        self.bytes += bytes;
    }

    /// Replaces a message that was changed, if it is here, and evicts the oldest ones beyond the limits.
    pub(crate) fn replace(&mut self, message: &Message, limits: CacheLimits) {
        let Some(cached) = self.index(message.cursor.seq).and_then(|at| self.messages.get_mut(at)) else {
            return;
        };
        let replaced = std::mem::replace(cached, CachedMessage::of(message));
        self.bytes = self.bytes - replaced.bytes() + cached.bytes();
        while self.bytes > limits.bytes {
            if !self.evict_oldest() {
                return;
            }
        }
    }

    /// One message with this room and epoch.
    pub(crate) fn get(&self, seq: u64, room: &RoomId, epoch: u32) -> Option<Message> {
        let cached = self.messages.get(self.index(seq)?)?;
        Some(cached.message(room, Cursor { epoch, seq }))
    }

    fn index(&self, seq: u64) -> Option<usize> {
        usize::try_from(seq.checked_sub(self.after + 1)?).ok()
    }

    /// Evicts the older half; returns how many bytes that were.
    pub(crate) fn evict_older_half(&mut self) -> usize {
        let before = self.bytes;
        for _ in 0..self.messages.len().div_ceil(2) {
            self.evict_oldest();
        }
        self.messages.shrink_to_fit();
        before - self.bytes
    }

    /// Evicts everything.
    pub(crate) fn clear(&mut self) {
        self.after += self.messages.len() as u64;
        self.messages = VecDeque::new();
        self.bytes = 0;
    }

    /// Whether there was one.
    fn evict_oldest(&mut self) -> bool {
        let Some(oldest) = self.messages.pop_front() else { return false };
        self.bytes -= oldest.bytes();
        self.after += 1;
        true
    }

    /// Every message after a number, with this room and epoch; `None` if some of them are not cached.
    pub(crate) fn since(&self, after: u64, room: &RoomId, epoch: u32) -> Option<Vec<Message>> {
        let skipped = usize::try_from(after.checked_sub(self.after)?).ok()?;
        let newer = self.messages.iter().zip(self.after + 1..).skip(skipped);
        Some(newer.map(|(cached, seq)| cached.message(room, Cursor { epoch, seq })).collect())
    }

    /// The number of a message, if it is cached. Searched from the newest on, because callers mostly name a new one.
    pub(crate) fn seq_of(&self, id: MessageId) -> Option<u64> {
        let index = self.messages.iter().rposition(|cached| cached.id == id)?;
        Some(self.after + 1 + index as u64)
    }

    /// The cached messages after one number and up to another.
    pub(crate) fn between(&self, after: u64, upto: u64) -> Vec<MessageId> {
        let numbered = (self.after + 1..).zip(&self.messages);
        numbered.filter(|(seq, _)| (after + 1..=upto).contains(seq)).map(|(_, cached)| cached.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const NONE: usize = usize::MAX;

    fn room() -> RoomId {
        RoomId::parse("hall").unwrap()
    }

    fn message(seq: u64, body: &str) -> Message {
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
            draft: DraftId(Uuid::from_u128(u128::from(seq) << 64)),
            body: body.into(),
            at_ms: 5,
            parent: None,
            kind: MessageKind::Text,
            state: None,
        }
    }

    fn cached_after(cache: &RecentMessages, after: u64) -> Option<Vec<u64>> {
        let messages = cache.since(after, &room(), 7)?;
        Some(messages.into_iter().map(|it| it.cursor.seq).collect())
    }

    #[test]
    fn cached_messages_equal_the_pushed_ones() {
        let plain = message(11, "plain");
        let answer = Message { parent: Some(plain.id), ..message(12, "answers another") };
        let code = Message { kind: MessageKind::parse("code").unwrap(), ..message(13, "let it = 1;") };
        let mut cache = RecentMessages::new(10);
        for message in [&plain, &answer, &code] {
            cache.push(message, CacheLimits { messages: 9, bytes: NONE });
        }
        assert_eq!((cache.seq_of(answer.id), cache.seq_of(MessageId(Uuid::nil()))), (Some(12), None));
        assert_eq!((cache.between(0, 11), cache.between(11, 20)), (vec![plain.id], vec![answer.id, code.id]));
        assert_eq!(cache.since(10, &room(), 7), Some(vec![plain, answer, code]));
    }

    #[test]
    fn cache_is_bounded_in_number_and_in_bytes() {
        let mut cache = RecentMessages::new(0);
        for seq in 1..=9 {
            cache.push(&message(seq, "short"), CacheLimits { messages: 4, bytes: NONE });
        }
        assert_eq!((cache.after(), cached_after(&cache, 5)), (5, Some(vec![6, 7, 8, 9])));
        assert_eq!(cached_after(&cache, 4), None, "5 was evicted");
        assert_eq!(cached_after(&cache, 9), Some(vec![]));
        let bytes = cache.bytes();
        cache.push(&message(10, &"x".repeat(bytes / 2)), CacheLimits { messages: 9, bytes });
        assert!(cache.bytes() <= bytes && cache.after() > 5, "{cache:?}");
        assert_eq!(cached_after(&cache, 9), Some(vec![10]));
        cache.push(&message(11, &"x".repeat(bytes)), CacheLimits { messages: 9, bytes });
        assert_eq!(
            (cache.is_empty(), cache.after(), cache.bytes()),
            (true, 11, 0),
            "larger than the whole cache"
        );
        cache.push(&message(12, "short"), CacheLimits { messages: 0, bytes });
        assert_eq!((cache.is_empty(), cache.after()), (true, 12));
    }

    #[test]
    fn older_half_is_evicted_first() {
        let mut cache = RecentMessages::new(0);
        for seq in 1..=5 {
            cache.push(&message(seq, "12345678"), CacheLimits { messages: 9, bytes: NONE });
        }
        let bytes = cache.bytes();
        assert_eq!((cache.evict_older_half(), cache.after()), (bytes / 5 * 3, 3));
        assert_eq!(cached_after(&cache, 3), Some(vec![4, 5]));
        assert_eq!(cache.evict_older_half() + cache.evict_older_half(), bytes / 5 * 2);
        assert_eq!((cache.is_empty(), cache.after(), cache.bytes()), (true, 5, 0));
        assert_eq!(cache.evict_older_half(), 0);
    }

    #[test]
    fn cached_message_is_small() {
        assert!(size_of::<CachedMessage>() <= 72, "{}", size_of::<CachedMessage>());
    }
}
