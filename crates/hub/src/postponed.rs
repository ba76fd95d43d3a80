//! News for rooms whose mailbox is full: merged by room, so that one task waits for each, however often there is more.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{LiveChange, RoomId, UserId};
use tokio::sync::mpsc::error::TrySendError;
use tokio_util::task::TaskTracker;

use crate::room::{Immediate, Mailbox, RoomCommand};

/// What a room is told without being waited for.
pub(crate) trait News: Send + 'static {
    /// Takes in what came later.
    fn merge(&mut self, later: Self);

    /// How a room is told.
    fn command(self) -> RoomCommand;
}

/// The session of a chat has another status; the latest one counts.
impl News for Box<LiveChange> {
    fn merge(&mut self, later: Self) {
        *self = later;
    }

    fn command(self) -> RoomCommand {
        Immediate::LiveStatusChanged(self).into()
    }
}

/// These members may have come or gone.
impl News for BTreeSet<UserId> {
    fn merge(&mut self, later: Self) {
        self.extend(later);
    }

    fn command(self) -> RoomCommand {
        Immediate::PresenceChanged(self.into_iter().collect()).into()
    }
}

/// News that wait for a place in a mailbox.
pub(crate) struct Postponed<T> {
    /// A std mutex: held for one room, never across an `.await`. At most one entry for each room with a full mailbox.
    rooms: Mutex<HashMap<RoomId, Waiting<T>>>,
}

struct Waiting<T> {
    /// That of the room's task; another task of the room has another one.
    mailbox: Mailbox,
    news: T,
}

impl<T> Default for Postponed<T> {
    fn default() -> Self {
        Self { rooms: Mutex::default() }
    }
}

impl<T: News> Postponed<T> {
    fn rooms(&self) -> MutexGuard<'_, HashMap<RoomId, Waiting<T>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a room, as soon as there is a place in its mailbox. A room that has ended is told nothing: it looks when it wakes.
    pub(crate) fn tell(self: &Arc<Self>, tasks: &TaskTracker, room: &RoomId, mailbox: &Mailbox, news: T) {
        let mut rooms = self.rooms();
        if let Some(waiting) = rooms.get_mut(room).filter(|it| it.mailbox.same_channel(mailbox)) {
            return waiting.news.merge(news);
        }
        match mailbox.try_reserve() {
            Ok(permit) => permit.send(news.command()),
            Err(TrySendError::Closed(())) => {}
            Err(TrySendError::Full(())) => {
                rooms.insert(room.clone(), Waiting { mailbox: mailbox.clone(), news });
                drop(rooms);
                tasks.spawn(self.clone().wait(room.clone(), mailbox.clone()));
            }
        }
    }

    async fn wait(self: Arc<Self>, room: RoomId, mailbox: Mailbox) {
        let permit = mailbox.reserve().await;
        let mut rooms = self.rooms();
        if !rooms.get(&room).is_some_and(|it| it.mailbox.same_channel(&mailbox)) {
            return;
        }
        if let (Some(waiting), Ok(permit)) = (rooms.remove(&room), permit) {
            permit.send(waiting.news.command());
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    fn user(number: usize) -> UserId {
        UserId::parse(&format!("user-{number}")).unwrap()
    }

    fn told(command: Option<RoomCommand>) -> usize {
        match command {
            Some(RoomCommand::Immediate(Immediate::PresenceChanged(users))) => users.len(),
            _ => panic!("something else"),
        }
    }

    #[tokio::test]
    async fn one_task_waits_for_each_room_and_tells_it_everything() {
        let (postponed, tasks) = (Arc::new(Postponed::default()), TaskTracker::new());
        let [one, two] = ["one", "two"].map(|id| RoomId::parse(id).unwrap());
        let (mailbox, mut commands) = mpsc::channel(1);
        let tell = |room: &RoomId, mailbox: &Mailbox, number| {
            postponed.tell(&tasks, room, mailbox, BTreeSet::from([user(number)]));
        };
        for number in 0..1_000 {
            tell(&one, &mailbox, number % 500);
        }
        assert_eq!((tasks.len(), postponed.rooms().len()), (1, 1));

        // The room has ended and woken: the news of before are not for the new one, which has looked.
        let (again, mut woken) = mpsc::channel(1);
        tell(&one, &again, 0);
        assert_eq!(told(woken.recv().await), 1);
        assert_eq!(told(commands.recv().await), 1);
        assert_eq!(told(commands.recv().await), 500);

        tell(&two, &mailbox, 1);
        tell(&two, &mailbox, 2);
        drop(commands);
        tasks.close();
        tasks.wait().await;
        assert!(postponed.rooms().is_empty());
    }
}
