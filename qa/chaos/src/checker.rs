//! Reads a history and says what in it breaks the promise, in the manner of Jepsen: from what clients said and were told
//! and what the store holds, never from how the server works.
//!
//! A text is unique in its run, so it finds the message and with it the number, even where a dialect has told neither. A
//! start over with nothing told after it proves nothing, so a run should close with a line in each room.

use std::collections::HashMap;

use crate::history::{History, Stored};
use crate::inbox;
use crate::shelf::Shelf;
use crate::view;
use crate::violation::Violation;

/// Everything that a history breaks; empty for one that keeps the promise.
pub fn check(history: &History) -> Vec<Violation> {
    let mut found = Vec::new();
    let stored = Shelf::new(&history.stored, &mut found);
    check_said(history, &stored, &mut found);
    check_sent(history, &stored, &mut found);
    for view in &history.views {
        view::check(view, history, &stored, &mut found);
    }
    inbox::check(history, &mut found);
    found
}

/// What is stored was said.
fn check_said(history: &History, stored: &Shelf<'_>, found: &mut Vec<Violation>) {
    let said: HashMap<&str, &str> =
        history.sent.iter().map(|sent| (sent.text.as_str(), sent.room.as_str())).collect();
    for Stored { room, place, text } in stored.all() {
        if said.get(text.as_str()) != Some(&room.as_str()) {
            let (room, place, text) = (room.clone(), place.clone(), text.clone());
            found.push(Violation::Unsaid { room, place, text });
        }
    }
}

/// What was said is stored, as it was acknowledged, and in the order in which it was said.
fn check_sent(history: &History, stored: &Shelf<'_>, found: &mut Vec<Violation>) {
    let mut last: HashMap<(&str, &str), u64> = HashMap::new();
    for sent in &history.sent {
        let (room, client, text) = (sent.room.clone(), sent.client.clone(), sent.text.clone());
        let message = stored.find(&sent.text).filter(|message| message.room == sent.room);
        match (&sent.acknowledged, message) {
            (Some(place), None) => {
                found.push(Violation::Lost { room, client, text, place: place.clone() });
                continue;
            }
            (Some(place), Some(message)) if !place.agrees_with(&message.place) => {
                let (place, stored) = (place.clone(), message.place.clone());
                found.push(Violation::Misplaced { room, client, text, place, stored });
            }
            (None, None) if sent.is_persistent => found.push(Violation::Unsent { room, client, text }),
            _ => {}
        }
        if let Some(earlier) = message.filter(|_| sent.is_persistent).and_then(|message| message.place.seq) {
            let last = last.entry((&sent.client, &sent.room)).or_default();
            if *last > earlier {
                let (room, client) = (sent.room.clone(), sent.client.clone());
                found.push(Violation::Overtaken { room, client, earlier, later: *last });
            }
            *last = earlier.max(*last);
        }
    }
}
