//! Send queue: keeps frames for one connection in order and bounded in bytes. Pure: it neither waits nor wakes.
//!
//! While little waits, every frame is kept. Once the client is lagging, the queue conflates: a newer frame replaces the waiting
//! one with the same key, so that a slow client gets the latest state and not every step to it.

use std::collections::{HashMap, VecDeque};

use super::delivery::{Delivery, Subject};

/// There is no room for a frame that must arrive: the client is too slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// A client is lagging while more than this part of the limit waits.
const LAGGING: usize = 16;

/// While no more than this part of the limit waits, one more item finds room, however large.
const ROOM: usize = 4;

/// Frames that may be dropped are accepted up to this part of the limit.
const DROPPABLE: usize = 4;

/// Above this number of empty slots the queue is compacted.
const MAX_EMPTY: usize = 64;

/// The queue.
#[derive(Debug)]
pub struct Backlog<T> {
    /// The first slot. Mostly nothing waits behind it, and then the queue owns no memory but itself.
    head: Option<Slot<T>>,
    /// The slots behind it; empty without it.
    waiting: VecDeque<Slot<T>>,
    /// The number of the first slot; slots are numbered in the order in which they came.
    first: u64,
    /// The number of slots whose frame was replaced.
    empty: usize,
    bytes: usize,
    limit: usize,
    /// The slots of the keys that wait. Present only while the client is lagging, hence the box.
    index: Option<Box<KeyIndex>>,
}

/// The number of the newest slot of each key.
#[derive(Debug)]
struct KeyIndex(HashMap<Subject, u64>);

#[derive(Debug)]
struct Slot<T> {
    item: Option<T>,
    bytes: usize,
    key: Option<Subject>,
}

impl<T> Backlog<T> {
    /// A queue that holds at most so many bytes.
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

    /// Adds an item of so many bytes, or drops it as [`Delivery`] says.
    ///
    /// # Errors
    /// [`Full`] when an item that must arrive finds no room. While [little waits](Self::has_room) it does, however large: a
    /// page of history may be larger than the whole limit.
    pub fn push(&mut self, item: T, bytes: usize, delivery: Delivery) -> Result<(), Full> {
        let key = match delivery {
            Delivery::State(key) | Delivery::Latest(key) => Some(key),
            Delivery::Sure | Delivery::Fleeting => None,
        };
        let replaced = key.filter(|_| self.is_behind()).is_some_and(|key| self.take_out(key));
        let after = self.bytes + bytes;
        let must_arrive = matches!(delivery, Delivery::Sure | Delivery::State(_));
        // A frame that replaces another one adds no load, so it is not dropped.
        let limit = if must_arrive || replaced { self.limit } else { self.limit / DROPPABLE };
        if after > limit && !(must_arrive && self.has_room()) {
            return if must_arrive { Err(Full) } else { Ok(()) };
        }
        let number = self.first + self.slots() as u64;
        if let (Some(index), Some(key)) = (&mut self.index, key) {
            index.0.insert(key, number);
        }
        self.bytes = after;
        self.put(Slot { item: Some(item), bytes, key });
        Ok(())
    }

    /// Adds items that do not count: the caller has bounded them.
    pub fn push_uncounted(&mut self, items: impl IntoIterator<Item = T>) {
        for item in items {
            self.put(Slot { item: Some(item), bytes: 0, key: None });
        }
    }

    /// Removes the first items, at most so many, and gives them to `put`.
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
        if !self.is_behind() {
            self.index = None;
        }
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
    }

    /// Removes all items.
    pub fn take_all(&mut self) -> Vec<T> {
        let mut all = Vec::with_capacity(self.slots() - self.empty);
        self.take(usize::MAX, |item| all.push(item));
        all
    }

    /// Drops all items.
    pub fn clear(&mut self) {
        *self = Self::new(self.limit);
    }

    /// Whether the client is lagging: more waits than for a client that keeps up.
    pub fn is_behind(&self) -> bool {
        self.bytes > self.limit / LAGGING
    }

    /// Empties the slot of a key; whether there was one.
    fn take_out(&mut self, key: Subject) -> bool {
        let index = self
            .index
            .get_or_insert_with(|| Box::new(index_of(self.head.iter().chain(&self.waiting), self.first)));
        let Some(number) = index.0.remove(&key) else { return false };
        let behind_head = (number - self.first).checked_sub(1);
        let slot = match behind_head.and_then(|at| usize::try_from(at).ok()) {
            Some(at) => self.waiting.get_mut(at),
            None => self.head.as_mut(),
        };
        let Some(slot) = slot else { return false };
        self.bytes -= slot.bytes;
        *slot = Slot { item: None, bytes: 0, key: None };
        self.empty += 1;
        if self.empty > MAX_EMPTY && self.empty > self.slots() / 2 {
            self.compact();
        }
        true
    }

    /// Removes the empty slots. Otherwise their number would grow for as long as the client reads nothing.
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
    const A: Delivery = Delivery::Latest(Subject(1));
    const B: Delivery = Delivery::Latest(Subject(2));

    fn queue(pushes: &[(&'static str, usize, Delivery)]) -> Backlog<&'static str> {
        let mut queue = Backlog::new(LIMIT);
        for (item, bytes, delivery) in pushes {
            queue.push(*item, *bytes, *delivery).unwrap();
        }
        queue
    }

    #[test]
    fn every_frame_is_kept_while_little_waits() {
        let mut queue = queue(&[("a1", 30, A), ("a2", 30, A), ("m", 30, Delivery::Sure), ("a3", 30, A)]);
        assert_eq!(queue.take_all(), ["a1", "a2", "m", "a3"]);
    }

    #[test]
    fn lagging_client_gets_the_latest_of_each_key_in_its_new_place() {
        let mut queue = queue(&[("m1", 200, Delivery::Sure), ("a1", 30, A), ("b1", 30, B), ("a2", 30, A)]);
        queue.push("m2", 200, Delivery::Sure).unwrap();
        queue.push("a3", 30, A).unwrap();
        assert_eq!(queue.bytes, 460);
        assert_eq!(queue.take_all(), ["m1", "b1", "m2", "a3"]);
        assert!(queue.is_empty() && queue.bytes == 0);
    }

    #[test]
    fn taken_frames_are_not_replaced() {
        let mut queue = queue(&[("a1", 30, A), ("m", 300, Delivery::Sure), ("b1", 30, B)]);
        let mut taken = Vec::new();
        queue.take(1, |item| taken.push(item));
        queue.push("a2", 30, A).unwrap();
        queue.push("b2", 30, B).unwrap();
        queue.take(8, |item| taken.push(item));
        assert_eq!(taken, ["a1", "m", "a2", "b2"]);
    }

    #[test]
    fn droppable_frames_are_dropped_beyond_a_quarter_unless_they_replace() {
        let mut queue = queue(&[("a1", 30, A), ("m", 600, Delivery::Sure)]);
        queue.push("b1", 30, B).unwrap();
        queue.push("f", 30, Delivery::Fleeting).unwrap();
        queue.push("a2", 30, A).unwrap();
        assert_eq!(queue.take_all(), ["m", "a2"]);
    }

    #[test]
    fn state_is_replaced_and_never_dropped() {
        let state = Delivery::State(Subject(3));
        let mut queue = queue(&[("m", 1_500, Delivery::Sure), ("s1", 50, state)]);
        for _ in 0..1_000 {
            assert_eq!(queue.push("s2", 50, state), Ok(()));
        }
        assert_eq!(queue.push("other", 100, Delivery::State(Subject(4))), Err(Full));
        assert_eq!(queue.take_all(), ["m", "s2"]);
    }

    #[test]
    fn queue_is_bounded_in_bytes_and_slots_for_a_client_that_never_reads() {
        let mut queue = queue(&[("m", 600, Delivery::Sure)]);
        for _ in 0..10_000 {
            queue.push("a", 30, A).unwrap();
            queue.push("b", 30, Delivery::State(Subject(2))).unwrap();
        }
        assert!(queue.slots() <= 3 * MAX_EMPTY, "{}", queue.slots());
        assert_eq!(queue.push("m", 1_000, Delivery::Sure), Err(Full));
        assert_eq!(queue.take_all(), ["m", "b"]);
    }

    #[test]
    fn uncounted_items_leave_room_for_one_that_must_arrive() {
        let mut queue = Backlog::new(LIMIT);
        queue.push_uncounted(["first", "second"]);
        assert_eq!(queue.push("large", 5_000, Delivery::Sure), Ok(()));
        assert_eq!(queue.push("more", 1, Delivery::Sure), Err(Full));
        assert_eq!(queue.take_all(), ["first", "second", "large"]);
    }

    #[test]
    fn one_more_fits_however_large_while_there_is_room() {
        let mut queue = queue(&[("m", LIMIT / ROOM, Delivery::Sure)]);
        assert!(queue.has_room());
        assert_eq!(queue.push("large", 5_000, Delivery::Sure), Ok(()));
        assert!(!queue.has_room());
        assert_eq!(queue.push("more", 1, Delivery::Sure), Err(Full));
        assert_eq!(queue.take_all(), ["m", "large"]);
        assert!(queue.has_room());
    }

    #[test]
    fn quiet_queue_owns_no_memory() {
        let mut queue = queue(&[]);
        for _ in 0..100 {
            queue.push("m", 1, Delivery::Sure).unwrap();
        }
        queue.take_all();
        assert_eq!(queue.waiting.capacity(), 0);
        queue.push("m", 1, Delivery::Sure).unwrap();
        assert_eq!(queue.waiting.capacity(), 0, "a single item is stored inline");
        queue.take_all();
        queue.push("a", 200, A).unwrap();
        queue.push("a", 20, A).unwrap();
        queue.take_all();
        assert!(queue.index.is_none());
    }

    #[test]
    fn client_is_lagging_only_above_a_sixteenth_of_the_limit() {
        let mut queue = queue(&[("m", LIMIT / LAGGING, Delivery::Sure)]);
        assert!(!queue.is_behind());
        queue.push("a1", 1, A).unwrap();
        assert!(queue.is_behind());
        // Exactly at the bound nothing is conflated; above it the older one goes.
        let mut taken = Vec::new();
        queue.take(1, |item| taken.push(item));
        assert!(!queue.is_behind());
        queue.push("m2", LIMIT / LAGGING - 1, Delivery::Sure).unwrap();
        queue.push("a2", 0, A).unwrap();
        assert!(!queue.is_behind());
        queue.push("m3", 1, Delivery::Sure).unwrap();
        queue.push("a3", 1, A).unwrap();
        queue.take(8, |item| taken.push(item));
        assert_eq!(taken, ["m", "a1", "m2", "m3", "a3"]);
    }

    #[test]
    fn replaced_frame_is_found_wherever_it_waits() {
        let key = |number: usize| Delivery::Latest(Subject(number as u64));
        for replaced in 0..4 {
            let mut queue = queue(&[("old", 0, Delivery::Sure), ("older", 0, Delivery::Sure)]);
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
        let mut lagging = queue(&[("m", 200, Delivery::Sure)]);
        for _ in 0..=MAX_EMPTY {
            lagging.push("a", 1, A).unwrap();
        }
        assert_eq!((lagging.empty, lagging.slots()), (MAX_EMPTY, MAX_EMPTY + 2));
        lagging.push("a", 1, A).unwrap();
        assert_eq!((lagging.empty, lagging.slots()), (0, 2));

        let mut long = queue(&[("m", 200, Delivery::Sure)]);
        for _ in 0..3 * MAX_EMPTY {
            long.push("m", 1, Delivery::Sure).unwrap();
        }
        for _ in 0..=MAX_EMPTY + 1 {
            long.push("a", 1, A).unwrap();
        }
        assert_eq!(long.empty, MAX_EMPTY + 1, "less than half of the slots are empty");
        assert_eq!(long.take_all().len(), 3 * MAX_EMPTY + 2);
    }
}
