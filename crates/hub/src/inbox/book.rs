//! Inboxes, those at work and those at rest.
//!
//! Most inboxes have nothing to do for most of the time. An inbox at rest is no task: who follows it is noted with the
//! client, and how it stands is remembered here, so that following it costs no look at the store.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use protocol::UserId;
use tokio::sync::mpsc;

use crate::actor::ActorRegistry;
use crate::client::ClientHandle;
use crate::outbox::Track;
use crate::port::InboxState;
use crate::recent::Recent;

use super::{InboxCommand, InboxStart};

/// Inboxes of which it is remembered how they stand, at least; at most twice as many. Some 60 bytes each.
const REMEMBERED: usize = 50_000;

/// Which inboxes are awake, and how those that are not stand.
pub(crate) struct InboxBook {
    /// Those at work.
    pub(crate) awake: ActorRegistry<UserId, InboxCommand>,
    /// A std mutex: held for one look-up. What is in it is true while the inbox is not awake.
    at_rest: Mutex<Recent<UserId, InboxState>>,
}

impl Default for InboxBook {
    fn default() -> Self {
        Self { awake: ActorRegistry::default(), at_rest: Mutex::new(Recent::new(REMEMBERED)) }
    }
}

impl InboxBook {
    fn at_rest(&self) -> MutexGuard<'_, Recent<UserId, InboxState>> {
        self.at_rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How an inbox stands that has just been woken, if that is remembered; not remembered any more.
    pub(super) fn take(&self, person: &UserId) -> Option<InboxState> {
        self.at_rest().take(person)
    }

    /// How an inbox stands, if it is at rest and that is remembered.
    pub(crate) fn look(&self, person: &UserId) -> Option<InboxState> {
        self.awake.if_passive(person, || self.at_rest().get(person).copied()).flatten()
    }

    /// Lets an inbox rest in which nothing is to be done. With how it stands, if that is known.
    pub(super) fn rest(
        &self,
        person: &UserId,
        mailbox: &mpsc::Receiver<InboxCommand>,
        state: Option<InboxState>,
    ) -> bool {
        self.awake.passivate(person, mailbox, || {
            if let Some(state) = state {
                self.at_rest().put(person.clone(), state);
            }
        })
    }

    /// Lets a client follow an inbox at rest that has nothing to tell it; `false` if the inbox has to be woken for that.
    pub(crate) fn follow_at_rest(
        &self,
        client: &ClientHandle,
        start: InboxStart,
        greeting: Option<&Bytes>,
    ) -> bool {
        let person = &client.person.id;
        let followed = self.awake.if_passive(person, || {
            let state = self.at_rest().get(person).copied();
            let Some(state) = state.filter(|state| has_nothing_for(*state, start)) else { return false };
            client.place(Track::Inbox(state.head));
            if let Some(greeting) = greeting {
                // A client that is gone is noticed by its gateway.
                client.hand(greeting.clone()).ok();
            }
            client.follow_inbox();
            true
        });
        followed.unwrap_or(false)
    }
}

fn has_nothing_for(state: InboxState, start: InboxStart) -> bool {
    let has_no_waiting = state.waiting_bytes == 0;
    match start {
        InboxStart::Fresh => has_no_waiting && !state.has_running,
        InboxStart::Resumed(since) => has_no_waiting && since == state.head,
        // Told where it stands by the inbox.
        InboxStart::Cursor(_) => false,
    }
}
