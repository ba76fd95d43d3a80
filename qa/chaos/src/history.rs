//! History of a run: what was sent, received and stored, in terms that fit every dialect, the simulation and real processes.
//!
//! The text of a message is unique in its run, so it identifies the message where a dialect has neither numbers nor drafts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// Everything that the checker needs to know of a run.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// What clients meant to say, each client's lines in the order in which it said them.
    pub sent: Vec<Sent>,
    /// What each client was told, in the order in which it was told.
    pub views: Vec<View>,
    /// What the store holds at the end, room by room, by number.
    pub stored: Vec<Stored>,
    /// Who was present at the end, as the run knows it: the truth that views are compared with.
    pub present: BTreeSet<String>,
    /// What was to reach users wherever they are, in the order in which it was sent.
    pub entries: Vec<Entry>,
}

/// An entry of a user's inbox that waits until one of the user's clients has been told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// For which user.
    pub user: String,
    /// What it is.
    pub kind: EntryKind,
    /// Its text, unique in its run.
    pub text: String,
    /// Whether it is certainly stored: the server said so, or it waits in the store. Without that it may be told or not.
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

/// A line that a client meant to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Which client, as in [`View::client`].
    pub client: String,
    /// Where.
    pub room: String,
    /// What.
    pub text: String,
    /// What the server said that became of it; `None`: it never said.
    pub acknowledged: Option<Position>,
    /// Whether the client sends it again until it is acknowledged, with the same draft, and one after the other in each
    /// room, and the run let it. Clients of dialects without drafts say a thing once; a line that was refused, or whose
    /// client went for good, is not persistent any more.
    pub is_persistent: bool,
}

/// Where a message is, as far as a dialect says so.
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
    /// Whether what this place says is what a known place says.
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
    /// What.
    pub text: String,
}

/// What one client was told over all its connections.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Which client.
    pub client: String,
    /// Whose.
    pub user: String,
    /// In the order in which it was told.
    pub notices: Vec<Notice>,
    /// The entries of the user's inbox that its dialect has a word for.
    pub kinds: BTreeSet<EntryKind>,
    /// How it stands when the run is over.
    pub end: End,
}

/// Something that a client was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A new connection follows a room: what is told next starts after the last thing told, without a gap, because the
    /// server said that the recovery is complete.
    Recovered {
        /// Where.
        room: String,
    },
    /// A new connection follows a room, and the server said that something may be missing before what is told next.
    StartedOver {
        /// Where.
        room: String,
    },
    /// A message, after whatever the client's own rules took out (a number that it had already).
    Message {
        /// Where.
        room: String,
        /// Its place, as far as the dialect says so.
        position: Position,
        /// What.
        text: String,
    },
    /// A new connection begins: what was told on an older one may be told again.
    Connected,
    /// An entry of the user's inbox.
    Entry {
        /// Its text.
        text: String,
        /// Its number in the inbox, where the dialect says so.
        number: Option<u64>,
    },
    /// The server said that on this connection nothing is missing between two numbers of the inbox.
    InboxRecovered {
        /// The cursor that the client came with.
        after: u64,
        /// Where it stands now.
        upto: u64,
    },
}

/// How a client stands when the network is whole again, everybody is connected and nothing is under way.
#[derive(Debug, Clone, Default)]
pub struct End {
    /// The rooms that it follows: there it must have been told everything up to the end.
    pub follows: BTreeSet<String>,
    /// Who is present in a room as the client was told; rooms of dialects without presence are left out.
    pub present: BTreeMap<String, BTreeSet<String>>,
    /// Whether it is connected, for as long as it takes to be told everything that waits for its user.
    pub hears_inbox: bool,
}
