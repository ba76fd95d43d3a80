//! Inbox ledger: what bursts sent to inboxes and rooms, what the server acknowledged of it, and what clients received.

use std::collections::{BTreeSet, HashSet};

use hub::memory::MemoryStore;
use hub::model::User;
use hub::store::{InboxKind, InboxStore};
use protocol::InboxItem;

use super::burst_sender::BurstSender;
use super::counts::SimulationCounts;
use super::ingress::BurstEvent;
use crate::body::name_of;
use crate::history::{Entry, EntryKind, Sent};

/// What may wait.
const KINDS: [InboxKind; 3] = [InboxKind::Direct, InboxKind::Job, InboxKind::Notification];

/// The account of all bursts of a run.
#[derive(Debug, Default)]
pub(crate) struct InboxLedger {
    entries: Vec<Entry>,
    /// Messages of rooms.
    lines: Vec<Sent>,
    /// Entries that a client received, by user and text.
    delivered: BTreeSet<(String, String)>,
    /// Bursts that are under way.
    running: BTreeSet<usize>,
    last_burst: usize,
    last_over_ms: u64,
}

impl InboxLedger {
    /// The number of a new burst.
    pub(crate) fn next_burst(&mut self) -> usize {
        self.last_burst += 1;
        self.last_burst
    }

    /// A burst begins: nothing of it is acknowledged.
    pub(crate) fn begin(&mut self, burst: usize, sender: &BurstSender) {
        self.entries.extend(sender.entries());
        self.lines.extend(sender.lines());
        self.running.insert(burst);
    }

    /// Notes what became of a part of a burst, at a moment of the script.
    pub(crate) fn note(
        &mut self,
        burst: usize,
        event: BurstEvent,
        script_now: u64,
        counts: &mut SimulationCounts,
    ) {
        match event {
            BurstEvent::Stored { user, text } => {
                counts.entries += 1;
                let entry = self.entries.iter_mut().find(|it| it.user == user && it.text == text);
                if let Some(entry) = entry {
                    entry.is_stored = true;
                }
            }
            BurstEvent::Posted { text, position } => {
                if let Some(line) = self.lines.iter_mut().find(|line| line.text == text) {
                    line.acknowledged = Some(position);
                }
            }
            BurstEvent::Full => counts.full += 1,
            BurstEvent::Over => {
                self.running.remove(&burst);
                self.last_over_ms = script_now;
            }
        }
    }

    /// The server is gone, and with it every burst that was under way.
    pub(crate) fn end_bursts(&mut self) {
        self.running.clear();
    }

    /// A client of this user received an entry. Whether that is the first time.
    pub(crate) fn note_delivery(&mut self, user: &str, text: &str) -> bool {
        self.delivered.insert((user.to_owned(), text.to_owned()))
    }

    /// Notes which entries wait in the store, whatever was acknowledged.
    pub(crate) async fn note_waiting(&mut self, store: &MemoryStore, users: &[User]) {
        for user in users {
            let name = user.username.as_str();
            let mut after = 0;
            loop {
                let waiting = store.inbox_waiting(&user.id, &KINDS, after, u64::MAX).await;
                let waiting = waiting.unwrap_or_default();
                let Some(last) = waiting.last() else { break };
                after = last.seq;
                let texts: HashSet<&str> = waiting.iter().filter_map(|it| text_of(&it.item)).collect();
                let mine = self.entries.iter_mut().filter(|it| it.user == name);
                mine.filter(|it| texts.contains(it.text.as_str())).for_each(|it| it.is_stored = true);
            }
        }
    }

    /// Whether a stored entry has reached none of its user's clients, and could have.
    pub(crate) fn has_undelivered(&self, can_receive: impl Fn(&str, EntryKind) -> bool) -> bool {
        let mut stored = self.entries.iter().filter(|it| it.is_stored);
        stored.any(|it| {
            !self.delivered.contains(&(it.user.clone(), it.text.clone())) && can_receive(&it.user, it.kind)
        })
    }

    /// When the last burst was over, in milliseconds of the script; `None` while one is under way.
    pub(crate) fn quiet_since(&self) -> Option<u64> {
        self.running.is_empty().then_some(self.last_over_ms)
    }

    /// The entries of inboxes, and the messages of rooms.
    pub(crate) fn take(&mut self) -> (Vec<Entry>, Vec<Sent>) {
        (std::mem::take(&mut self.entries), std::mem::take(&mut self.lines))
    }
}

/// The text by which an entry is known; of a job, the title.
fn text_of(item: &InboxItem) -> Option<&str> {
    match item {
        InboxItem::Direct(direct) => name_of(&direct.body),
        InboxItem::Job(change) => Some(&change.job.title),
        InboxItem::Notification(notification) => Some(&notification.title),
        InboxItem::Signal(_) => None,
    }
}
