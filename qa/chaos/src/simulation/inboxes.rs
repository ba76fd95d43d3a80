//! Inbox entries in the simulation: starts bursts and keeps account of which entries were acknowledged and delivered.

use std::collections::HashSet;
use std::sync::Arc;

use hub::store::{Entry, InboxKind, InboxStore};
use protocol::{InboxItem, RoomId};

use super::burst::{Burst, Kind, Sender};
use super::frames::Request;
use super::ingress::{BurstEvent, Report};
use super::world::World;
use crate::body::name_of;
use crate::history::EntryKind;

/// What may wait.
const KINDS: [InboxKind; 3] = [InboxKind::Direct, InboxKind::Job, InboxKind::Notification];

impl World {
    /// Has a part of the application send a burst, which goes on while other things happen.
    pub(crate) fn start_burst(&mut self, burst: Burst) {
        let Some(instance) = &self.instance else { return };
        let room = match burst.kind {
            Kind::Lines { room } => self.scenario.rooms.get(room),
            // In the last one the guest stays, where there are several.
            Kind::Directs { .. } | Kind::Jobs { .. } => self.scenario.rooms.last(),
        };
        let user = match burst.kind {
            Kind::Directs { to: user } | Kind::Jobs { owner: user } => self.users.get(user),
            Kind::Lines { .. } => self.users.first(),
        };
        let author = match burst.kind {
            Kind::Directs { to: 0 } => self.users.get(1),
            _ => self.users.first(),
        };
        let (Some(author), Some(user), Some(Ok(room))) = (author, user, room.map(|room| RoomId::parse(room)))
        else {
            return;
        };
        self.last_burst += 1;
        let number = self.last_burst;
        let sender = Sender {
            hub: instance.hub.clone(),
            author: Arc::new(author.clone()),
            user: Arc::new(user.clone()),
            room,
            name: format!("burst {number}"),
            burst,
        };
        self.entries.extend(sender.entries());
        self.lines.extend(sender.lines());
        self.bursts.insert(number);
        let ingress = self.ingress.clone();
        let report = move |event| ingress.report(Report::Burst { burst: number, event });
        tokio::spawn(sender.send(report));
    }

    /// Takes in what became of a part of a burst.
    pub(crate) fn take_burst_event(&mut self, burst: usize, event: BurstEvent) {
        let now = self.now();
        match event {
            BurstEvent::Stored { user, text } => {
                self.trace.note(now, format_args!("for {user} is stored: {text}"));
                self.counts.entries += 1;
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
            BurstEvent::Full => self.counts.full += 1,
            BurstEvent::Over => {
                self.trace.note(now, format_args!("burst {burst} is over"));
                self.bursts.remove(&burst);
                self.last_burst_over_ms = self.script_now();
            }
        }
    }

    /// A client that still listens to a connection is asked for a receipt, and answers at once.
    pub(crate) fn answer_ping(&mut self, connection: u32, moment: u64, token: u64) {
        let Some(it) = self.connections.get(&connection).filter(|it| !it.down.is_lost(moment)) else {
            return;
        };
        let device = it.device;
        if self.devices.get(device).is_some_and(|it| it.connection == Some(connection)) {
            self.send(device, vec![Request::Receipt { token }]);
        }
    }

    /// A client was told an entry.
    pub(crate) fn note_entry(&mut self, device: usize, text: &str) {
        if let Some(device) = self.devices.get(device) {
            let is_new = self.told.insert((device.client.user().to_owned(), text.to_owned()));
            self.counts.again += u64::from(!is_new);
        }
    }

    /// Looks which entries wait in the store, whatever the server said of them.
    pub(crate) async fn read_waiting(&mut self) {
        let Some(instance) = &self.instance else { return };
        for user in &self.users {
            let name = user.username.as_str();
            let mut after = 0;
            loop {
                let waiting = instance.store.memory.inbox_waiting(&user.id, &KINDS, after, u64::MAX).await;
                let waiting = waiting.unwrap_or_default();
                let Some(last) = waiting.last() else { break };
                after = last.seq;
                let texts: HashSet<&str> = waiting.iter().filter_map(text_of).collect();
                let mine = self.entries.iter_mut().filter(|it| it.user == name);
                mine.filter(|it| texts.contains(it.text.as_str())).for_each(|it| it.is_stored = true);
            }
        }
    }

    /// Whether a stored entry has reached none of its user's clients, and could have.
    pub(crate) fn has_untold(&self) -> bool {
        let listens = |user: &str, kind: EntryKind| {
            let mut devices = self.devices.iter().filter(|it| it.client.user() == user && !it.is_dead);
            devices.any(|it| it.client.kinds().contains(&kind))
        };
        let mut stored = self.entries.iter().filter(|it| it.is_stored);
        stored
            .any(|it| !self.told.contains(&(it.user.clone(), it.text.clone())) && listens(&it.user, it.kind))
    }
}

/// The text by which an entry is known; of a job, the title.
fn text_of(entry: &Entry) -> Option<&str> {
    match &entry.item {
        InboxItem::Direct(direct) => name_of(&direct.body),
        InboxItem::Job(change) => Some(&change.job.title),
        InboxItem::Notification(notification) => Some(&notification.title),
        InboxItem::Signal(_) => None,
    }
}
