//! History checker: finds what in a history breaks the promise, in the manner of Jepsen, because only what clients sent and
//! received and what the store holds may count, never how the server works.
//!
//! A text is unique in its run, so it identifies the message and its number even where a dialect carries neither. A client that
//! starts over and receives nothing afterwards proves nothing, so a run should close with a message in each room.

use std::collections::HashMap;

use crate::changes;
use crate::history::{History, Stored};
use crate::inbox;
use crate::stored::StoredMessages;
use crate::view;
use crate::violation::Violation;

/// Everything that a history breaks; empty for one that keeps the promise.
pub fn check(history: &History) -> Vec<Violation> {
    let mut found = Vec::new();
    let stored = StoredMessages::new(&history.stored, &mut found);
    check_stored(history, &stored, &mut found);
    check_sent(history, &stored, &mut found);
    for view in &history.views {
        view::check(view, history, &stored, &mut found);
    }
    inbox::check(history, &mut found);
    changes::check(history, &mut found);
    found
}

/// Every stored message was sent.
fn check_stored(history: &History, stored: &StoredMessages<'_>, found: &mut Vec<Violation>) {
    let sent: HashMap<&str, &str> =
        history.sent.iter().map(|sent| (sent.text.as_str(), sent.room.as_str())).collect();
    for Stored { room, position, text, .. } in stored.all() {
        if sent.get(text.as_str()) != Some(&room.as_str()) {
            let (room, position, text) = (room.clone(), position.clone(), text.clone());
            found.push(Violation::NeverSent { room, position, text });
        }
    }
}

/// Every sent message is stored as it was acknowledged, and in the order of sending.
fn check_sent(history: &History, stored: &StoredMessages<'_>, found: &mut Vec<Violation>) {
    let mut last: HashMap<(&str, &str), u64> = HashMap::new();
    for sent in &history.sent {
        let (room, client, text) = (sent.room.clone(), sent.client.clone(), sent.text.clone());
        let message = stored.find(&sent.text).filter(|message| message.room == sent.room);
        match (&sent.acknowledged, message) {
            (Some(position), None) => {
                found.push(Violation::Lost { room, client, text, position: position.clone() });
                continue;
            }
            (Some(position), Some(message)) if !position.agrees_with(&message.position) => {
                let (position, stored) = (position.clone(), message.position.clone());
                found.push(Violation::WrongAcknowledgement { room, client, text, position, stored });
            }
            (None, None) if sent.is_persistent => found.push(Violation::NeverStored { room, client, text }),
            _ => {}
        }
        if let Some(earlier) = message.filter(|_| sent.is_persistent).and_then(|message| message.position.seq)
        {
            let last = last.entry((&sent.client, &sent.room)).or_default();
            if *last > earlier {
                let (room, client) = (sent.room.clone(), sent.client.clone());
                found.push(Violation::Reordered { room, client, earlier, later: *last });
            }
            *last = earlier.max(*last);
        }
    }
}
