//! Checks of one client's view: compares what it was sent with what is stored.

use std::collections::{BTreeSet, HashMap};

use crate::history::{History, Notice, View};
use crate::stored::StoredMessages;
use crate::violation::Violation;

/// Where a client stands in a room, from its own point of view.
#[derive(Default)]
struct Standing {
    /// The last number that it was told; `None` after a start.
    last: Option<u64>,
    /// What it was told since its last start.
    told: BTreeSet<u64>,
}

/// Everything was told once, in order and without a gap that was not said; nothing was told that is not stored; at the end
/// nothing is missing and presence is the truth.
pub(crate) fn check(view: &View, history: &History, stored: &StoredMessages<'_>, found: &mut Vec<Violation>) {
    let mut standings: HashMap<&str, Standing> = HashMap::new();
    for notice in &view.notices {
        match notice {
            // What comes next must fit what came last. Inboxes are checked by themselves.
            Notice::Recovered { .. }
            | Notice::Connected
            | Notice::Entry { .. }
            | Notice::InboxRecovered { .. } => {}
            Notice::StartedOver { room } => {
                standings.insert(room, Standing::default());
            }
            Notice::Message { room, position, text } => {
                let client = view.client.clone();
                let Some(message) = stored.find(text) else {
                    let (room, position, text) = (room.clone(), position.clone(), text.clone());
                    found.push(Violation::Phantom { room, client, text, position });
                    continue;
                };
                if message.room != *room || !position.agrees_with(&message.position) {
                    let (text, position, stored) = (text.clone(), position.clone(), message.position.clone());
                    let room = message.room.clone();
                    found.push(Violation::OtherOrder { room, client, text, position, stored });
                } else if let Some(seq) = message.position.seq {
                    standings.entry(room).or_default().hear(seq, room, &view.client, found);
                }
            }
        }
    }
    for room in &view.end.follows {
        let (told, head) =
            (standings.get(room.as_str()).and_then(|standing| standing.last), stored.head(room));
        if let Some(told) = told
            && told < head
        {
            found.push(Violation::Behind { room: room.clone(), client: view.client.clone(), told, head });
        }
    }
    check_presence(view, history, found);
}

impl Standing {
    fn hear(&mut self, seq: u64, room: &str, client: &str, found: &mut Vec<Violation>) {
        let (room, client) = (room.to_owned(), client.to_owned());
        match self.last {
            _ if self.told.contains(&seq) => found.push(Violation::ToldTwice { room, client, seq }),
            Some(after) if seq < after => found.push(Violation::OutOfOrder { room, client, seq, after }),
            Some(after) if seq > after + 1 => found.push(Violation::HiddenGap { room, client, seq, after }),
            _ => {}
        }
        self.told.insert(seq);
        self.last = self.last.max(Some(seq));
    }
}

/// Nobody is seen who is gone, and nobody is overlooked who is there: whoever is present and follows the room with some
/// client is certainly in it.
fn check_presence(view: &View, history: &History, found: &mut Vec<Violation>) {
    for (room, seen) in &view.end.present {
        for user in seen.difference(&history.present) {
            let (room, client) = (room.clone(), view.client.clone());
            found.push(Violation::Ghost { room, client, user: user.clone() });
        }
        let following = history.views.iter().filter(|other| other.end.follows.contains(room));
        let there: BTreeSet<&String> = following.map(|other| &other.user).collect();
        for user in there.into_iter().filter(|user| history.present.contains(*user)) {
            if !seen.contains(user) {
                let (room, client) = (room.clone(), view.client.clone());
                found.push(Violation::Overlooked { room, client, user: user.clone() });
            }
        }
    }
}
