//! Inbox registry: the running inboxes, and the last known state of idle ones.
//!
//! Most inboxes have nothing to do most of the time. An idle inbox has no task: its clients are marked as subscribed, and its
//! state is cached here, so that a new client is subscribed without a read of the store.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use protocol::UserId;
use tokio::sync::mpsc;

use crate::actor::ActorRegistry;
use crate::client::ClientHandle;
use crate::generational_cache::TwoGenerationCache;
use crate::queue::StreamPosition;
use crate::store::InboxState;

use super::command::{InboxCommand, InboxMailbox};
use super::start::InboxStart;

/// Idle inboxes whose state is cached, at least; at most twice as many. Some 60 bytes each.
const CACHED: usize = 50_000;

pub(crate) struct InboxRegistry {
    actors: ActorRegistry<UserId, InboxCommand>,
    /// A std mutex: held for one look-up. An entry holds while the inbox does not run.
    idle: Mutex<TwoGenerationCache<UserId, InboxState>>,
}

impl Default for InboxRegistry {
    fn default() -> Self {
        Self { actors: ActorRegistry::default(), idle: Mutex::new(TwoGenerationCache::new(CACHED)) }
    }
}

impl InboxRegistry {
    fn idle(&self) -> MutexGuard<'_, TwoGenerationCache<UserId, InboxState>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The mailbox of an inbox; `spawn` starts the inbox if it does not run.
    pub(super) fn get_or_spawn(&self, user: &UserId, spawn: impl FnOnce() -> InboxMailbox) -> InboxMailbox {
        self.actors.get_or_spawn(user, spawn)
    }

    /// The mailboxes of all running inboxes.
    pub(crate) fn all(&self) -> Vec<InboxMailbox> {
        self.actors.all()
    }

    /// Takes the cached state of an inbox that has just been spawned.
    pub(super) fn take_state(&self, user: &UserId) -> Option<InboxState> {
        self.idle().take(user)
    }

    /// The state of an inbox, if it is idle and its state is cached.
    pub(crate) fn idle_state(&self, user: &UserId) -> Option<InboxState> {
        self.actors.if_passive(user, || self.idle().get(user).copied()).flatten()
    }

    /// Removes an inbox that has nothing to do, unless a task holds its mailbox. Caches its state, if that is known.
    pub(super) fn passivate(
        &self,
        user: &UserId,
        mailbox: &mpsc::Receiver<InboxCommand>,
        state: Option<InboxState>,
    ) -> bool {
        self.actors.passivate(user, mailbox, || {
            if let Some(state) = state {
                self.idle().put(user.clone(), state);
            }
        })
    }

    /// Subscribes a client to an idle inbox that has nothing for it. `false` if the inbox has to do it.
    pub(crate) fn subscribe_if_idle(
        &self,
        client: &ClientHandle,
        start: InboxStart,
        greeting: Option<&Bytes>,
    ) -> bool {
        let user = &client.user.id;
        let subscribed = self.actors.if_passive(user, || {
            let state = self.idle().get(user).copied();
            let Some(state) = state.filter(|state| has_nothing_for(*state, start)) else { return false };
            client.set_position(StreamPosition::Inbox(state.head));
            if let Some(greeting) = greeting {
                // A client that is gone is noticed by its gateway.
                client.send_raw(greeting.clone()).ok();
            }
            client.subscribe_to_inbox();
            true
        });
        subscribed.unwrap_or(false)
    }
}

fn has_nothing_for(state: InboxState, start: InboxStart) -> bool {
    let has_no_waiting = state.waiting_bytes == 0;
    match start {
        InboxStart::Fresh => has_no_waiting && !state.has_running,
        InboxStart::Resumed(since) => has_no_waiting && since == state.head,
        // The inbox sends it its position.
        InboxStart::Cursor(_) => false,
    }
}
