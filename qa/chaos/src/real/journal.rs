//! Journal: records what one client sent and received, and its status.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use super::report::Counters;
use crate::body::name_of;
use crate::history::{End, EntryKind, Observation, Position, Sent, View};

/// The texts of the entries that a client must receive; `None` while that is not known.
pub(super) type Expected = Option<Arc<BTreeSet<String>>>;

/// The record of one client over all its connections.
pub(super) struct Journal {
    client: String,
    user: String,
    sent: Vec<Sent>,
    /// Where each line is in `sent`, by its text.
    lines: HashMap<String, usize>,
    observations: Vec<Observation>,
    /// The entries of its user's inbox that its dialect has a word for.
    kinds: BTreeSet<EntryKind>,
    /// Those that it received.
    entries: BTreeSet<String>,
    /// Those that it must receive and has not yet.
    missing: BTreeSet<String>,
    status: ClientStatus,
    /// What no good server does, in words.
    anomalies: Vec<String>,
    counters: Arc<Counters>,
}

/// The status of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ClientStatus {
    /// Connected, subscribed to everything that it should be, and waits for nothing.
    pub(super) is_settled: bool,
    /// The last message that it received in each room.
    pub(super) last: BTreeMap<String, String>,
    /// The users that it sees as present.
    pub(super) present: BTreeMap<String, BTreeSet<String>>,
    /// How many entries of its user's inbox are missing; `None` while that is not known.
    pub(super) missing: Option<usize>,
}

/// What came of a client.
pub(super) struct Record {
    pub(super) sent: Vec<Sent>,
    pub(super) view: View,
    pub(super) anomalies: Vec<String>,
}

impl Journal {
    pub(super) fn new(client: String, user: String, counters: Arc<Counters>) -> Self {
        Self {
            client,
            user,
            sent: Vec::new(),
            lines: HashMap::new(),
            observations: Vec::new(),
            kinds: BTreeSet::new(),
            entries: BTreeSet::new(),
            missing: BTreeSet::new(),
            status: ClientStatus::default(),
            anomalies: Vec::new(),
            counters,
        }
    }

    /// The same for a client that receives these entries of its user's inbox.
    pub(super) fn with_kinds(self, kinds: BTreeSet<EntryKind>) -> Self {
        Self { kinds, ..self }
    }

    pub(super) fn user(&self) -> &str {
        &self.user
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(super) fn status(&mut self) -> &mut ClientStatus {
        &mut self.status
    }

    /// A new text, which is unique in this run.
    pub(super) fn next_text(&self) -> String {
        format!("{} says {}", self.client, self.sent.len() + 1)
    }

    pub(super) fn note_sent(&mut self, room: &str, text: &str, is_persistent: bool) {
        self.counters.sent.one();
        let text = name_of(text).unwrap_or(text);
        self.lines.insert(text.to_owned(), self.sent.len());
        let (client, room, text) = (self.client.clone(), room.to_owned(), text.to_owned());
        self.sent.push(Sent { client, room, text, acknowledged: None, is_persistent });
    }

    /// Whether this client sent this message; another one of the same user may have.
    pub(super) fn has_sent(&self, text: &str) -> bool {
        self.lines.contains_key(name_of(text).unwrap_or(text))
    }

    /// Notes an acknowledgement. A second one must agree with the first one.
    pub(super) fn acknowledged(&mut self, text: &str, position: Position) {
        let text = name_of(text).unwrap_or(text);
        let Some(sent) = self.lines.get(text).and_then(|at| self.sent.get_mut(*at)) else {
            return self.anomaly(format!("`{text}` was acknowledged and never said"));
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
            self.anomaly(format!("`{text}` was acknowledged at {before:?} and then at {now:?}"));
        }
    }

    pub(super) fn recovered(&mut self, room: &str) {
        self.counters.recovered.one();
        self.observations.push(Observation::Recovered { room: room.to_owned() });
    }

    pub(super) fn started_over(&mut self, room: &str) {
        self.counters.started_over.one();
        self.observations.push(Observation::StartedOver { room: room.to_owned() });
    }

    pub(super) fn received(&mut self, room: &str, position: Position, text: &str) {
        let Some(text) = name_of(text) else {
            return self.anomaly(format!("received a part of a text: {text:.80}"));
        };
        self.counters.delivered.one();
        self.status.last.insert(room.to_owned(), text.to_owned());
        self.observations.push(Observation::Message {
            room: room.to_owned(),
            position,
            text: text.to_owned(),
        });
    }

    /// These entries must be received in the end.
    pub(super) fn expect(&mut self, expected: Expected) {
        let missing = |texts: &BTreeSet<String>| texts.difference(&self.entries).cloned().collect();
        self.missing = expected.as_deref().map(missing).unwrap_or_default();
        self.status.missing = expected.map(|_| self.missing.len());
    }

    /// How many messages and entries it received.
    pub(super) fn received_so_far(&self) -> usize {
        self.observations
            .iter()
            .filter(|it| matches!(it, Observation::Message { .. } | Observation::Entry { .. }))
            .count()
    }

    /// A new connection: entries of an older one may be delivered again.
    pub(super) fn connected(&mut self) {
        self.observations.push(Observation::Connected);
    }

    /// An entry of the user's inbox, with what it brings along, where its dialect has that.
    pub(super) fn entry(&mut self, text: &str, result: Option<&str>, number: Option<u64>) {
        let Some(text) = name_of(text) else {
            return self.anomaly(format!("received a part of an entry: {text:.80}"));
        };
        if result.is_some_and(|result| name_of(result) != Some(text)) {
            self.anomaly(format!("received `{text}` with another result"));
        }
        let counter = if self.entries.insert(text.to_owned()) {
            &self.counters.entries_delivered
        } else {
            &self.counters.entries_redelivered
        };
        counter.one();
        if self.missing.remove(text) {
            self.status.missing = Some(self.missing.len());
        }
        self.observations.push(Observation::Entry { text: text.to_owned(), number });
    }

    /// The server reported that on this connection nothing is missing between two numbers of the inbox.
    pub(super) fn inbox_recovered(&mut self, after: u64, upto: u64) {
        self.counters.recovered.one();
        self.observations.push(Observation::InboxRecovered { after, upto });
    }

    /// Something that no good server does.
    pub(super) fn anomaly(&mut self, what: impl fmt::Display) {
        self.anomalies.push(format!("{}: {what}", self.client));
    }

    pub(super) fn close(self, subscribed: BTreeSet<String>) -> Record {
        let receives_inbox = !self.kinds.is_empty();
        let end = End { subscribed, present: self.status.present, receives_inbox };
        let Self { client, user, observations, kinds, .. } = self;
        let view = View { client, user, observations, kinds, end, ..View::default() };
        Record { sent: self.sent, view, anomalies: self.anomalies }
    }
}

/// Whether the two agree; what was not known is known now.
fn merge<T: PartialEq>(known: &mut Option<T>, received: Option<T>) -> bool {
    match (&known, received) {
        (Some(known), Some(received)) => *known == received,
        (None, received) => {
            *known = received;
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
        journal.note_sent("kitchen", "hi", true);
        let position = Position { seq: Some(7), ..Position::default() };
        journal.acknowledged("hi", position.clone());
        journal.acknowledged("hi", Position { id: Some("a".to_owned()), ..Position::default() });
        journal.acknowledged("hi", position);
        assert!(journal.anomalies.is_empty(), "{:?}", journal.anomalies);
        journal.acknowledged("hi", Position { seq: Some(8), ..Position::default() });
        journal.acknowledged("never", Position::default());
        assert_eq!(journal.anomalies.len(), 2, "{:?}", journal.anomalies);
        let record = journal.close(BTreeSet::new());
        let expected = Position { epoch: None, seq: Some(7), id: Some("a".to_owned()) };
        assert_eq!(record.sent.first().unwrap().acknowledged, Some(expected));
    }
}
