//! What one client records: what it said, what it was told, how it stands.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use super::report::Counters;
use crate::history::{End, Notice, Place, Sent, View};

/// The record of one client over all its connections.
pub(super) struct Journal {
    client: String,
    person: String,
    sent: Vec<Sent>,
    /// Where each line is in `sent`, by its text.
    lines: HashMap<String, usize>,
    notices: Vec<Notice>,
    standing: Standing,
    /// What no good server does, in words.
    oddities: Vec<String>,
    counters: Arc<Counters>,
}

/// How a client stands at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Connected, follows everything that it should, and waits for nothing.
    pub(super) is_settled: bool,
    /// The last line that it was told in each room.
    pub(super) last: BTreeMap<String, String>,
    /// Who is there, as it was told.
    pub(super) present: BTreeMap<String, BTreeSet<String>>,
}

/// What came of a client.
pub(super) struct Record {
    pub(super) sent: Vec<Sent>,
    pub(super) view: View,
    pub(super) oddities: Vec<String>,
}

impl Journal {
    pub(super) fn new(client: String, person: String, counters: Arc<Counters>) -> Self {
        Self {
            client,
            person,
            sent: Vec::new(),
            lines: HashMap::new(),
            notices: Vec::new(),
            standing: Standing::default(),
            oddities: Vec::new(),
            counters,
        }
    }

    pub(super) fn person(&self) -> &str {
        &self.person
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(super) fn standing(&mut self) -> &mut Standing {
        &mut self.standing
    }

    /// A new line, which nobody else in this run says.
    pub(super) fn next_line(&self) -> String {
        format!("{} says {}", self.client, self.sent.len() + 1)
    }

    pub(super) fn says(&mut self, room: &str, text: &str, is_persistent: bool) {
        self.counters.sent.one();
        self.lines.insert(text.to_owned(), self.sent.len());
        let (client, room, text) = (self.client.clone(), room.to_owned(), text.to_owned());
        self.sent.push(Sent { client, room, text, acknowledged: None, is_persistent });
    }

    /// Whether this client said this line; another one of the same person may have.
    pub(super) fn has_said(&self, text: &str) -> bool {
        self.lines.contains_key(text)
    }

    /// The server says what became of a line. What it says twice must be the same.
    pub(super) fn acknowledged(&mut self, text: &str, place: Place) {
        let Some(sent) = self.lines.get(text).and_then(|at| self.sent.get_mut(*at)) else {
            return self.odd(format!("`{text}` was acknowledged and never said"));
        };
        let Some(known) = &mut sent.acknowledged else {
            sent.acknowledged = Some(place);
            return self.counters.acknowledged.one();
        };
        let before = known.clone();
        let agree = merge(&mut known.epoch, place.epoch)
            & merge(&mut known.seq, place.seq)
            & merge(&mut known.id, place.id);
        if !agree {
            let now = known.clone();
            self.odd(format!("`{text}` was acknowledged at {before:?} and then at {now:?}"));
        }
    }

    pub(super) fn recovered(&mut self, room: &str) {
        self.counters.recovered.one();
        self.notices.push(Notice::Recovered { room: room.to_owned() });
    }

    pub(super) fn started_over(&mut self, room: &str) {
        self.counters.started_over.one();
        self.notices.push(Notice::StartedOver { room: room.to_owned() });
    }

    pub(super) fn told(&mut self, room: &str, place: Place, text: &str) {
        self.counters.delivered.one();
        self.standing.last.insert(room.to_owned(), text.to_owned());
        self.notices.push(Notice::Message { room: room.to_owned(), place, text: text.to_owned() });
    }

    /// Something that no good server does.
    pub(super) fn odd(&mut self, what: impl fmt::Display) {
        self.oddities.push(format!("{}: {what}", self.client));
    }

    pub(super) fn close(self, follows: BTreeSet<String>) -> Record {
        let end = End { follows, present: self.standing.present };
        let view = View { client: self.client, person: self.person, notices: self.notices, end };
        Record { sent: self.sent, view, oddities: self.oddities }
    }
}

/// Whether the two agree; what was not known is known now.
fn merge<T: PartialEq>(known: &mut Option<T>, told: Option<T>) -> bool {
    match (&known, told) {
        (Some(known), Some(told)) => *known == told,
        (None, told) => {
            *known = told;
            true
        }
        (Some(_), None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_may_say_more_and_never_something_else() {
        let mut journal = Journal::new("one".to_owned(), "ann".to_owned(), Arc::default());
        journal.says("kitchen", "hi", true);
        let place = Place { seq: Some(7), ..Place::default() };
        journal.acknowledged("hi", place.clone());
        journal.acknowledged("hi", Place { id: Some("a".to_owned()), ..Place::default() });
        journal.acknowledged("hi", place);
        assert!(journal.oddities.is_empty(), "{:?}", journal.oddities);
        journal.acknowledged("hi", Place { seq: Some(8), ..Place::default() });
        journal.acknowledged("never", Place::default());
        assert_eq!(journal.oddities.len(), 2, "{:?}", journal.oddities);
        let record = journal.close(BTreeSet::new());
        let expected = Place { epoch: None, seq: Some(7), id: Some("a".to_owned()) };
        assert_eq!(record.sent.first().unwrap().acknowledged, Some(expected));
    }
}
