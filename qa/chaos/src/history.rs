//! History of a run: what was sent, received and stored, in terms that fit every dialect, the simulation and real processes.
//!
//! The text of a message is unique in its run, so it identifies the message where a dialect has neither numbers nor drafts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// Everything that the checker needs to know of a run.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Messages that clients wanted to send, those of each client in its order.
    pub sent: Vec<Sent>,
    /// What each client received, in the order of arrival.
    pub views: Vec<View>,
    /// What the store holds at the end, room by room, by number.
    pub stored: Vec<Stored>,
    /// Who was present at the end, as the run knows it: the truth that views are compared with.
    pub present: BTreeSet<String>,
    /// Changes that clients wanted to make, those of each client in its order.
    pub sent_changes: Vec<SentChange>,
    /// What was to reach users wherever they are, in the order in which it was sent.
    pub entries: Vec<Entry>,
}

/// An entry of a user's inbox that waits until one of the user's clients has received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// For which user.
    pub user: String,
    /// What it is.
    pub kind: EntryKind,
    /// Its text, unique in its run.
    pub text: String,
    /// Whether it is certainly stored: the server acknowledged it, or it waits in the store. Without that it may be delivered or not.
    pub is_stored: bool,
}

/// What an entry is. Some dialects have no word for some of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EntryKind {
    /// A direct message.
    Direct,
    /// The end of a job.
    Job,
    /// The notification that comes with the end of a job.
    Notice,
}

/// A message that a client wanted to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Which client, as in [`View::client`].
    pub client: String,
    /// Where.
    pub room: String,
    /// What.
    pub text: String,
    /// The acknowledged position; `None` without an acknowledgement.
    pub acknowledged: Option<Position>,
    /// Whether the client sends it again until it is acknowledged, with the same draft, and one after the other in each
    /// room, and the run let it. Clients of dialects without drafts send a message once; one that was refused, or whose
    /// client went for good, is not persistent any more.
    pub is_persistent: bool,
}

/// Where a message is, as far as a dialect reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// The epoch of the room's numbers.
    pub epoch: Option<u32>,
    /// The number in the room.
    pub seq: Option<u64>,
    /// The message's own name.
    pub id: Option<String>,
}

impl Position {
    /// Whether all parts of this position that are known are those of a complete one.
    pub fn agrees_with(&self, known: &Self) -> bool {
        (self.epoch.is_none() || self.epoch == known.epoch)
            && (self.seq.is_none() || self.seq == known.seq)
            && (self.id.is_none() || self.id == known.id)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seq {
            Some(seq) => write!(out, "number {seq}")?,
            None => out.write_str("some number")?,
        }
        if let Some(epoch) = self.epoch {
            write!(out, " of epoch {epoch}")?;
        }
        if let Some(id) = &self.id {
            write!(out, " ({id})")?;
        }
        Ok(())
    }
}

/// A message in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Where.
    pub room: String,
    /// Its place; epoch, number and name are known.
    pub position: Position,
    /// What, as it was sent.
    pub text: String,
    /// What changes have made of it.
    pub state: ChangedState,
}

/// What changes have made of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedState {
    /// The number of the last change; 0: there was none.
    pub rev: u64,
    /// The last edit, by its unique text; empty: it was not edited.
    pub edit: String,
    /// It was deleted.
    pub is_deleted: bool,
    /// It is pinned.
    pub is_pinned: bool,
    /// Each kind of reaction with its users, in the order of their names.
    pub reactions: Vec<(String, Vec<String>)>,
}

/// A change that a client wanted to make. Each client sends one after the other in each room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentChange {
    /// Which client, as in [`View::client`].
    pub client: String,
    /// Its user.
    pub user: String,
    /// Where.
    pub room: String,
    /// The number of the message.
    pub seq: u64,
    /// What.
    pub what: WantedChange,
    /// The number that was acknowledged; `None` without an acknowledgement.
    pub rev: Option<u64>,
}

/// What is wanted of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedChange {
    /// Another text, unique in its run.
    Edit(String),
    /// No text.
    Delete,
    /// A reaction, or none.
    React {
        /// The kind; each client has its own.
        emoji: String,
        /// Whether it is set.
        on: bool,
    },
    /// A pin, or none.
    Pin(bool),
}

impl WantedChange {
    /// What of the message it changes: a later change of the same supersedes it.
    pub(crate) fn aspect(&self) -> u8 {
        match self {
            Self::Edit(_) => 0,
            Self::Delete => 1,
            Self::React { .. } => 2,
            Self::Pin(_) => 3,
        }
    }
}

/// What one client received over all its connections.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Which client.
    pub client: String,
    /// Its user.
    pub user: String,
    /// In the order of arrival.
    pub observations: Vec<Observation>,
    /// The entries of the user's inbox that its dialect has a word for.
    pub kinds: BTreeSet<EntryKind>,
    /// The states of the messages that it has, by room and number; none for a client that takes no changes.
    pub states: BTreeMap<String, BTreeMap<u64, ChangedState>>,
    /// Its state when the run is over.
    pub end: End,
}

/// Something that a client received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// A new connection is subscribed to a room: the next message comes directly after the last one received, because the
    /// server reported a complete recovery.
    Recovered {
        /// Where.
        room: String,
    },
    /// A new connection is subscribed to a room, and the server reported that messages may be missing before the next one.
    StartedOver {
        /// Where.
        room: String,
    },
    /// A message, after whatever the client's own rules took out (a number that it had already).
    Message {
        /// Where.
        room: String,
        /// Its position, as far as the dialect reports it.
        position: Position,
        /// What.
        text: String,
    },
    /// A new connection begins: entries of an older one may be delivered again.
    Connected,
    /// An entry of the user's inbox.
    Entry {
        /// Its text.
        text: String,
        /// Its number in the inbox, where the dialect reports it.
        number: Option<u64>,
    },
    /// The server reported that on this connection nothing is missing between two numbers of the inbox.
    InboxRecovered {
        /// The cursor that the client came with.
        after: u64,
        /// The cursor now.
        upto: u64,
    },
}

/// The state of a client when the network is whole again, all clients are connected and nothing is under way.
#[derive(Debug, Clone, Default)]
pub struct End {
    /// The rooms that it is subscribed to: there it must have received everything up to the end.
    pub subscribed: BTreeSet<String>,
    /// The users that the client sees as present in a room; rooms of dialects without presence are left out.
    pub present: BTreeMap<String, BTreeSet<String>>,
    /// Whether it is connected for as long as everything that waits for its user takes to arrive.
    pub receives_inbox: bool,
}
