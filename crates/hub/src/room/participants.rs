//! Participants: the users who are in a room with at least one subscribed client. Pure: time is handed in.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use protocol::UserId;
use tokio::time::Instant;

use crate::model::User;

/// The participants of a room, each once, however many clients they have.
#[derive(Debug, Default)]
pub(super) struct Participants {
    by_id: HashMap<UserId, Participant>,
    /// Grows with each participant, so that they can be listed in the order in which they joined.
    joined: u64,
    /// How many of them have lost their last connection.
    lost: usize,
}

#[derive(Debug)]
struct Participant {
    user: Arc<User>,
    joined: u64,
    /// The subscribed clients of this user.
    clients: u32,
    /// The last connection was lost; the participant leaves at this moment unless the user comes back.
    leaves_at: Option<Instant>,
}

impl Participants {
    /// A user joins, perhaps with one more client; whether the user was no participant before.
    pub(super) fn join(&mut self, user: &Arc<User>, one_more: bool) -> bool {
        if let Some(participant) = self.by_id.get_mut(&user.id) {
            participant.clients += u32::from(one_more);
            self.lost -= usize::from(participant.leaves_at.take().is_some());
            return false;
        }
        self.joined += 1;
        let (user, clients) = (user.clone(), u32::from(one_more));
        let id = user.id.clone();
        self.by_id.insert(id, Participant { user, joined: self.joined, clients, leaves_at: None });
        true
    }

    /// A client of a user is not subscribed any more; whether it was the last one.
    pub(super) fn remove_client(&mut self, user: &UserId) -> bool {
        let Some(participant) = self.by_id.get_mut(user) else { return true };
        participant.clients = participant.clients.saturating_sub(1);
        participant.clients == 0
    }

    /// The last connection of a user was lost.
    pub(super) fn connection_lost(&mut self, user: &UserId, now: Instant, grace: Duration) {
        if let Some(participant) = self.by_id.get_mut(user) {
            self.lost += usize::from(participant.leaves_at.replace(now + grace).is_none());
        }
    }

    /// A user leaves; the name if the user was a participant.
    pub(super) fn leave(&mut self, user: &UserId) -> Option<String> {
        let participant = self.by_id.remove(user)?;
        self.lost -= usize::from(participant.leaves_at.is_some());
        Some(participant.user.username.clone())
    }

    /// Removes participants whose connection was lost and who did not come back in time.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<(UserId, String)> {
        if self.lost == 0 {
            return Vec::new();
        }
        let gone = self.by_id.extract_if(|_, it| it.leaves_at.is_some_and(|leaves_at| leaves_at <= now));
        let mut gone: Vec<_> = gone.collect();
        self.lost -= gone.len();
        gone.sort_by_key(|(_, it)| it.joined);
        gone.into_iter().map(|(id, it)| (id, it.user.username.clone())).collect()
    }

    /// When the next one has left.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        // Called before each wait of the room, and mostly none is lost.
        if self.lost == 0 { None } else { self.by_id.values().filter_map(|it| it.leaves_at).min() }
    }

    /// All, in the order in which they joined.
    pub(super) fn list(&self) -> Vec<(UserId, String)> {
        let mut list: Vec<_> = self.by_id.iter().collect();
        list.sort_by_key(|(_, it)| it.joined);
        list.into_iter().map(|(id, it)| (id.clone(), it.user.username.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> Arc<User> {
        let id = UserId::parse(name).unwrap();
        let (username, email) = (name.to_owned(), String::new());
        Arc::new(User { id, username, email, is_active: true, created_at_ms: 0 })
    }

    #[test]
    fn a_lost_participant_may_return_in_time() {
        let users = ["ann", "bob"].map(user);
        let [ann, bob] = users.each_ref().map(|it| it.id.clone());
        let [ann_user, bob_user] = &users;
        let (now, grace) = (Instant::now(), Duration::from_secs(5));
        let mut participants = Participants::default();
        assert!(participants.join(bob_user, true));
        assert!(participants.join(ann_user, true));
        assert!(!participants.join(ann_user, true));
        assert!(!participants.join(ann_user, false), "the same client again");
        assert!(!participants.remove_client(&ann));
        assert!(participants.remove_client(&ann));
        participants.connection_lost(&ann, now, grace);
        participants.connection_lost(&bob, now, grace);
        assert!(!participants.join(bob_user, true));
        assert_eq!(participants.next_deadline(), Some(now + grace));
        assert!(participants.expire(now).is_empty());
        assert_eq!(participants.expire(now + grace), [(ann.clone(), "ann".to_owned())]);
        assert_eq!(participants.list(), [(bob.clone(), "bob".to_owned())]);
        assert_eq!(participants.leave(&bob).as_deref(), Some("bob"));
        assert_eq!((participants.leave(&bob), participants.next_deadline()), (None, None));
    }
}
