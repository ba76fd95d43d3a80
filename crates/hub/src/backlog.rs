//! What waits for one reader, in order, bounded in bytes. Pure: it neither waits nor wakes.
//!
//! While little waits, everything is kept as it came. Once the reader is behind, what a newer one of the same subject makes
//! worthless is taken out, so that a slow reader gets the latest of everything and not all that led to it.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use protocol::{JobId, RoomId, RunId, UserId};

/// What becomes of a frame whose reader is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Must arrive, or the reader is let go and recovers.
    Sure,
    /// Must arrive, unless a newer one of the subject follows.
    State(Subject),
    /// Replaced by a newer one of the subject, and dropped where even that does not help.
    Latest(Subject),
    /// Worth nothing a moment later: dropped.
    Fleeting,
}

/// What a frame is about: a newer one of the same subject replaces it. A fingerprint of 64 bits; should two meet by chance,
/// a view of something fleeting is wrong for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject(u64);

impl Subject {
    /// Whether somebody types in a room.
    pub fn typing(room: &RoomId, user: &UserId) -> Self {
        Self::of(("typing", room, user))
    }

    /// What a room is called.
    pub fn name(room: &RoomId) -> Self {
        Self::of(("name", room))
    }

    /// How far somebody has read in a room.
    pub fn read(room: &RoomId, user: &UserId) -> Self {
        Self::of(("read", room, user))
    }

    /// Where a job stands.
    pub fn job(job: JobId) -> Self {
        Self::of(("job", job))
    }

    /// Where a simulated job stands.
    pub fn run(run: RunId) -> Self {
        Self::of(("run", run))
    }

    fn of(named: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        named.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// There is no room for something that must arrive: the reader is too far behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// A reader counts as behind once more than this part of the limit waits.
const BEHIND: usize = 16;

/// While no more than this part of the limit waits, one more item finds room, however large.
const ROOM: usize = 4;

/// What may be dropped is taken up to this part of the limit.
const FLEETING: usize = 4;

/// So many empty slots are worth closing up.
const MANY: usize = 64;

/// The queue.
#[derive(Debug)]
pub struct Backlog<T> {
    /// The first slot. Most of the time nothing waits behind it, and the queue owns no memory but itself.
    head: Option<Slot<T>>,
    /// Those behind it; none without it.
    waiting: VecDeque<Slot<T>>,
    /// The number of the first slot, counted from the beginning of time.
    first: u64,
    /// How many slots are empty because a newer frame replaced theirs.
    empty: usize,
    bytes: usize,
    limit: usize,
    /// The slots of the subjects that wait; known only while the reader is behind, so in a box.
    latest: Option<Box<Latest>>,
}

/// The number of the newest slot of each subject.
#[derive(Debug)]
struct Latest(HashMap<Subject, u64>);

#[derive(Debug)]
struct Slot<T> {
    item: Option<T>,
    bytes: usize,
    subject: Option<Subject>,
}

impl<T> Backlog<T> {
    /// A queue that holds at most so many bytes.
    pub fn new(limit: usize) -> Self {
        Self { head: None, waiting: VecDeque::new(), first: 0, empty: 0, bytes: 0, limit, latest: None }
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

    /// Adds an item of so many bytes, or does without it as [`Delivery`] says.
    ///
    /// # Errors
    /// [`Full`] when an item that must arrive finds no room. While [little waits](Self::has_room) it does, however large: a
    /// page of history may be larger than what may wait.
    pub fn push(&mut self, item: T, bytes: usize, delivery: Delivery) -> Result<(), Full> {
        let subject = match delivery {
            Delivery::State(subject) | Delivery::Latest(subject) => Some(subject),
            Delivery::Sure | Delivery::Fleeting => None,
        };
        let replaced = subject.filter(|_| self.is_behind()).is_some_and(|subject| self.take_out(subject));
        let after = self.bytes + bytes;
        let must_arrive = matches!(delivery, Delivery::Sure | Delivery::State(_));
        // In the place of another one, a fleeting item is no further burden.
        let limit = if must_arrive || replaced { self.limit } else { self.limit / FLEETING };
        if after > limit && !(must_arrive && self.has_room()) {
            return if must_arrive { Err(Full) } else { Ok(()) };
        }
        let number = self.first + self.slots() as u64;
        if let (Some(latest), Some(subject)) = (&mut self.latest, subject) {
            latest.0.insert(subject, number);
        }
        self.bytes = after;
        self.put(Slot { item: Some(item), bytes, subject });
        Ok(())
    }

    /// Adds items that do not count: whoever made them has bounded them.
    pub fn push_uncounted(&mut self, items: impl IntoIterator<Item = T>) {
        for item in items {
            self.put(Slot { item: Some(item), bytes: 0, subject: None });
        }
    }

    /// Hands out what waits, at most so many.
    pub fn take(&mut self, limit: usize, mut put: impl FnMut(T)) {
        let mut taken = 0;
        while taken < limit
            && let Some(Slot { item, bytes, subject }) = self.head.take()
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
            if let (Some(latest), Some(subject)) = (&mut self.latest, subject)
                && latest.0.get(&subject) == Some(&self.first)
            {
                latest.0.remove(&subject);
            }
            self.first += 1;
        }
        if !self.is_behind() {
            self.latest = None;
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

    /// Lets everything go.
    pub fn clear(&mut self) {
        *self = Self::new(self.limit);
    }

    /// Whether the reader is behind: more waits than a reader leaves that keeps up.
    pub fn is_behind(&self) -> bool {
        self.bytes > self.limit / BEHIND
    }

    /// Empties the slot of a subject; whether there was one.
    fn take_out(&mut self, subject: Subject) -> bool {
        let latest = self
            .latest
            .get_or_insert_with(|| Box::new(latest_of(self.head.iter().chain(&self.waiting), self.first)));
        let Some(number) = latest.0.remove(&subject) else { return false };
        let behind = (number - self.first).checked_sub(1);
        let slot = match behind.and_then(|at| usize::try_from(at).ok()) {
            Some(at) => self.waiting.get_mut(at),
            None => self.head.as_mut(),
        };
        let Some(slot) = slot else { return false };
        self.bytes -= slot.bytes;
        *slot = Slot { item: None, bytes: 0, subject: None };
        self.empty += 1;
        if self.empty > MANY && self.empty > self.slots() / 2 {
            self.close_up();
        }
        true
    }

    /// Removes the empty slots, which else would grow in number for as long as nobody reads.
    fn close_up(&mut self) {
        self.waiting.retain(|slot| slot.item.is_some());
        if self.head.as_ref().is_some_and(|slot| slot.item.is_none()) {
            self.head = self.waiting.pop_front();
        }
        self.empty = 0;
        self.latest = Some(Box::new(latest_of(self.head.iter().chain(&self.waiting), self.first)));
    }
}

fn latest_of<'a, T: 'a>(slots: impl Iterator<Item = &'a Slot<T>>, first: u64) -> Latest {
    let numbered = slots.zip(first..);
    let numbers = numbered.filter_map(|(slot, number)| slot.subject.map(|subject| (subject, number)));
    Latest(numbers.collect())
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
    fn while_little_waits_everything_is_kept() {
        let mut queue = queue(&[("a1", 30, A), ("a2", 30, A), ("m", 30, Delivery::Sure), ("a3", 30, A)]);
        assert_eq!(queue.take_all(), ["a1", "a2", "m", "a3"]);
    }

    #[test]
    fn of_a_reader_who_is_behind_each_subject_has_only_the_latest_and_in_its_new_place() {
        let mut queue = queue(&[("m1", 200, Delivery::Sure), ("a1", 30, A), ("b1", 30, B), ("a2", 30, A)]);
        queue.push("m2", 200, Delivery::Sure).unwrap();
        queue.push("a3", 30, A).unwrap();
        assert_eq!(queue.bytes, 460);
        assert_eq!(queue.take_all(), ["m1", "b1", "m2", "a3"]);
        assert!(queue.is_empty() && queue.bytes == 0);
    }

    #[test]
    fn what_was_taken_is_not_replaced_any_more() {
        let mut queue = queue(&[("a1", 30, A), ("m", 300, Delivery::Sure), ("b1", 30, B)]);
        let mut taken = Vec::new();
        queue.take(1, |item| taken.push(item));
        queue.push("a2", 30, A).unwrap();
        queue.push("b2", 30, B).unwrap();
        queue.take(8, |item| taken.push(item));
        assert_eq!(taken, ["a1", "m", "a2", "b2"]);
    }

    #[test]
    fn fleeting_ones_are_dropped_beyond_a_quarter_unless_they_replace_another() {
        let mut queue = queue(&[("a1", 30, A), ("m", 600, Delivery::Sure)]);
        queue.push("b1", 30, B).unwrap();
        queue.push("f", 30, Delivery::Fleeting).unwrap();
        queue.push("a2", 30, A).unwrap();
        assert_eq!(queue.take_all(), ["m", "a2"]);
    }

    #[test]
    fn a_state_is_replaced_and_never_dropped() {
        let state = Delivery::State(Subject(3));
        let mut queue = queue(&[("m", 1_500, Delivery::Sure), ("s1", 50, state)]);
        for _ in 0..1_000 {
            assert_eq!(queue.push("s2", 50, state), Ok(()));
        }
        assert_eq!(queue.push("other", 100, Delivery::State(Subject(4))), Err(Full));
        assert_eq!(queue.take_all(), ["m", "s2"]);
    }

    #[test]
    fn it_is_bounded_in_bytes_and_in_slots_for_whoever_never_reads() {
        let mut queue = queue(&[("m", 600, Delivery::Sure)]);
        for _ in 0..10_000 {
            queue.push("a", 30, A).unwrap();
            queue.push("b", 30, Delivery::State(Subject(2))).unwrap();
        }
        assert!(queue.slots() <= 3 * MANY, "{}", queue.slots());
        assert_eq!(queue.push("m", 1_000, Delivery::Sure), Err(Full));
        assert_eq!(queue.take_all(), ["m", "b"]);
    }

    #[test]
    fn one_always_fits_and_what_does_not_count_leaves_room_for_what_follows() {
        let mut queue = Backlog::new(LIMIT);
        queue.push_uncounted(["first", "second"]);
        assert_eq!(queue.push("large", 5_000, Delivery::Sure), Ok(()));
        assert_eq!(queue.push("more", 1, Delivery::Sure), Err(Full));
        assert_eq!(queue.take_all(), ["first", "second", "large"]);
    }

    #[test]
    fn while_there_is_room_one_more_fits_however_large() {
        let mut queue = queue(&[("m", LIMIT / ROOM, Delivery::Sure)]);
        assert!(queue.has_room());
        assert_eq!(queue.push("large", 5_000, Delivery::Sure), Ok(()));
        assert!(!queue.has_room());
        assert_eq!(queue.push("more", 1, Delivery::Sure), Err(Full));
        assert_eq!(queue.take_all(), ["m", "large"]);
        assert!(queue.has_room());
    }

    #[test]
    fn a_quiet_queue_owns_little_memory() {
        let mut queue = queue(&[]);
        for _ in 0..100 {
            queue.push("m", 1, Delivery::Sure).unwrap();
        }
        queue.take_all();
        assert_eq!(queue.waiting.capacity(), 0);
        queue.push("m", 1, Delivery::Sure).unwrap();
        assert_eq!(queue.waiting.capacity(), 0, "one alone waits in the queue itself");
        queue.take_all();
        queue.push("a", 200, A).unwrap();
        queue.push("a", 20, A).unwrap();
        queue.take_all();
        assert!(queue.latest.is_none());
    }
}
