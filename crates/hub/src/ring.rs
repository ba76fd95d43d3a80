//! The newest messages of a room, small: what many who come back are missing. Whatever is not here is in the store.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::{Cursor, DraftId, MessageId, MessageKind, RoomId};

use crate::model::{Message, Person};

/// Messages without holes, up to the newest. Nothing of what they were spelled as is kept: it is several times as large.
#[derive(Debug)]
pub(crate) struct Ring {
    /// The number before the first one.
    after: u64,
    kept: VecDeque<Kept>,
    bytes: usize,
}

/// How much a ring holds at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RingLimits {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

/// A message without what its room and its place say.
#[derive(Debug)]
struct Kept {
    id: MessageId,
    draft: DraftId,
    author: Arc<Person>,
    body: Arc<str>,
    at_ms: i64,
    rare: Option<Box<Rare>>,
}

/// What few messages have.
#[derive(Debug)]
struct Rare {
    parent: Option<MessageId>,
    kind: MessageKind,
}

/// The two counters before a shared text.
const COUNTERS: usize = 2 * size_of::<usize>();

impl Kept {
    fn of(message: &Message) -> Self {
        let Message { id, author, draft, body, at_ms, parent, kind, .. } = message;
        let is_rare = parent.is_some() || *kind != MessageKind::Text;
        Self {
            id: *id,
            draft: *draft,
            author: author.clone(),
            body: body.clone(),
            at_ms: *at_ms,
            rare: is_rare.then(|| Box::new(Rare { parent: *parent, kind: kind.clone() })),
        }
    }

    /// What it takes of memory. Authors are not counted: the room has them as members.
    fn bytes(&self) -> usize {
        let rare = if self.rare.is_some() { size_of::<Rare>() } else { 0 };
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
        }
    }
}

impl Ring {
    /// Of a room whose newest message has this number.
    pub(crate) fn new(head: u64) -> Self {
        Self { after: head, kept: VecDeque::new(), bytes: 0 }
    }

    /// The number before the first message that is here.
    pub(crate) fn after(&self) -> u64 {
        self.after
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// About what it takes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes in the message that comes after the newest.
    pub(crate) fn push(&mut self, message: &Message, limits: RingLimits) {
        let kept = Kept::of(message);
        let bytes = kept.bytes();
        // First, so that the memory of a full ring does not grow for one more.
        while self.kept.len() >= limits.messages || self.bytes + bytes > limits.bytes {
            if !self.drop_oldest() {
                self.after += 1;
                return;
            }
        }
        self.kept.push_back(kept);
        self.bytes += bytes;
    }

    /// Lets the older half go; answers how many bytes that were.
    pub(crate) fn halve(&mut self) -> usize {
        let before = self.bytes;
        for _ in 0..self.kept.len().div_ceil(2) {
            self.drop_oldest();
        }
        self.kept.shrink_to_fit();
        before - self.bytes
    }

    /// Holds nothing any more.
    pub(crate) fn clear(&mut self) {
        self.after += self.kept.len() as u64;
        self.kept = VecDeque::new();
        self.bytes = 0;
    }

    /// Whether it dropped one.
    fn drop_oldest(&mut self) -> bool {
        let Some(oldest) = self.kept.pop_front() else { return false };
        self.bytes -= oldest.bytes();
        self.after += 1;
        true
    }

    /// Every message after a number, in a room of this name and life; `None` if some of them are not here.
    pub(crate) fn since(&self, after: u64, room: &RoomId, epoch: u32) -> Option<Vec<Message>> {
        let skipped = usize::try_from(after.checked_sub(self.after)?).ok()?;
        let newer = self.kept.iter().zip(self.after + 1..).skip(skipped);
        Some(newer.map(|(kept, seq)| kept.message(room, Cursor { epoch, seq })).collect())
    }

    /// The number of a message, if it is here. The newest are looked at first, because they are asked for.
    pub(crate) fn seq_of(&self, id: MessageId) -> Option<u64> {
        let place = self.kept.iter().rposition(|kept| kept.id == id)?;
        Some(self.after + 1 + place as u64)
    }

    /// The messages that are here after one number and up to another.
    pub(crate) fn between(&self, after: u64, upto: u64) -> Vec<MessageId> {
        let numbered = (self.after + 1..).zip(&self.kept);
        numbered.filter(|(seq, _)| (after + 1..=upto).contains(seq)).map(|(_, kept)| kept.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use protocol::UserId;
    use uuid::Uuid;

    use super::*;

    const NONE: usize = usize::MAX;

    fn room() -> RoomId {
        RoomId::parse("hall").unwrap()
    }

    fn message(seq: u64, body: &str) -> Message {
        let author = Person {
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
        }
    }

    fn said(ring: &Ring, after: u64) -> Option<Vec<u64>> {
        let messages = ring.since(after, &room(), 7)?;
        Some(messages.into_iter().map(|it| it.cursor.seq).collect())
    }

    #[test]
    fn what_went_in_comes_out() {
        let plain = message(11, "plain");
        let answer = Message { parent: Some(plain.id), ..message(12, "answers another") };
        let code = Message { kind: MessageKind::parse("code").unwrap(), ..message(13, "let it = 1;") };
        let mut ring = Ring::new(10);
        for message in [&plain, &answer, &code] {
            ring.push(message, RingLimits { messages: 9, bytes: NONE });
        }
        assert_eq!((ring.seq_of(answer.id), ring.seq_of(MessageId(Uuid::nil()))), (Some(12), None));
        assert_eq!((ring.between(0, 11), ring.between(11, 20)), (vec![plain.id], vec![answer.id, code.id]));
        assert_eq!(ring.since(10, &room(), 7), Some(vec![plain, answer, code]));
    }

    #[test]
    fn it_is_bounded_in_number_and_in_bytes() {
        let mut ring = Ring::new(0);
        for seq in 1..=9 {
            ring.push(&message(seq, "short"), RingLimits { messages: 4, bytes: NONE });
        }
        assert_eq!((ring.after(), said(&ring, 5)), (5, Some(vec![6, 7, 8, 9])));
        assert_eq!(said(&ring, 4), None, "5 is not here any more");
        assert_eq!(said(&ring, 9), Some(vec![]));
        let bytes = ring.bytes();
        ring.push(&message(10, &"x".repeat(bytes / 2)), RingLimits { messages: 9, bytes });
        assert!(ring.bytes() <= bytes && ring.after() > 5, "{ring:?}");
        assert_eq!(said(&ring, 9), Some(vec![10]));
        ring.push(&message(11, &"x".repeat(bytes)), RingLimits { messages: 9, bytes });
        assert_eq!((ring.is_empty(), ring.after(), ring.bytes()), (true, 11, 0), "too large for any ring");
        ring.push(&message(12, "short"), RingLimits { messages: 0, bytes });
        assert_eq!((ring.is_empty(), ring.after()), (true, 12));
    }

    #[test]
    fn the_older_half_goes_first() {
        let mut ring = Ring::new(0);
        for seq in 1..=5 {
            ring.push(&message(seq, "12345678"), RingLimits { messages: 9, bytes: NONE });
        }
        let bytes = ring.bytes();
        assert_eq!((ring.halve(), ring.after()), (bytes / 5 * 3, 3));
        assert_eq!(said(&ring, 3), Some(vec![4, 5]));
        assert_eq!(ring.halve() + ring.halve(), bytes / 5 * 2);
        assert_eq!((ring.is_empty(), ring.after(), ring.bytes()), (true, 5, 0));
        assert_eq!(ring.halve(), 0);
    }

    #[test]
    fn a_message_takes_little() {
        assert!(size_of::<Kept>() <= 72, "{}", size_of::<Kept>());
    }
}
