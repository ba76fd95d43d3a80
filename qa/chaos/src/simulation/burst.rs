//! Burst: many entries for one user's inbox, or many messages of one room, as the scenario draws them.

use crate::body::grow;

/// What a burst consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BurstKind {
    /// Direct messages to a user, by the user's place in the scenario.
    Directs { to: usize },
    /// Jobs of a user, started and ended.
    Jobs { owner: usize },
    /// Messages of a room, by its place in the scenario.
    Lines { room: usize },
}

/// So many of a kind, so large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Burst {
    pub(crate) kind: BurstKind,
    pub(crate) count: usize,
    pub(crate) bytes: usize,
}

impl Burst {
    /// The text of one of them: a name and what makes it as long as it has to be.
    pub(crate) fn text(&self, name: &str, number: usize) -> String {
        // Some of what is sent becomes longer on its way: JSON has six bytes for a control character.
        let padding = match number % 5 {
            0 => '"',
            1 => '\u{1}',
            _ => '.',
        };
        match self.kind {
            // What a job brings is limited as JSON.
            BurstKind::Jobs { .. } => grow(name, self.bytes, '.'),
            BurstKind::Directs { .. } | BurstKind::Lines { .. } => grow(name, self.bytes, padding),
        }
    }
}
