//! Connections: the attached clients of each user, and users whose last connection ended a moment ago.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::UserId;

use crate::client::{ClientHandle, ClientId};

#[derive(Default)]
pub(super) struct Connections {
    /// A std mutex: held for one look-up, never across an `.await`.
    users: Mutex<HashMap<UserId, OnlineUser>>,
}

/// An online user.
#[derive(Default)]
struct OnlineUser {
    /// Empty in the grace period.
    clients: Vec<Arc<ClientHandle>>,
    /// Grows with the end of each last connection, so that a stale grace timer does not end a newer presence.
    generation: u64,
}

/// A connection was added.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attached {
    /// The user was not online before.
    pub(super) is_now_online: bool,
}

/// A connection was removed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DetachOutcome {
    /// The user has others.
    OthersRemain,
    /// It was the last one; the grace period begins.
    LastConnection { generation: u64 },
}

impl Connections {
    fn users(&self) -> MutexGuard<'_, HashMap<UserId, OnlineUser>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a connection; `None` if the user has `limit` connections.
    pub(super) fn attach(&self, client: &Arc<ClientHandle>, limit: usize) -> Option<Attached> {
        let mut users = self.users();
        let is_now_online = !users.contains_key(&client.user.id);
        let user = users.entry(client.user.id.clone()).or_default();
        if user.clients.len() >= limit {
            return None;
        }
        if user.clients.is_empty() {
            // Exactly one: most users have one connection.
            user.clients.reserve_exact(1);
        }
        user.clients.push(client.clone());
        Some(Attached { is_now_online })
    }

    pub(super) fn detach(&self, user: &UserId, client: ClientId) -> DetachOutcome {
        let mut users = self.users();
        let Some(user) = users.get_mut(user) else { return DetachOutcome::OthersRemain };
        let before = user.clients.len();
        user.clients.retain(|it| it.id != client);
        if before == 0 || !user.clients.is_empty() {
            return DetachOutcome::OthersRemain;
        }
        user.generation += 1;
        DetachOutcome::LastConnection { generation: user.generation }
    }

    /// Ends the presence of a user unless the user has come back since this generation. Returns whether it did.
    pub(super) fn end_grace(&self, user: &UserId, generation: u64) -> bool {
        let mut users = self.users();
        let is_gone = users.get(user).is_some_and(|it| it.clients.is_empty() && it.generation == generation);
        if is_gone {
            users.remove(user);
        }
        is_gone
    }

    pub(super) fn is_online(&self, user: &UserId) -> bool {
        self.users().contains_key(user)
    }

    /// Those connections of a user that match.
    pub(super) fn of(
        &self,
        user: &UserId,
        matches: impl Fn(&ClientHandle) -> bool,
    ) -> Vec<Arc<ClientHandle>> {
        let users = self.users();
        let clients = users.get(user).into_iter().flat_map(|user| &user.clients);
        clients.filter(|client| matches(client)).cloned().collect()
    }

    pub(super) fn all(&self) -> Vec<Arc<ClientHandle>> {
        self.users().values().flat_map(|user| user.clients.clone()).collect()
    }

    /// The number of connected users, and of their connections.
    pub(super) fn count(&self) -> (usize, usize) {
        let users = self.users();
        let counts = users.values().map(|user| user.clients.len()).filter(|count| *count > 0);
        counts.fold((0, 0), |(users, sum), count| (users + 1, sum + count))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use protocol::CloseCode;
    use uuid::Uuid;

    use super::*;
    use crate::client::{Identity, SignInId};
    use crate::model::User;
    use crate::queue::{Encoder, outbox};

    fn client(id: u64, name: &str) -> Arc<ClientHandle> {
        let (user, username) = (UserId::parse(name).unwrap(), name.to_owned());
        let email = String::new();
        let user = Arc::new(User { id: user, username, email, is_active: true, created_at_ms: 0 });
        let identity = Identity { user, sign_in: SignInId(Uuid::from_u128(id.into())) };
        let encoder = Encoder::new(0, |_| Some(Bytes::new()));
        Arc::new(ClientHandle::new(ClientId(id), identity, encoder, Arc::new(outbox(1_000).0)))
    }

    #[test]
    fn user_is_online_until_the_grace_after_the_last_connection_ends() {
        let (connections, ann) = (Connections::default(), UserId::parse("ann").unwrap());
        let [one, two, three] = [1, 2, 3].map(|id| client(id, "ann"));
        assert_eq!(connections.attach(&one, 2), Some(Attached { is_now_online: true }));
        assert_eq!(connections.attach(&two, 2), Some(Attached { is_now_online: false }));
        assert_eq!(connections.attach(&three, 2), None);
        assert_eq!((connections.count(), connections.all().len()), ((1, 2), 2));
        assert_eq!(connections.detach(&ann, one.id), DetachOutcome::OthersRemain);
        assert_eq!(connections.detach(&ann, two.id), DetachOutcome::LastConnection { generation: 1 });
        assert_eq!(connections.detach(&ann, two.id), DetachOutcome::OthersRemain, "once for each");
        assert!(connections.is_online(&ann) && connections.of(&ann, |_| true).is_empty());
        assert_eq!(connections.count(), (0, 0));

        // The user comes back and leaves again: the timer of the first time is stale.
        assert_eq!(connections.attach(&three, 2), Some(Attached { is_now_online: false }));
        assert!(!connections.end_grace(&ann, 1));
        assert_eq!(connections.detach(&ann, three.id), DetachOutcome::LastConnection { generation: 2 });
        assert!(!connections.end_grace(&ann, 1));
        assert!(connections.end_grace(&ann, 2));
        assert!(!connections.is_online(&ann) && !connections.end_grace(&ann, 2));
        three.close(CloseCode::Normal);
    }
}
