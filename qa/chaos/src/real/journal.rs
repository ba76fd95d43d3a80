//! Journal: records what one client sent and received, and where it stands.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use super::report::Counters;
use crate::body::name_of;
use crate::history::{End, EntryKind, Notice, Position, Sent, View};

/// The texts of the entries that a client must be told; `None` while that is not known.
pub(super) type Expected = Option<Arc<BTreeSet<String>>>;

/// The record of one client over all its connections.
pub(super) struct Journal {
    client: String,
    person: String,
    sent: Vec<Sent>,
    /// Where each line is in `sent`, by its text.
    lines: HashMap<String, usize>,
    notices: Vec<Notice>,
    /// The entries of its user's inbox that its dialect has a word for.
    kinds: BTreeSet<EntryKind>,
    /// Those that it was told.
    entries: BTreeSet<String>,
    /// Those that it must be told and was not yet.
    missing: BTreeSet<String>,
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
    /// How many entries of its user's inbox are missing; `None` while that is not known.
    pub(super) missing: Option<usize>,
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
            kinds: BTreeSet::new(),
            entries: BTreeSet::new(),
            missing: BTreeSet::new(),
            standing: Standing::default(),
            oddities: Vec::new(),
            counters,
        }
    }

    /// The same for a client that is told these entries of its user's inbox.
    pub(super) fn with_kinds(self, kinds: BTreeSet<EntryKind>) -> Self {
        Self { kinds, ..self }
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
        let text = name_of(text).unwrap_or(text);
        self.lines.insert(text.to_owned(), self.sent.len());
        let (client, room, text) = (self.client.clone(), room.to_owned(), text.to_owned());
        self.sent.push(Sent { client, room, text, acknowledged: None, is_persistent });
    }

    /// Whether this client said this line; another one of the same person may have.
    pub(super) fn has_said(&self, text: &str) -> bool {
        self.lines.contains_key(name_of(text).unwrap_or(text))
    }

    /// The server says what became of a line. What it says twice must be the same.
    pub(super) fn acknowledged(&mut self, text: &str, position: Position) {
        let text = name_of(text).unwrap_or(text);
        let Some(sent) = self.lines.get(text).and_then(|at| self.sent.get_mut(*at)) else {
            return self.odd(format!("`{text}` was acknowledged and never said"));
        };
        let Some(known) = &mut sent.acknowledged else {
            sent.acknowledged = Some(position);
            return self.counters.acknowledged.one();
        };
        let before = known.clone();
        let agree = merge(&mut known.epoch, position.epoch)
            & merge(&mut known.seq, position.seq)
            & merge(&mut known.id, position.id);
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

    pub(super) fn told(&mut self, room: &str, position: Position, text: &str) {
        let Some(text) = name_of(text) else {
            return self.odd(format!("was told a part of a text: {text:.80}"));
        };
        self.counters.delivered.one();
        self.standing.last.insert(room.to_owned(), text.to_owned());
        self.notices.push(Notice::Message { room: room.to_owned(), position, text: text.to_owned() });
    }

    /// These entries must be told in the end.
    pub(super) fn expect(&mut self, expected: Expected) {
        let missing = |texts: &BTreeSet<String>| texts.difference(&self.entries).cloned().collect();
        self.missing = expected.as_deref().map(missing).unwrap_or_default();
        self.standing.missing = expected.map(|_| self.missing.len());
    }

    /// How much it was told, of whatever kind.
    pub(super) fn told_so_far(&self) -> usize {
        self.notices.iter().filter(|it| matches!(it, Notice::Message { .. } | Notice::Entry { .. })).count()
    }

    /// A new connection: what was told on an older one may be told again.
    pub(super) fn connected(&mut self) {
        self.notices.push(Notice::Connected);
    }

    /// An entry of the user's inbox, with what it brings along, where its dialect has that.
    pub(super) fn entry(&mut self, text: &str, result: Option<&str>, number: Option<u64>) {
        let Some(text) = name_of(text) else {
            return self.odd(format!("was told a part of an entry: {text:.80}"));
        };
        if result.is_some_and(|result| name_of(result) != Some(text)) {
            self.odd(format!("was told `{text}` with another result"));
        }
        let counter = if self.entries.insert(text.to_owned()) {
            &self.counters.entries_told
        } else {
            &self.counters.entries_again
        };
        counter.one();
        if self.missing.remove(text) {
            self.standing.missing = Some(self.missing.len());
        }
        self.notices.push(Notice::Entry { text: text.to_owned(), number });
    }

    /// The server said that on this connection nothing is missing between two numbers of the inbox.
    pub(super) fn inbox_recovered(&mut self, after: u64, upto: u64) {
        self.counters.recovered.one();
        self.notices.push(Notice::InboxRecovered { after, upto });
    }

    /// Something that no good server does.
    pub(super) fn odd(&mut self, what: impl fmt::Display) {
        self.oddities.push(format!("{}: {what}", self.client));
    }

    pub(super) fn close(self, follows: BTreeSet<String>) -> Record {
        let hears_inbox = !self.kinds.is_empty();
        let end = End { follows, present: self.standing.present, hears_inbox };
        let Self { client, person, notices, kinds, .. } = self;
        let view = View { client, user: person, notices, kinds, end };
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
        let position = Position { seq: Some(7), ..Position::default() };
        journal.acknowledged("hi", position.clone());
        journal.acknowledged("hi", Position { id: Some("a".to_owned()), ..Position::default() });
        journal.acknowledged("hi", position);
        assert!(journal.oddities.is_empty(), "{:?}", journal.oddities);
        journal.acknowledged("hi", Position { seq: Some(8), ..Position::default() });
        journal.acknowledged("never", Position::default());
        assert_eq!(journal.oddities.len(), 2, "{:?}", journal.oddities);
        let record = journal.close(BTreeSet::new());
        let expected = Position { epoch: None, seq: Some(7), id: Some("a".to_owned()) };
        assert_eq!(record.sent.first().unwrap().acknowledged, Some(expected));
    }
}
