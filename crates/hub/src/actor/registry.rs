//! Actor registry: finds the mailbox of a running actor by its key, and spawns the actor where there is none.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

/// Running actors by key.
pub(crate) struct ActorRegistry<K, C> {
    /// A std mutex: held for one look-up and never across an `.await`.
    actors: Mutex<HashMap<K, mpsc::Sender<C>>>,
}

impl<K, C> Default for ActorRegistry<K, C> {
    fn default() -> Self {
        Self { actors: Mutex::default() }
    }
}

impl<K: Hash + Ord + Clone, C> ActorRegistry<K, C> {
    fn actors(&self) -> MutexGuard<'_, HashMap<K, mpsc::Sender<C>>> {
        self.actors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The mailbox of an actor; `spawn` starts the actor if it does not run.
    pub(crate) fn get_or_spawn(&self, key: &K, spawn: impl FnOnce() -> mpsc::Sender<C>) -> mpsc::Sender<C> {
        let mut actors = self.actors();
        if let Some(mailbox) = actors.get(key).filter(|mailbox| !mailbox.is_closed()) {
            return mailbox.clone();
        }
        let mailbox = spawn();
        actors.insert(key.clone(), mailbox.clone());
        mailbox
    }

    /// The mailbox of an actor that runs.
    pub(crate) fn get(&self, key: &K) -> Option<mpsc::Sender<C>> {
        self.actors().get(key).cloned()
    }

    /// Does something in place of an actor that does not run; it is not spawned meanwhile. `None`: it runs.
    pub(crate) fn if_passive<T>(&self, key: &K, act: impl FnOnce() -> T) -> Option<T> {
        let actors = self.actors();
        if actors.contains_key(key) { None } else { Some(act()) }
    }

    /// Every mailbox, in the order of the keys, so that the order is the same in each run.
    pub(crate) fn all(&self) -> Vec<mpsc::Sender<C>> {
        let mut all: Vec<_> =
            self.actors().iter().map(|(key, mailbox)| (key.clone(), mailbox.clone())).collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all.into_iter().map(|(_, mailbox)| mailbox).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.actors().len()
    }

    /// Removes an actor, unless a task holds its mailbox or has sent a command to it. Others get the mailbox only through
    /// this map, so what is seen under its lock stays true. `leave` runs before the actor can be spawned again.
    pub(crate) fn passivate(&self, key: &K, mailbox: &mpsc::Receiver<C>, leave: impl FnOnce()) -> bool {
        let mut actors = self.actors();
        let unused = mailbox.is_empty() && mailbox.sender_strong_count() == 1;
        if unused {
            leave();
            actors.remove(key);
        }
        unused
    }

    /// Removes an actor that has ended for another reason.
    pub(crate) fn remove(&self, key: &K) {
        self.actors().remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mailbox_is_listed_in_the_order_of_the_keys() {
        let registry = ActorRegistry::<u8, u8>::default();
        let mut mailboxes = Vec::new();
        for key in [3, 1, 2] {
            let (mailbox, commands) = mpsc::channel(1);
            registry.actors().insert(key, mailbox);
            mailboxes.push((key, commands));
        }
        for (mailbox, key) in registry.all().into_iter().zip(1..) {
            mailbox.try_send(key).unwrap();
        }
        for (key, commands) in &mut mailboxes {
            assert_eq!(commands.try_recv().ok(), Some(*key));
        }
        assert_eq!(registry.len(), 3);
    }
}
