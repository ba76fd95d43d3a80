//! The rings of all rooms, bounded together in bytes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{MessageId, RoomId};

use crate::limits::Settings;
use crate::model::Message;
use crate::ring::{Ring, RingLimits};

/// Where the rings queue to give something up when all of them together hold too much.
pub(crate) struct Rings {
    each: RingLimits,
    /// Bytes that all rings may hold together.
    limit: usize,
    bytes: AtomicUsize,
    queue: Mutex<Queue>,
}

/// Every ring that holds something has a ticket here; the lowest one is the next whose older half goes.
#[derive(Default)]
struct Queue {
    waiting: BTreeMap<u64, Arc<Mutex<Slot>>>,
    next_ticket: u64,
}

struct Slot {
    ring: Ring,
    /// Its place in the queue; `None` while it is empty.
    ticket: Option<u64>,
}

/// A room's own ring. Another room may make it smaller at any time, never newer. With it goes what it holds.
pub(crate) struct RoomRing {
    /// A std mutex: held for one look and never across an `.await`. The queue's lock is taken while this one is held, never
    /// the other way round.
    slot: Arc<Mutex<Slot>>,
    rings: Arc<Rings>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Rings {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            each: RingLimits { messages: settings.ring, bytes: settings.ring_bytes },
            limit: settings.at_hand_bytes,
            bytes: AtomicUsize::new(0),
            queue: Mutex::default(),
        }
    }

    /// An empty one, of a room whose newest message has this number.
    pub(crate) fn ring(self: &Arc<Self>, head: u64) -> RoomRing {
        let slot = Arc::new(Mutex::new(Slot { ring: Ring::new(head), ticket: None }));
        RoomRing { slot, rings: self.clone() }
    }

    /// About what all rings take of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// A ring holds another number of bytes than before.
    fn count(&self, before: usize, after: usize) {
        if after >= before {
            self.bytes.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.bytes.fetch_sub(before - after, Ordering::Relaxed);
        }
    }

    /// Puts a ring that holds something at the end of the queue.
    fn enqueue(&self, slot: &Arc<Mutex<Slot>>) -> u64 {
        let mut queue = lock(&self.queue);
        let ticket = queue.next_ticket;
        queue.next_ticket += 1;
        queue.waiting.insert(ticket, slot.clone());
        ticket
    }

    /// Has one ring after the other give up its older half until all hold as much as they may. Who is quiet has nothing left
    /// after a few turns, and who is not has the newest again.
    fn shed(&self) {
        while self.bytes() > self.limit {
            let Some((_, slot)) = lock(&self.queue).waiting.pop_first() else { return };
            let mut held = lock(&slot);
            let freed = held.ring.halve();
            self.count(freed, 0);
            held.ticket = if held.ring.is_empty() { None } else { Some(self.enqueue(&slot)) };
        }
    }
}

impl RoomRing {
    /// The number before the first message that is here.
    pub(crate) fn after(&self) -> u64 {
        lock(&self.slot).ring.after()
    }

    /// Takes in the message that comes after the newest.
    pub(crate) fn push(&self, message: &Message) {
        self.change(|ring, limits| ring.push(message, limits));
    }

    /// Holds these messages and nothing else, which lead up to the newest.
    pub(crate) fn fill(&self, messages: &[Message]) {
        let Some(first) = messages.first() else { return };
        self.change(|ring, limits| {
            *ring = Ring::new(first.cursor.seq.saturating_sub(1));
            for message in messages {
                ring.push(message, limits);
            }
        });
    }

    /// Every message after a number, in a room of this name and life; `None` if some of them are not here.
    pub(crate) fn since(&self, after: u64, room: &RoomId, epoch: u32) -> Option<Vec<Message>> {
        lock(&self.slot).ring.since(after, room, epoch)
    }

    /// The number of a message, if it is here.
    pub(crate) fn seq_of(&self, id: MessageId) -> Option<u64> {
        lock(&self.slot).ring.seq_of(id)
    }

    /// The messages that are here after one number and up to another.
    pub(crate) fn between(&self, after: u64, upto: u64) -> Vec<MessageId> {
        lock(&self.slot).ring.between(after, upto)
    }

    fn change(&self, change: impl FnOnce(&mut Ring, RingLimits)) {
        let mut held = lock(&self.slot);
        let before = held.ring.bytes();
        change(&mut held.ring, self.rings.each);
        self.rings.count(before, held.ring.bytes());
        if held.ticket.is_none() && !held.ring.is_empty() {
            held.ticket = Some(self.rings.enqueue(&self.slot));
        }
        drop(held);
        self.rings.shed();
    }
}

impl Drop for RoomRing {
    fn drop(&mut self) {
        let mut held = lock(&self.slot);
        self.rings.count(held.ring.bytes(), 0);
        held.ring.clear();
        if let Some(ticket) = held.ticket.take() {
            lock(&self.rings.queue).waiting.remove(&ticket);
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Cursor, DraftId, MessageKind, UserId};
    use uuid::Uuid;

    use super::*;
    use crate::model::Person;

    fn message(seq: u64) -> Message {
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
            draft: DraftId(Uuid::from_u128(seq.into())),
            body: "x".repeat(128).into(),
            at_ms: 5,
            parent: None,
            kind: MessageKind::Text,
        }
    }

    fn room() -> RoomId {
        RoomId::parse("hall").unwrap()
    }

    fn rings(limit: usize) -> Arc<Rings> {
        Arc::new(Rings::new(&Settings { at_hand_bytes: limit, ..Settings::default() }))
    }

    fn tickets(rings: &Rings) -> usize {
        lock(&rings.queue).waiting.len()
    }

    #[test]
    fn a_message_of_128_bytes_takes_little() {
        let rings = rings(usize::MAX);
        let ring = rings.ring(0);
        ring.push(&message(1));
        assert!(rings.bytes() <= 240, "{}", rings.bytes());
    }

    #[test]
    fn all_together_are_bounded_and_quiet_ones_give_first() {
        let rings = rings(20_000);
        let (quiet, busy) = (rings.ring(0), rings.ring(0));
        for seq in 1..=50 {
            quiet.push(&message(seq));
        }
        for seq in 1..=500 {
            busy.push(&message(seq));
            assert!(rings.bytes() <= 20_000, "{seq}: {}", rings.bytes());
        }
        assert_eq!((quiet.after(), tickets(&rings)), (50, 1), "nothing is left of it");
        assert!(busy.after() <= 460, "{}", busy.after());
        assert_eq!(busy.since(499, &room(), 7).map(|it| it.len()), Some(1));
        assert_eq!(quiet.since(50, &room(), 7), Some(vec![]));
        // And it is as good as new.
        quiet.push(&message(51));
        assert_eq!(quiet.since(50, &room(), 7).map(|it| it.len()), Some(1));
    }

    #[test]
    fn with_a_room_goes_what_it_held() {
        let rings = rings(1_000_000);
        let stays = rings.ring(0);
        stays.push(&message(1));
        let before = rings.bytes();
        for _ in 0..100 {
            let ring = rings.ring(0);
            ring.push(&message(1));
            ring.fill(&[message(4), message(5)]);
            assert_eq!((ring.after(), tickets(&rings)), (3, 2));
        }
        assert_eq!((rings.bytes(), tickets(&rings)), (before, 1));
        drop(stays);
        assert_eq!((rings.bytes(), tickets(&rings)), (0, 0));
    }

    #[test]
    fn rings_that_shrink_each_other_on_many_threads_stay_right() {
        let rings = rings(8_000);
        let work = |rings: &Arc<Rings>| {
            for _ in 0..20 {
                let ring = rings.ring(0);
                for seq in 1..=200 {
                    ring.push(&message(seq));
                    let after = ring.after();
                    // Otherwise another thread has made it smaller since.
                    if let Some(newer) = ring.since(after, &room(), 7) {
                        assert_eq!(newer.len() as u64, seq - after);
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| work(&rings));
            }
        });
        assert_eq!((rings.bytes(), tickets(&rings)), (0, 0));
    }
}
