//! Inbox in memory: one user's entries and notifications.

use std::collections::BTreeMap;

use protocol::limits::{MAX_INBOX_ITEMS, PORTION_BYTES};
use protocol::{InboxItem, Notification, NotificationId};

use super::room::index;
use crate::store::{Entry, NewEntry, Notifications, item_bytes};

/// The entries and notifications of one user.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub(super) head: u64,
    /// By number. The newest has the number `head`; of those older than the newest [`MAX_INBOX_ITEMS`], the ones that wait.
    entries: BTreeMap<u64, Entry>,
    /// By identifier, which is by time.
    pub(super) notifications: BTreeMap<NotificationId, Notification>,
}

impl Inbox {
    pub(super) fn put(&mut self, new: NewEntry, at_ms: i64) -> u64 {
        if let InboxItem::Notification(notification) = &new.item {
            self.notifications.insert(notification.id, notification.clone());
            if self.notifications.len() > index(MAX_INBOX_ITEMS.into()) {
                self.notifications.pop_first();
            }
        }
        self.head += 1;
        let entry = Entry { seq: self.head, at_ms, item: new.item, waits: new.waits };
        self.entries.insert(self.head, entry);
        let gone = self.gone();
        if self.entries.get(&gone).is_some_and(|entry| !entry.waits) {
            self.entries.remove(&gone);
        }
        self.head
    }

    /// The newest number that is kept only if its entry waits.
    fn gone(&self) -> u64 {
        self.head.saturating_sub(MAX_INBOX_ITEMS.into())
    }

    pub(super) fn after(&self, seq: u64, limit: u32) -> Option<Vec<Entry>> {
        let later = self.entries.range(seq.saturating_add(1)..).map(|(_, entry)| entry);
        let dense = later.zip(seq.saturating_add(1)..).take_while(|(entry, expected)| entry.seq == *expected);
        let page: Vec<Entry> = portion(dense.map(|(entry, _)| entry).take(index(limit.into())));
        let is_hole = seq < self.head && !self.entries.contains_key(&(seq + 1));
        (!is_hole).then_some(page)
    }

    pub(super) fn waiting(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().filter(|entry| entry.waits)
    }

    /// Marks entries as delivered. Returns the bytes that they took.
    pub(super) fn deliver(&mut self, is_meant: impl Fn(&Entry) -> bool) -> u64 {
        let gone = self.gone();
        let mut bytes = 0;
        for entry in self.entries.values_mut().filter(|entry| entry.waits && is_meant(entry)) {
            entry.waits = false;
            bytes += item_bytes(&entry.item);
        }
        self.entries.retain(|seq, entry| *seq > gone || entry.waits);
        bytes
    }

    pub(super) fn notifications(&self, before: Option<NotificationId>, limit: u32) -> Notifications {
        let mut older =
            self.notifications.values().rev().skip_while(|it| before.is_some_and(|id| it.id >= id));
        let list = older.by_ref().take(index(limit.into())).cloned().collect();
        let has_more = older.next().is_some();
        let unread = self.notifications.values().filter(|it| !it.is_read).count();
        Notifications { list, has_more, unread: u32::try_from(unread).unwrap_or(u32::MAX) }
    }
}

/// As many of these entries as fit one portion: at least one.
pub(super) fn portion<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<Entry> {
    let mut bytes = 0;
    let mut page = Vec::new();
    for entry in entries {
        bytes += index(item_bytes(&entry.item));
        if !page.is_empty() && bytes > PORTION_BYTES {
            break;
        }
        page.push(entry.clone());
    }
    page
}
