//! Tasks with a mailbox that are awake, by what they stand for.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

/// A std mutex around a map, held for one look-up and never across an `.await`.
pub(crate) struct Awake<K, C> {
    tasks: Mutex<HashMap<K, mpsc::Sender<C>>>,
}

impl<K, C> Default for Awake<K, C> {
    fn default() -> Self {
        Self { tasks: Mutex::default() }
    }
}

impl<K: Hash + Ord + Clone, C> Awake<K, C> {
    fn tasks(&self) -> MutexGuard<'_, HashMap<K, mpsc::Sender<C>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The mailbox; `wake` starts the task if it is not awake.
    pub(crate) fn mailbox(&self, key: &K, wake: impl FnOnce() -> mpsc::Sender<C>) -> mpsc::Sender<C> {
        let mut tasks = self.tasks();
        if let Some(mailbox) = tasks.get(key).filter(|mailbox| !mailbox.is_closed()) {
            return mailbox.clone();
        }
        let mailbox = wake();
        tasks.insert(key.clone(), mailbox.clone());
        mailbox
    }

    /// The mailbox if the task is awake.
    pub(crate) fn get(&self, key: &K) -> Option<mpsc::Sender<C>> {
        self.tasks().get(key).cloned()
    }

    /// Does something in place of a task that is not awake, and is not woken before it is done. `None`: it is awake.
    pub(crate) fn while_asleep<T>(&self, key: &K, act: impl FnOnce() -> T) -> Option<T> {
        let tasks = self.tasks();
        if tasks.contains_key(key) { None } else { Some(act()) }
    }

    /// Every mailbox, in the order of the keys, so that whoever goes through them does the same each time.
    pub(crate) fn all(&self) -> Vec<mpsc::Sender<C>> {
        let mut all: Vec<_> =
            self.tasks().iter().map(|(key, mailbox)| (key.clone(), mailbox.clone())).collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all.into_iter().map(|(_, mailbox)| mailbox).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.tasks().len()
    }

    /// Lets a task fall asleep, unless somebody holds its mailbox or has put something into it. New holders come only
    /// through this map, so what is seen here under its lock stays true. What is to be done before it can be woken again is
    /// done by `leave`.
    pub(crate) fn fall_asleep(&self, key: &K, mailbox: &mpsc::Receiver<C>, leave: impl FnOnce()) -> bool {
        let mut tasks = self.tasks();
        let unused = mailbox.is_empty() && mailbox.sender_strong_count() == 1;
        if unused {
            leave();
            tasks.remove(key);
        }
        unused
    }

    /// Takes a task off the map that has ended for another reason.
    pub(crate) fn forget(&self, key: &K) {
        self.tasks().remove(key);
    }
}
