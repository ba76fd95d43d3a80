//! Deferred commands: hands a room a command without waiting for its mailbox. While the mailbox is full, commands are merged, so
//! that one task waits for each room, however many commands come.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{LiveChange, RoomId, UserId};
use tokio::sync::mpsc::error::TrySendError;

use crate::lifecycle::Lifecycle;
use crate::room::{Immediate, Mailbox, RoomCommand};

/// A change that can be merged with later ones.
pub(crate) trait Mergeable: Send + 'static {
    /// Merges a later change into this one.
    fn merge(&mut self, later: Self);

    /// The command for the room.
    fn into_command(self) -> RoomCommand;
}

/// Another status of the live session of a chat; the latest one counts.
impl Mergeable for Box<LiveChange> {
    fn merge(&mut self, later: Self) {
        *self = later;
    }

    fn into_command(self) -> RoomCommand {
        Immediate::LiveStatusChanged(self).into()
    }
}

/// Users whose presence may have changed.
impl Mergeable for BTreeSet<UserId> {
    fn merge(&mut self, later: Self) {
        self.extend(later);
    }

    fn into_command(self) -> RoomCommand {
        Immediate::PresenceChanged(self.into_iter().collect()).into()
    }
}

/// Changes that wait for room in a mailbox.
pub(crate) struct DeferredCommands<T> {
    /// A std mutex: held for one room, never across an `.await`. At most one entry for each room with a full mailbox.
    rooms: Mutex<HashMap<RoomId, Waiting<T>>>,
}

struct Waiting<T> {
    /// The mailbox of this run of the room; the next run has another one.
    mailbox: Mailbox,
    change: T,
}

impl<T> Default for DeferredCommands<T> {
    fn default() -> Self {
        Self { rooms: Mutex::default() }
    }
}

impl<T: Mergeable> DeferredCommands<T> {
    fn rooms(&self) -> MutexGuard<'_, HashMap<RoomId, Waiting<T>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a room a change as soon as its mailbox has room. A room that has ended gets none: it reads its state when it is
    /// spawned again.
    pub(crate) fn send(self: &Arc<Self>, tasks: &Lifecycle, room: &RoomId, mailbox: &Mailbox, change: T) {
        let mut rooms = self.rooms();
        if let Some(waiting) = rooms.get_mut(room).filter(|it| it.mailbox.same_channel(mailbox)) {
            return waiting.change.merge(change);
        }
        match mailbox.try_reserve() {
            Ok(permit) => permit.send(change.into_command()),
            Err(TrySendError::Closed(())) => {}
            Err(TrySendError::Full(())) => {
                rooms.insert(room.clone(), Waiting { mailbox: mailbox.clone(), change });
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
            permit.send(waiting.change.into_command());
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

    fn users_in(command: Option<RoomCommand>) -> usize {
        match command {
            Some(RoomCommand::Immediate(Immediate::PresenceChanged(users))) => users.len(),
            _ => panic!("something else"),
        }
    }

    #[tokio::test]
    async fn one_task_waits_for_each_room_and_sends_all_changes() {
        let (deferred, tasks) = (Arc::new(DeferredCommands::default()), Lifecycle::default());
        let [one, two] = ["one", "two"].map(|id| RoomId::parse(id).unwrap());
        let (mailbox, mut commands) = mpsc::channel(1);
        let send = |room: &RoomId, mailbox: &Mailbox, number| {
            deferred.send(&tasks, room, mailbox, BTreeSet::from([user(number)]));
        };
        for number in 0..1_000 {
            send(&one, &mailbox, number % 500);
        }
        assert_eq!((tasks.task_count(), deferred.rooms().len()), (1, 1));

        // The room has ended and was spawned again: changes of before are not for the new run, which has read its state.
        let (again, mut woken) = mpsc::channel(1);
        send(&one, &again, 0);
        assert_eq!(users_in(woken.recv().await), 1);
        assert_eq!(users_in(commands.recv().await), 1);
        assert_eq!(users_in(commands.recv().await), 500);

        send(&two, &mailbox, 1);
        send(&two, &mailbox, 2);
        drop(commands);
        tasks.finish().await;
        assert!(deferred.rooms().is_empty());
    }
}
