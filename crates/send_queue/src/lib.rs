//! Send queue: the items that wait for one connection, in order and bounded in bytes. Pure: it neither waits nor wakes.
//!
//! Long because half of it are its tests.
//!
//! While little waits, everything is kept as it came. Once the reader lags, an item that a newer one of the same key
//! supersedes is taken out (conflation): a slow reader gets the latest of everything and not all that led to it.
//!
//! The hub queues frames with it and Engine.IO packets, so both treat a slow consumer alike.
//!
//! ```
//! use send_queue::{ConflationKey, DeliveryPolicy, QueueFull, SendQueue};
//!
//! let mut queue = SendQueue::new(1_600);
//! let typing = DeliveryPolicy::Latest(ConflationKey::of(("typing", "room 1", "user 7")));
//! queue.push("a long message", 300, DeliveryPolicy::Reliable)?;
//! queue.push("user 7 types", 30, typing)?;
//! queue.push("user 7 has stopped", 30, typing)?;
//! assert!(queue.is_lagging());
//! assert_eq!(queue.take_all(), ["a long message", "user 7 has stopped"]);
//! # Ok::<(), QueueFull>(())
//! ```

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How an item is delivered to a reader that lags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryPolicy {
    /// Must arrive, or the reader is disconnected and recovers.
    Reliable,
    /// Must arrive, unless a newer one of the key supersedes it.
    ReliableLatest(ConflationKey),
    /// Superseded by a newer one of the key, and dropped where even that does not help.
    Latest(ConflationKey),
    /// Dropped.
    BestEffort,
}

/// What an item is about: a newer one of the same key supersedes it. A fingerprint of 64 bits; should two collide, a view
/// of something that is not reliable is wrong for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConflationKey(u64);

impl ConflationKey {
    /// The key of whatever `name` identifies.
    pub fn of(name: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// There is no room for an item that must arrive: the reader is a slow consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueFull;

/// A reader lags once more than this part of the limit waits.
const LAGGING: usize = 16;

/// While no more than this part of the limit waits, one more item finds room, however large.
const ROOM: usize = 4;

/// Items that may be dropped are accepted up to this part of the limit.
const BEST_EFFORT: usize = 4;

/// Empty slots from which on compacting is worth it.
const MANY: usize = 64;

/// The queue of one reader.
#[derive(Debug)]
pub struct SendQueue<T> {
    /// The first slot. Most of the time nothing waits behind it, and the queue owns no memory but itself.
    head: Option<Slot<T>>,
    /// Those behind it; none without it.
    waiting: VecDeque<Slot<T>>,
    /// The number of the first slot, counted from the creation of the queue.
    first: u64,
    /// Slots that are empty because a newer item superseded theirs.
    empty: usize,
    bytes: usize,
    limit: usize,
    /// The newest slot of each key; known only while the reader lags, so in a box.
    index: Option<Box<KeyIndex>>,
}

/// The number of the newest slot of each key.
#[derive(Debug)]
struct KeyIndex(HashMap<ConflationKey, u64>);

#[derive(Debug)]
struct Slot<T> {
    item: Option<T>,
    bytes: usize,
    key: Option<ConflationKey>,
}

impl<T> SendQueue<T> {
    /// A queue that holds at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { head: None, waiting: VecDeque::new(), first: 0, empty: 0, bytes: 0, limit, index: None }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.slots() == self.empty
    }

    fn slots(&self) -> usize {
        usize::from(self.head.is_some()) + self.waiting.len()
    }

    fn put(&mut self, slot: Slot<T>) {
        if self.head.is_some() {
            self.waiting.push_back(slot);
        } else {
            self.head = Some(slot);
        }
    }

    /// Whether one more item that must arrive finds room, however large.
    pub fn has_room(&self) -> bool {
        self.bytes <= self.limit / ROOM
    }

    /// Adds an item of `bytes`, or drops it where the [`DeliveryPolicy`] permits.
    ///
    /// # Errors
    /// [`QueueFull`] when an item that must arrive finds no room. While [little waits](Self::has_room) it does, however
    /// large: a page of history may be larger than what may wait.
    pub fn push(&mut self, item: T, bytes: usize, delivery: DeliveryPolicy) -> Result<(), QueueFull> {
        let key = match delivery {
            DeliveryPolicy::ReliableLatest(key) | DeliveryPolicy::Latest(key) => Some(key),
            DeliveryPolicy::Reliable | DeliveryPolicy::BestEffort => None,
        };
        let replaced = key.filter(|_| self.is_lagging()).is_some_and(|key| self.remove_superseded(key));
        let after = self.bytes + bytes;
        let is_reliable = matches!(delivery, DeliveryPolicy::Reliable | DeliveryPolicy::ReliableLatest(_));
        // In the place of another one, an unreliable item is no further burden.
        let limit = if is_reliable || replaced { self.limit } else { self.limit / BEST_EFFORT };
        if after > limit && !(is_reliable && self.has_room()) {
            return if is_reliable { Err(QueueFull) } else { Ok(()) };
        }
        let number = self.first + self.slots() as u64;
        if let (Some(index), Some(key)) = (&mut self.index, key) {
            index.0.insert(key, number);
        }
        self.bytes = after;
        self.put(Slot { item: Some(item), bytes, key });
        Ok(())
    }

    /// Adds items that do not count: their producer has bounded them.
    pub fn push_uncounted(&mut self, items: impl IntoIterator<Item = T>) {
        for item in items {
            self.put(Slot { item: Some(item), bytes: 0, key: None });
        }
    }

    /// Hands out what waits, at most `limit` items.
    pub fn take(&mut self, limit: usize, mut put: impl FnMut(T)) {
        let mut taken = 0;
        while taken < limit
            && let Some(Slot { item, bytes, key }) = self.head.take()
        {
            self.head = self.waiting.pop_front();
            self.bytes -= bytes;
            match item {
                Some(item) => {
                    put(item);
                    taken += 1;
                }
                None => self.empty -= 1,
            }
            if let (Some(index), Some(key)) = (&mut self.index, key)
                && index.0.get(&key) == Some(&self.first)
            {
                index.0.remove(&key);
            }
            self.first += 1;
        }
        if !self.is_lagging() {
            self.index = None;
        }
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
    }

    /// Moves out everything that waits.
    pub fn take_all(&mut self) -> Vec<T> {
        let mut all = Vec::with_capacity(self.slots() - self.empty);
        self.take(usize::MAX, |item| all.push(item));
        all
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        *self = Self::new(self.limit);
    }

    /// Whether the reader lags: more waits than a reader leaves that keeps up.
    pub fn is_lagging(&self) -> bool {
        self.bytes > self.limit / LAGGING
    }

    /// Empties the slot of a key; returns whether there was one.
    fn remove_superseded(&mut self, key: ConflationKey) -> bool {
        let index = self
            .index
            .get_or_insert_with(|| Box::new(index_of(self.head.iter().chain(&self.waiting), self.first)));
        let Some(number) = index.0.remove(&key) else { return false };
        let behind = (number - self.first).checked_sub(1);
        let slot = match behind.and_then(|at| usize::try_from(at).ok()) {
            Some(at) => self.waiting.get_mut(at),
            None => self.head.as_mut(),
        };
        let Some(slot) = slot else { return false };
        self.bytes -= slot.bytes;
        *slot = Slot { item: None, bytes: 0, key: None };
        self.empty += 1;
        if self.empty > MANY && self.empty > self.slots() / 2 {
            self.compact();
        }
        true
    }

    /// Removes the empty slots, whose number would otherwise grow while nothing is read.
    fn compact(&mut self) {
        self.waiting.retain(|slot| slot.item.is_some());
        if self.head.as_ref().is_some_and(|slot| slot.item.is_none()) {
            self.head = self.waiting.pop_front();
        }
        self.empty = 0;
        self.index = Some(Box::new(index_of(self.head.iter().chain(&self.waiting), self.first)));
    }
}

fn index_of<'a, T: 'a>(slots: impl Iterator<Item = &'a Slot<T>>, first: u64) -> KeyIndex {
    let numbered = slots.zip(first..);
    let numbers = numbered.filter_map(|(slot, number)| slot.key.map(|key| (key, number)));
    KeyIndex(numbers.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1_600;
    const A: DeliveryPolicy = DeliveryPolicy::Latest(ConflationKey(1));
    const B: DeliveryPolicy = DeliveryPolicy::Latest(ConflationKey(2));

    fn queue(pushes: &[(&'static str, usize, DeliveryPolicy)]) -> SendQueue<&'static str> {
        let mut queue = SendQueue::new(LIMIT);
        for (item, bytes, delivery) in pushes {
            queue.push(*item, *bytes, *delivery).unwrap();
        }
        queue
    }

    #[test]
    fn everything_is_kept_while_little_waits() {
        let mut queue =
            queue(&[("a1", 30, A), ("a2", 30, A), ("m", 30, DeliveryPolicy::Reliable), ("a3", 30, A)]);
        assert_eq!(queue.take_all(), ["a1", "a2", "m", "a3"]);
    }

    #[test]
    fn a_lagging_reader_gets_the_latest_of_each_key_in_its_new_place() {
        let mut queue =
            queue(&[("m1", 200, DeliveryPolicy::Reliable), ("a1", 30, A), ("b1", 30, B), ("a2", 30, A)]);
        queue.push("m2", 200, DeliveryPolicy::Reliable).unwrap();
        queue.push("a3", 30, A).unwrap();
        assert_eq!(queue.bytes, 460);
        assert_eq!(queue.take_all(), ["m1", "b1", "m2", "a3"]);
        assert!(queue.is_empty() && queue.bytes == 0);
    }

    #[test]
    fn an_item_that_was_taken_is_not_superseded() {
        let mut queue = queue(&[("a1", 30, A), ("m", 300, DeliveryPolicy::Reliable), ("b1", 30, B)]);
        let mut taken = Vec::new();
        queue.take(1, |item| taken.push(item));
        queue.push("a2", 30, A).unwrap();
        queue.push("b2", 30, B).unwrap();
        queue.take(8, |item| taken.push(item));
        assert_eq!(taken, ["a1", "m", "a2", "b2"]);
    }

    #[test]
    fn unreliable_items_are_dropped_beyond_a_quarter_unless_they_supersede() {
        let mut queue = queue(&[("a1", 30, A), ("m", 600, DeliveryPolicy::Reliable)]);
        queue.push("b1", 30, B).unwrap();
        queue.push("f", 30, DeliveryPolicy::BestEffort).unwrap();
        queue.push("a2", 30, A).unwrap();
        assert_eq!(queue.take_all(), ["m", "a2"]);
    }

    #[test]
    fn a_reliable_latest_item_is_superseded_and_never_dropped() {
        let state = DeliveryPolicy::ReliableLatest(ConflationKey(3));
        let mut queue = queue(&[("m", 1_500, DeliveryPolicy::Reliable), ("s1", 50, state)]);
        for _ in 0..1_000 {
            assert_eq!(queue.push("s2", 50, state), Ok(()));
        }
        assert_eq!(
            queue.push("other", 100, DeliveryPolicy::ReliableLatest(ConflationKey(4))),
            Err(QueueFull)
        );
        assert_eq!(queue.take_all(), ["m", "s2"]);
    }

    #[test]
    fn the_queue_is_bounded_in_bytes_and_slots() {
        let mut queue = queue(&[("m", 600, DeliveryPolicy::Reliable)]);
        for _ in 0..10_000 {
            queue.push("a", 30, A).unwrap();
            queue.push("b", 30, DeliveryPolicy::ReliableLatest(ConflationKey(2))).unwrap();
        }
        assert!(queue.slots() <= 3 * MANY, "{}", queue.slots());
        assert_eq!(queue.push("m", 1_000, DeliveryPolicy::Reliable), Err(QueueFull));
        assert_eq!(queue.take_all(), ["m", "b"]);
    }

    #[test]
    fn one_item_always_fits_and_uncounted_items_take_no_room() {
        let mut queue = SendQueue::new(LIMIT);
        queue.push_uncounted(["first", "second"]);
        assert_eq!(queue.push("large", 5_000, DeliveryPolicy::Reliable), Ok(()));
        assert_eq!(queue.push("more", 1, DeliveryPolicy::Reliable), Err(QueueFull));
        assert_eq!(queue.take_all(), ["first", "second", "large"]);
    }

    #[test]
    fn one_more_item_fits_however_large_while_there_is_room() {
        let mut queue = queue(&[("m", LIMIT / ROOM, DeliveryPolicy::Reliable)]);
        assert!(queue.has_room());
        assert_eq!(queue.push("large", 5_000, DeliveryPolicy::Reliable), Ok(()));
        assert!(!queue.has_room());
        assert_eq!(queue.push("more", 1, DeliveryPolicy::Reliable), Err(QueueFull));
        assert_eq!(queue.take_all(), ["m", "large"]);
        assert!(queue.has_room());
    }

    #[test]
    fn an_idle_queue_owns_no_memory() {
        let mut queue = queue(&[]);
        for _ in 0..100 {
            queue.push("m", 1, DeliveryPolicy::Reliable).unwrap();
        }
        queue.take_all();
        assert_eq!(queue.waiting.capacity(), 0);
        queue.push("m", 1, DeliveryPolicy::Reliable).unwrap();
        assert_eq!(queue.waiting.capacity(), 0, "one alone waits in the queue itself");
        queue.take_all();
        queue.push("a", 200, A).unwrap();
        queue.push("a", 20, A).unwrap();
        queue.take_all();
        assert!(queue.index.is_none());
    }

    #[test]
    fn client_is_lagging_only_above_a_sixteenth_of_the_limit() {
        let mut queue = queue(&[("m", LIMIT / LAGGING, DeliveryPolicy::Reliable)]);
        assert!(!queue.is_lagging());
        queue.push("a1", 1, A).unwrap();
        assert!(queue.is_lagging());
        // Exactly at the bound nothing is conflated; above it the older one goes.
        let mut taken = Vec::new();
        queue.take(1, |item| taken.push(item));
        assert!(!queue.is_lagging());
        queue.push("m2", LIMIT / LAGGING - 1, DeliveryPolicy::Reliable).unwrap();
        queue.push("a2", 0, A).unwrap();
        assert!(!queue.is_lagging());
        queue.push("m3", 1, DeliveryPolicy::Reliable).unwrap();
        queue.push("a3", 1, A).unwrap();
        queue.take(8, |item| taken.push(item));
        assert_eq!(taken, ["m", "a1", "m2", "m3", "a3"]);
    }

    #[test]
    fn replaced_frame_is_found_wherever_it_waits() {
        let key = |number: usize| DeliveryPolicy::Latest(ConflationKey(number as u64));
        for replaced in 0..4 {
            let mut queue =
                queue(&[("old", 0, DeliveryPolicy::Reliable), ("older", 0, DeliveryPolicy::Reliable)]);
            queue.take(2, |_| ());
            for (number, item) in ["0", "1", "2", "3"].into_iter().enumerate() {
                queue.push(item, 60, key(number)).unwrap();
            }
            queue.push("new", 60, key(replaced)).unwrap();
            assert_eq!((queue.bytes, queue.empty, queue.slots()), (240, 1, 5), "{replaced}");
            let mut expected = vec!["0", "1", "2", "3"];
            expected.remove(replaced);
            expected.push("new");
            assert_eq!(queue.take_all(), expected);
        }
    }

    #[test]
    fn queue_is_compacted_when_more_than_half_of_many_slots_are_empty() {
        let mut lagging = queue(&[("m", 200, DeliveryPolicy::Reliable)]);
        for _ in 0..=MANY {
            lagging.push("a", 1, A).unwrap();
        }
        assert_eq!((lagging.empty, lagging.slots()), (MANY, MANY + 2));
        lagging.push("a", 1, A).unwrap();
        assert_eq!((lagging.empty, lagging.slots()), (0, 2));

        let mut long = queue(&[("m", 200, DeliveryPolicy::Reliable)]);
        for _ in 0..3 * MANY {
            long.push("m", 1, DeliveryPolicy::Reliable).unwrap();
        }
        for _ in 0..=MANY + 1 {
            long.push("a", 1, A).unwrap();
        }
        assert_eq!(long.empty, MANY + 1, "less than half of the slots are empty");
        assert_eq!(long.take_all().len(), 3 * MANY + 2);

        let mut half = queue(&[("m", 200, DeliveryPolicy::Reliable)]);
        for _ in 0..MANY {
            half.push("m", 1, DeliveryPolicy::Reliable).unwrap();
        }
        for _ in 0..=MANY + 1 {
            half.push("a", 1, A).unwrap();
        }
        assert_eq!((half.empty, half.slots()), (MANY + 1, 2 * MANY + 3), "half of them were, and no more");
        half.push("a", 1, A).unwrap();
        assert_eq!((half.empty, half.slots()), (0, MANY + 2));
    }
}
