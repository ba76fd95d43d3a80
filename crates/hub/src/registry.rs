//! Who is attached, and which rooms are awake.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{RoomId, UserId};

use crate::actor::ActorRegistry;
use crate::client::{ClientHandle, PeerId, SignInId};
use crate::homes::Homes;
use crate::inbox::InboxBook;
use crate::room::RoomCommand;

/// Counts for whoever watches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Attached clients.
    pub connections: usize,
    /// People who have a client attached.
    pub people: usize,
    /// Rooms in memory.
    pub rooms: usize,
}

/// Maps behind a std mutex each, held for one look-up and never across an `.await`.
#[derive(Default)]
pub(crate) struct Registry {
    pub(crate) rooms: ActorRegistry<RoomId, RoomCommand>,
    pub(crate) homes: Homes,
    pub(crate) inboxes: InboxBook,
    people: Mutex<HashMap<UserId, Present>>,
}

/// Somebody who is present. Stays for a while after the last client has gone.
#[derive(Default)]
struct Present {
    clients: Vec<Arc<ClientHandle>>,
    /// Raised when the last client goes, so that an older farewell does not count for a newer one.
    farewell: u64,
}

/// What a departure means for somebody's presence.
pub(crate) enum Departure {
    /// Other clients of the person remain.
    StillHere,
    /// It was the last one; this is the number of the farewell.
    Last(u64),
}

impl Registry {
    fn people(&self) -> MutexGuard<'_, HashMap<UserId, Present>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a client. `None`: the person has too many. `Some(true)`: the person was not present before.
    pub(crate) fn attach(&self, client: &Arc<ClientHandle>, limit: usize) -> Option<bool> {
        let mut people = self.people();
        let came = !people.contains_key(&client.person.id);
        let present = people.entry(client.person.id.clone()).or_default();
        if present.clients.len() >= limit {
            return None;
        }
        if present.clients.is_empty() {
            // For this one alone: most people have one.
            present.clients.reserve_exact(1);
        }
        present.clients.push(client.clone());
        Some(came)
    }

    pub(crate) fn detach(&self, person: &UserId, peer: PeerId) -> Departure {
        let mut people = self.people();
        let Some(present) = people.get_mut(person) else {
            return Departure::StillHere;
        };
        let before = present.clients.len();
        present.clients.retain(|client| client.id != peer);
        if before == 0 || !present.clients.is_empty() {
            return Departure::StillHere;
        }
        present.farewell += 1;
        Departure::Last(present.farewell)
    }

    /// Ends somebody's presence if nobody came back since this farewell.
    pub(crate) fn forget_person(&self, person: &UserId, farewell: u64) -> bool {
        let mut people = self.people();
        let gone = people.get(person).is_some_and(|it| it.clients.is_empty() && it.farewell == farewell);
        if gone {
            people.remove(person);
        }
        gone
    }

    pub(crate) fn is_present(&self, person: &UserId) -> bool {
        self.people().contains_key(person)
    }

    pub(crate) fn clients_of(&self, person: &UserId) -> Vec<Arc<ClientHandle>> {
        self.people().get(person).map(|present| present.clients.clone()).unwrap_or_default()
    }

    /// Those clients of a person that follow the inbox.
    pub(crate) fn followers_of_inbox(&self, person: &UserId) -> Vec<Arc<ClientHandle>> {
        let people = self.people();
        let clients = people.get(person).into_iter().flat_map(|present| &present.clients);
        clients.filter(|client| client.follows_inbox()).cloned().collect()
    }

    /// Those clients of a person that came by this sign-in.
    pub(crate) fn clients_of_sign_in(&self, person: &UserId, sign_in: SignInId) -> Vec<Arc<ClientHandle>> {
        let people = self.people();
        let clients = people.get(person).into_iter().flat_map(|present| &present.clients);
        clients.filter(|client| client.sign_in() == sign_in).cloned().collect()
    }

    pub(crate) fn all_clients(&self) -> Vec<Arc<ClientHandle>> {
        self.people().values().flat_map(|present| present.clients.clone()).collect()
    }

    pub(crate) fn stats(&self) -> Stats {
        let rooms = self.rooms.len();
        let people = self.people();
        let clients = people.values().map(|present| present.clients.len()).filter(|count| *count > 0);
        let (people, connections) = clients.fold((0, 0), |(people, sum), count| (people + 1, sum + count));
        Stats { connections, people, rooms }
    }
}
