//! Subscriptions: the rooms that one client is subscribed to, with their mailboxes.

use protocol::RoomId;

use crate::room::Mailbox;

/// Ordered by room, so that leaving goes the same way each time. A list and not a tree, because the first node of a tree has
/// room for eleven and most clients are subscribed to one room.
#[derive(Default)]
pub(super) struct Subscriptions {
    rooms: Vec<(RoomId, Mailbox)>,
}

impl Subscriptions {
    fn search(&self, room: &RoomId) -> Result<usize, usize> {
        self.rooms.binary_search_by(|(subscribed, _)| subscribed.cmp(room))
    }

    pub(super) fn len(&self) -> usize {
        self.rooms.len()
    }

    pub(super) fn contains(&self, room: &RoomId) -> bool {
        self.search(room).is_ok()
    }

    pub(super) fn get(&self, room: &RoomId) -> Option<&Mailbox> {
        self.rooms.get(self.search(room).ok()?).map(|(_, mailbox)| mailbox)
    }

    /// Adds a room, or replaces its mailbox.
    pub(super) fn insert(&mut self, room: &RoomId, mailbox: Mailbox) {
        let index = match self.search(room) {
            Ok(index) => {
                self.rooms.remove(index);
                index
            }
            Err(index) => index,
        };
        if self.rooms.is_empty() {
            // Exactly one: for most clients it remains the only one.
            self.rooms.reserve_exact(1);
        }
        self.rooms.insert(index, (room.clone(), mailbox));
    }

    pub(super) fn remove(&mut self, room: &RoomId) -> Option<Mailbox> {
        let index = self.search(room).ok()?;
        Some(self.rooms.remove(index).1)
    }

    pub(super) fn into_mailboxes(self) -> impl Iterator<Item = Mailbox> {
        self.rooms.into_iter().map(|(_, mailbox)| mailbox)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[test]
    fn each_room_is_there_once_and_rooms_are_in_order() {
        let rooms = ["m", "z", "a", "m"].map(|name| RoomId::parse(name).unwrap());
        let mailboxes: Vec<_> = (1..=4).map(|size| mpsc::channel(size).0).collect();
        let mut subscriptions = Subscriptions::default();
        for (room, mailbox) in rooms.iter().zip(&mailboxes) {
            subscriptions.insert(room, mailbox.clone());
        }
        assert_eq!(subscriptions.len(), 3);
        assert!(subscriptions.get(&rooms[0]).unwrap().same_channel(&mailboxes[3]));
        assert!(subscriptions.remove(&rooms[1]).unwrap().same_channel(&mailboxes[1]));
        assert!(!subscriptions.contains(&rooms[1]) && subscriptions.remove(&rooms[1]).is_none());
        let left: Vec<_> = subscriptions.into_mailboxes().collect();
        assert!(left[0].same_channel(&mailboxes[2]) && left[1].same_channel(&mailboxes[3]));
    }
}
