//! Generational cache: keeps the entries that were used last, bounded in number, and costs nothing while it is not used.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// A cache of two generations, an approximate LRU: when the younger is full, the older is dropped. An entry that is used moves
/// into the younger one.
#[derive(Debug)]
pub struct TwoGenerationCache<K, V> {
    generation: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq, V> TwoGenerationCache<K, V> {
    /// Keeps at least so many of the entries that were used last, and at most twice as many.
    pub fn new(generation: usize) -> Self {
        Self { generation, young: HashMap::new(), old: HashMap::new() }
    }

    /// Inserts a value, or replaces the one of this key.
    pub fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.generation && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    /// The value of a key; does not count as a use.
    pub fn peek<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// The value of a key.
    pub fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        if !self.young.contains_key(key) {
            let (key, value) = self.old.remove_entry(key)?;
            self.put(key, value);
        }
        self.young.get(key)
    }

    /// Removes the value of a key and returns it.
    pub fn take<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.young.remove(key).or_else(|| self.old.remove(key))
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn used_entries_are_kept_and_the_number_is_bounded() {
        let mut recent = TwoGenerationCache::new(10);
        recent.put("kept", 0);
        for number in 0..1_000 {
            recent.put(number.to_string().leak(), number);
            assert_eq!(recent.get("kept"), Some(&0));
        }
        assert_eq!(recent.get("990"), Some(&990));
        assert_eq!(recent.get("900"), None);
        assert!(recent.young.len() + recent.old.len() <= 20);
    }

    #[test]
    fn newer_value_replaces_one_of_either_generation() {
        let mut recent = TwoGenerationCache::new(1);
        recent.put("a", 1);
        recent.put("b", 2);
        recent.put("a", 3);
        assert_eq!(recent.peek("a"), Some(&3));
        assert_eq!(recent.take("a"), Some(3));
        assert_eq!(recent.get("a"), None);
        assert_eq!(recent.get("b"), Some(&2));
        recent.clear();
        assert_eq!(recent.peek("b"), None);
    }
}
