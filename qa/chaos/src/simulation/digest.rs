//! Digest of a history: what is stored and what each client received as one number, because two hubs that do the same must
//! give the same.
//!
//! Each room and each inbox counts in its order. How a client's rooms are interleaved does not count, because nothing
//! promises it. No identifier, epoch or time is in it, so the number is the same in each run of a seed.

use std::collections::BTreeMap;
use std::fmt;

use super::rng::{DIGEST_OF_NOTHING, digest};
use crate::history::{Entry, History, Observation, Sent, Stored, View};

/// The digest of a whole history.
pub(crate) fn digest_of(history: &History) -> u64 {
    let mut sum = Sum(DIGEST_OF_NOTHING);
    for Stored { room, position, text, .. } in &history.stored {
        sum.add(format_args!("stored {room} {:?} {text}", position.seq));
    }
    for Sent { client, room, text, acknowledged, .. } in &history.sent {
        let seq = acknowledged.as_ref().map(|position| position.seq);
        sum.add(format_args!("sent {client} {room} {text} {seq:?}"));
    }
    for Entry { user, kind, text, is_stored } in &history.entries {
        sum.add(format_args!("entry {user} {kind:?} {text} {is_stored}"));
    }
    for view in &history.views {
        sum.add_view(view);
    }
    sum.0
}

struct Sum(u64);

impl Sum {
    fn add(&mut self, line: fmt::Arguments<'_>) {
        self.0 = digest(self.0, line.to_string().as_bytes());
        self.0 = digest(self.0, b"\n");
    }

    fn add_view(&mut self, view: &View) {
        let View { client, observations, end, .. } = view;
        self.add(format_args!(
            "client {client} {:?} {:?} {}",
            end.subscribed, end.present, end.receives_inbox
        ));
        let mut rooms: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for notice in observations {
            match notice {
                Observation::Recovered { room } => {
                    rooms.entry(room).or_default().push("recovered".to_owned());
                }
                Observation::StartedOver { room } => rooms.entry(room).or_default().push("over".to_owned()),
                Observation::Message { room, position, text } => {
                    rooms.entry(room).or_default().push(format!("{:?} {text}", position.seq));
                }
                Observation::Connected => self.add(format_args!("connected")),
                Observation::Entry { text, number } => self.add(format_args!("{number:?} {text}")),
                Observation::InboxRecovered { after, upto } => {
                    self.add(format_args!("inbox after {after} up to {upto}"));
                }
            }
        }
        for (room, received) in rooms {
            self.add(format_args!("room {room} {received:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Position;

    fn received(room: &str, seq: u64, id: &str) -> Observation {
        let position = Position { epoch: Some(7), seq: Some(seq), id: Some(id.to_owned()) };
        Observation::Message { room: room.to_owned(), position, text: format!("{room} {seq}") }
    }

    fn digest_of_notices(observations: Vec<Observation>) -> u64 {
        let view = View { client: "ann-0".to_owned(), observations, ..View::default() };
        digest_of(&History { views: vec![view], ..History::default() })
    }

    #[test]
    fn identifiers_and_the_interleaving_of_rooms_do_not_count() {
        let one = vec![received("attic", 1, "a"), received("kitchen", 1, "b"), received("attic", 2, "c")];
        let other = vec![received("kitchen", 1, "x"), received("attic", 1, "y"), received("attic", 2, "z")];
        assert_eq!(digest_of_notices(one), digest_of_notices(other));
    }

    #[test]
    fn order_within_a_room_and_what_is_missing_count() {
        let whole = digest_of_notices(vec![received("attic", 1, "a"), received("attic", 2, "b")]);
        assert_ne!(whole, digest_of_notices(vec![received("attic", 2, "b"), received("attic", 1, "a")]));
        assert_ne!(whole, digest_of_notices(vec![received("attic", 1, "a")]));
    }
}
