//! What was of use lately, bounded in number.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// A memory in two generations: when the younger is full, the older goes, which costs nothing while nobody asks. What is
/// asked for becomes young again.
#[derive(Debug)]
pub struct Recent<K, V> {
    generation: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq, V> Recent<K, V> {
    /// Remembers at least so many of the latest, and at most twice as many.
    pub fn new(generation: usize) -> Self {
        Self { generation, young: HashMap::new(), old: HashMap::new() }
    }

    /// Remembers something in place of what was remembered by this name.
    pub fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.generation && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    /// What is remembered by this name, without making it young again.
    pub fn peek<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// What is remembered by this name.
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

    /// Forgets what is remembered by this name, and answers it.
    pub fn take<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.young.remove(key).or_else(|| self.old.remove(key))
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_remembered_and_what_is_asked_for_stays() {
        let mut recent = Recent::new(10);
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
    fn the_newest_word_counts_whichever_generation_has_the_older() {
        let mut recent = Recent::new(1);
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
