//! The rooms that one client follows.

use protocol::RoomId;

use crate::room::Mailbox;

/// Rooms with their mailboxes, by name, so that leaving goes the same way each time. A list and no tree, whose first node has
/// room for eleven: most clients follow one room.
#[derive(Default)]
pub(crate) struct Following {
    rooms: Vec<(RoomId, Mailbox)>,
}

impl Following {
    fn place(&self, room: &RoomId) -> Result<usize, usize> {
        self.rooms.binary_search_by(|(joined, _)| joined.cmp(room))
    }

    pub(crate) fn len(&self) -> usize {
        self.rooms.len()
    }

    pub(crate) fn get(&self, room: &RoomId) -> Option<&Mailbox> {
        self.rooms.get(self.place(room).ok()?).map(|(_, mailbox)| mailbox)
    }

    /// Adds a room, or gives one that is there its new mailbox.
    pub(crate) fn insert(&mut self, room: &RoomId, mailbox: Mailbox) {
        let place = match self.place(room) {
            Ok(place) => {
                self.rooms.remove(place);
                place
            }
            Err(place) => place,
        };
        if self.rooms.is_empty() {
            // For this one alone: for most clients it stays the only one.
            self.rooms.reserve_exact(1);
        }
        self.rooms.insert(place, (room.clone(), mailbox));
    }

    pub(crate) fn remove(&mut self, room: &RoomId) -> Option<Mailbox> {
        let place = self.place(room).ok()?;
        Some(self.rooms.remove(place).1)
    }

    pub(crate) fn into_mailboxes(self) -> impl Iterator<Item = Mailbox> {
        self.rooms.into_iter().map(|(_, mailbox)| mailbox)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[test]
    fn a_room_is_there_once_and_the_rooms_are_in_order() {
        let rooms = ["m", "z", "a", "m"].map(|name| RoomId::parse(name).unwrap());
        let mailboxes: Vec<_> = (1..=4).map(|size| mpsc::channel(size).0).collect();
        let mut joined = Following::default();
        for (room, mailbox) in rooms.iter().zip(&mailboxes) {
            joined.insert(room, mailbox.clone());
        }
        assert_eq!(joined.len(), 3);
        assert!(joined.get(&rooms[0]).unwrap().same_channel(&mailboxes[3]));
        assert!(joined.remove(&rooms[1]).unwrap().same_channel(&mailboxes[1]));
        assert!(joined.get(&rooms[1]).is_none() && joined.remove(&rooms[1]).is_none());
        let left: Vec<_> = joined.into_mailboxes().collect();
        assert!(left[0].same_channel(&mailboxes[2]) && left[1].same_channel(&mailboxes[3]));
    }
}
