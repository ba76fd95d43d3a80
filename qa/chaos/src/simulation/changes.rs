//! Changes of messages as a simulated client keeps them: the states of the messages that it has, the last change of each room,
//! and its own changes that are not answered.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use uuid::Uuid;

use super::frames::{MessageLine, Request};
use super::rng::Rng;
use crate::history::{ChangedState, SentChange, WantedChange};

/// How long it waits for an answer before it asks again, in milliseconds.
const PATIENCE_MS: u64 = 4_000;

/// What each client reacts with: a kind of its own.
const EMOJIS: [&str; 10] = ["👍", "🎉", "😀", "🍰", "🚀", "🔥", "👀", "🐧", "🍎", "🎈"];

/// What a client is sent of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TakesChanges {
    /// Nothing.
    No,
    /// The messages of each commit, after the last change that it has.
    Commits,
    /// Each change, and what it missed from its positions.
    Named,
}

/// What a client keeps of changes.
#[derive(Debug)]
pub(crate) struct ClientChanges {
    takes: TakesChanges,
    is_owner: bool,
    emoji: &'static str,
    rooms: BTreeMap<String, RoomChanges>,
    sent: Vec<SentChange>,
    drafts: BTreeSet<Uuid>,
    rng: Rng,
}

#[derive(Debug, Default)]
struct RoomChanges {
    /// The last change that it has.
    rev: u64,
    /// Messages that it has, by number.
    states: BTreeMap<u64, Known>,
    /// Changes without an answer, oldest first, by their place in `sent`.
    unsent: VecDeque<PendingChange>,
    /// When the oldest one was sent, while that is not answered.
    sent_at: Option<u64>,
}

#[derive(Debug)]
struct Known {
    id: Uuid,
    /// Its text when it was posted.
    text: String,
    is_own: bool,
    state: ChangedState,
}

#[derive(Debug)]
struct PendingChange {
    index: usize,
    draft: Uuid,
    message: Uuid,
    text: String,
}

impl ClientChanges {
    /// The `number`th client of a run.
    pub(crate) fn new(takes: TakesChanges, number: usize, is_owner: bool, rng: Rng) -> Self {
        let emoji = EMOJIS.get(number % EMOJIS.len()).copied().unwrap_or("👍");
        Self {
            takes,
            is_owner,
            emoji,
            rooms: BTreeMap::new(),
            sent: Vec::new(),
            drafts: BTreeSet::new(),
            rng,
        }
    }

    /// The last change that it has of a room, if it says so when it joins.
    pub(crate) fn rev(&self, room: &str) -> Option<u64> {
        let rev = || self.rooms.get(room).map_or(0, |it| it.rev);
        (self.takes == TakesChanges::Commits).then(rev)
    }

    /// A new connection: nothing is under way.
    pub(crate) fn connected(&mut self) {
        self.rooms.values_mut().for_each(|room| room.sent_at = None);
    }

    /// It has nothing of a room any more.
    pub(crate) fn start_over(&mut self, room: &str) {
        let room = self.rooms.entry(room.to_owned()).or_default();
        (room.rev, room.states) = (0, BTreeMap::new());
    }

    /// It has every change up to this one.
    pub(crate) fn has(&mut self, room: &str, rev: u64) {
        self.rooms.entry(room.to_owned()).or_default().rev = rev;
    }

    /// Takes the state of a message. What is wrong with it.
    pub(crate) fn take(&mut self, room: &str, line: &MessageLine, is_own: bool) -> Option<String> {
        let room = self.rooms.entry(room.to_owned()).or_default();
        let state = line.state.as_deref().cloned().unwrap_or_default();
        let known = room.states.entry(line.seq).or_insert_with(|| Known {
            id: line.id,
            text: line.text.clone(),
            is_own,
            state: ChangedState::default(),
        });
        if known.state.is_deleted && !state.is_deleted {
            return Some(format!("number {} was deleted and is told again as `{}`", line.seq, line.text));
        }
        if state.rev >= known.state.rev {
            known.state = state;
        }
        None
    }

    /// Takes the changes of a commit. `None`: some before them are missing.
    pub(crate) fn advance(&mut self, room: &str, from: u64, to: u64) -> Option<bool> {
        let known = self.rooms.entry(room.to_owned()).or_default();
        if to <= known.rev {
            return Some(false);
        }
        if from != known.rev + 1 {
            return None;
        }
        known.rev = to;
        Some(true)
    }

    /// Wants to change a message that it has, mostly a new one.
    pub(crate) fn want(&mut self, client: &str, user: &str, room: &str) {
        let Some(known) = self.rooms.get_mut(room) else { return };
        let back = usize::try_from(self.rng.between(0, 12)).unwrap_or_default();
        let own = self.rng.percent(50);
        let Some((seq, target)) = known.states.iter().rev().filter(|it| !own || it.1.is_own).nth(back) else {
            return;
        };
        let index = self.sent.len();
        let what = match self.rng.between(0, 9) {
            0 if target.is_own => WantedChange::Delete,
            1..=5 if target.is_own => WantedChange::Edit(format!("{client} {index}")),
            6 if self.is_owner => WantedChange::Pin(self.rng.percent(60)),
            _ => WantedChange::React { emoji: self.emoji.to_owned(), on: self.rng.percent(60) },
        };
        let (draft, message, text) = (self.rng.uuid(), target.id, target.text.clone());
        self.drafts.insert(draft);
        known.unsent.push_back(PendingChange { index, draft, message, text });
        let (client, user, room) = (client.to_owned(), user.to_owned(), room.to_owned());
        self.sent.push(SentChange { client, user, room, seq: *seq, what, rev: None });
    }

    /// The request for the oldest change of a room that is to be sent, or sent again.
    pub(crate) fn due(&mut self, room: &str, now: u64) -> Option<Request> {
        let known = self.rooms.get_mut(room)?;
        let PendingChange { index, draft, message, text } = known.unsent.front()?;
        if known.sent_at.is_some_and(|since| now < since + PATIENCE_MS) {
            return None;
        }
        let SentChange { what, .. } = self.sent.get(*index)?;
        known.sent_at = Some(now);
        let (room, text, what) = (room.to_owned(), text.clone(), what.clone());
        Some(Request::Change { room, draft: *draft, message: *message, text, what })
    }

    /// A change is stored.
    pub(crate) fn done(&mut self, room: &str, draft: Uuid, rev: u64) {
        let Some(known) = self.rooms.get_mut(room) else { return };
        if known.unsent.front().is_some_and(|front| front.draft == draft) {
            let index = known.unsent.pop_front().map(|front| front.index);
            known.sent_at = None;
            if let Some(sent) = index.and_then(|index| self.sent.get_mut(index)) {
                sent.rev = Some(rev);
            }
        }
    }

    /// A change was refused for good, or is asked for again later. Whether it is one of this client's.
    pub(crate) fn failed(&mut self, room: &str, draft: Uuid, for_good: bool, later: u64) -> bool {
        let Some(known) = self.rooms.get_mut(room) else { return false };
        if known.unsent.front().is_none_or(|front| front.draft != draft) {
            // Perhaps answered before, on another connection.
            return self.drafts.contains(&draft);
        }
        if for_good {
            known.unsent.pop_front();
            known.sent_at = None;
        } else {
            known.sent_at = Some(later.saturating_sub(PATIENCE_MS));
        }
        true
    }

    /// Not in this room any more: what waits for it is given up.
    pub(crate) fn leave(&mut self, room: &str) {
        if let Some(known) = self.rooms.get_mut(room) {
            known.unsent.clear();
            known.sent_at = None;
        }
    }

    /// How many changes of a room have no answer.
    pub(crate) fn waiting(&self, room: &str) -> usize {
        self.rooms.get(room).map_or(0, |it| it.unsent.len())
    }

    /// What it wanted, and the states that it has; none for a client that takes no changes.
    pub(crate) fn into_history(self) -> (Vec<SentChange>, BTreeMap<String, BTreeMap<u64, ChangedState>>) {
        let takes = self.takes != TakesChanges::No;
        let states = |room: RoomChanges| room.states.into_iter().map(|(seq, it)| (seq, it.state)).collect();
        let rooms = self.rooms.into_iter().filter(|_| takes);
        (self.sent, rooms.map(|(name, room)| (name, states(room))).collect())
    }
}
