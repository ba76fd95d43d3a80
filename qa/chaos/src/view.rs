//! Checks of one client's view: compares what it was sent with what is stored.

use std::collections::{BTreeSet, HashMap};

use crate::history::{History, Observation, View};
use crate::stored::StoredMessages;
use crate::violation::Violation;

/// What a client has received of a room.
#[derive(Default)]
struct RoomProgress {
    /// The last number that it received; `None` after a start.
    last: Option<u64>,
    /// The numbers that it received since its last start.
    received: BTreeSet<u64>,
}

/// Everything was received once, in order and without an unreported gap; nothing was received that is not stored; at the end
/// nothing is missing and presence is the truth.
pub(crate) fn check(view: &View, history: &History, stored: &StoredMessages<'_>, found: &mut Vec<Violation>) {
    let mut rooms: HashMap<&str, RoomProgress> = HashMap::new();
    for notice in &view.observations {
        match notice {
            // What comes next must fit what came last. Inboxes are checked by themselves.
            Observation::Recovered { .. }
            | Observation::Connected
            | Observation::Entry { .. }
            | Observation::InboxRecovered { .. } => {}
            Observation::StartedOver { room } => {
                rooms.insert(room, RoomProgress::default());
            }
            Observation::Message { room, position, text } => {
                let client = view.client.clone();
                let Some(message) = stored.find(text) else {
                    let (room, position, text) = (room.clone(), position.clone(), text.clone());
                    found.push(Violation::Phantom { room, client, text, position });
                    continue;
                };
                if message.room != *room || !position.agrees_with(&message.position) {
                    let (text, position, stored) = (text.clone(), position.clone(), message.position.clone());
                    let room = message.room.clone();
                    found.push(Violation::WrongPosition { room, client, text, position, stored });
                } else if let Some(seq) = message.position.seq {
                    rooms.entry(room).or_default().receive(seq, room, &view.client, found);
                }
            }
        }
    }
    for room in &view.end.subscribed {
        let (received, head) =
            (rooms.get(room.as_str()).and_then(|progress| progress.last), stored.head(room));
        if let Some(received) = received
            && received < head
        {
            found.push(Violation::MissingTail {
                room: room.clone(),
                client: view.client.clone(),
                received,
                head,
            });
        }
    }
    check_presence(view, history, found);
}

impl RoomProgress {
    fn receive(&mut self, seq: u64, room: &str, client: &str, found: &mut Vec<Violation>) {
        let (room, client) = (room.to_owned(), client.to_owned());
        match self.last {
            _ if self.received.contains(&seq) => found.push(Violation::DeliveredTwice { room, client, seq }),
            Some(after) if seq < after => found.push(Violation::OutOfOrder { room, client, seq, after }),
            Some(after) if seq > after + 1 => found.push(Violation::HiddenGap { room, client, seq, after }),
            _ => {}
        }
        self.received.insert(seq);
        self.last = self.last.max(Some(seq));
    }
}

/// No client sees a user who is gone or misses one who is present: a user who is present and subscribed to the room with a
/// client is certainly in it.
fn check_presence(view: &View, history: &History, found: &mut Vec<Violation>) {
    for (room, seen) in &view.end.present {
        for user in seen.difference(&history.present) {
            let (room, client) = (room.clone(), view.client.clone());
            found.push(Violation::Ghost { room, client, user: user.clone() });
        }
        let subscribed_views = history.views.iter().filter(|other| other.end.subscribed.contains(room));
        let expected: BTreeSet<&String> = subscribed_views.map(|other| &other.user).collect();
        for user in expected.into_iter().filter(|user| history.present.contains(*user)) {
            if !seen.contains(user) {
                let (room, client) = (room.clone(), view.client.clone());
                found.push(Violation::MissingPresence { room, client, user: user.clone() });
            }
        }
    }
}
