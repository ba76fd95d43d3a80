//! Lifecycle of a run: sets up rooms and clients, sends the last messages, decides when all is at rest, collects the history.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use hub::model::RoomRecord;
use hub::store::{HistoryRange, MessageDraft, RoomDraft, Store};
use protocol::{DraftId, MessageId, MessageKind, RoomId, RoomKind, UserId, limits};
use uuid::Uuid;

use super::burst::{Burst, BurstKind};
use super::call::Write;
use super::changes::{ClientChanges, TakesChanges};
use super::client::SimulatedClient;
use super::device::Device;
use super::frames::{MessageLine, line, split};
use super::rng::Rng;
use super::scenario::{ClientPlan, RecoveryMode};
use super::schedule::{Event, Owner};
use super::world::World;
use crate::history::{History, Observation, Position, Sent, Stored};

/// After all is well and after the last burst, longer than any connection takes to be given up for lost and anybody to be taken for gone.
const UNTIL_LAST_LINES_MS: u64 = 14_000;
/// After all is well, and so long before the last messages that their author's presence has ended by then.
const UNTIL_LAST_DIRECTS_MS: u64 = 4_000;
/// How long a run may take to become idle.
const UNTIL_GIVEN_UP_MS: u64 = 90_000;

/// The author of what was stored before the run.
const ARCHIVIST: &str = "archivist";

impl World {
    /// Makes rooms and clients, and everything begin.
    pub(crate) async fn begin(&mut self) {
        let epochs = self.make_rooms();
        self.boot().await;
        let archive = self.stored(0).await;
        for (index, ClientPlan { user, recovery, takes_changes, link }) in
            self.scenario.clients.clone().into_iter().enumerate()
        {
            let name = format!("{user}-{index}");
            let rooms = &self.scenario.rooms;
            let stream = Rng::new(self.seed, &format!("client {name}"));
            let takes = match recovery {
                RecoveryMode::Resuming => TakesChanges::Named,
                RecoveryMode::Plain | RecoveryMode::Cursor if takes_changes => TakesChanges::Commits,
                RecoveryMode::Plain | RecoveryMode::Cursor => TakesChanges::No,
            };
            let is_owner = self.users.first().is_some_and(|owner| owner.username == user);
            let changes = Rng::new(self.seed, &format!("changes {name}"));
            let changes = ClientChanges::new(takes, index, is_owner, changes);
            let mut client = SimulatedClient::new(name.clone(), user, recovery, rooms, changes, stream);
            let mut rng = Rng::new(self.seed, &format!("device {name}"));
            if let (Some(room), false) = (rooms.first(), archive.is_empty())
                && rng.percent(70)
            {
                let has = usize::try_from(rng.between(1, self.scenario.archive)).unwrap_or_default();
                client.remember(room, archive.get(..has).unwrap_or_default());
            }
            let (connect, act) = (rng.between(1, 400), rng.between(200, 1_000));
            let change_rng = Rng::new(self.seed, &format!("changing {name}"));
            self.devices.push(Device::new(client, link, recovery, (rng, change_rng)));
            self.schedule.at(connect, Owner::Device(index), Event::Connect { device: index });
            self.schedule.at(act, Owner::Device(index), Event::Act { device: index });
            self.schedule.at(act, Owner::Device(index), Event::Retry { device: index });
        }
        for (moment, fault) in self.scenario.faults.clone() {
            self.schedule.at(moment, Owner::World, Event::Apply(fault));
        }
        let healed = self.scenario.length_ms;
        self.schedule.at(healed, Owner::World, Event::Heal);
        self.schedule.at(healed + UNTIL_LAST_DIRECTS_MS, Owner::World, Event::LastDirects);
        self.schedule.at(healed + UNTIL_LAST_LINES_MS, Owner::World, Event::LastLines);
        self.schedule.at(healed + UNTIL_LAST_LINES_MS + 2_000, Owner::World, Event::CheckIdle);
        self.trace.note(0, format_args!("{} rooms, {} clients", epochs, self.devices.len()));
    }

    /// Puts the rooms and the archive onto the disk. Returns how many rooms there are.
    fn make_rooms(&mut self) -> usize {
        let mut users = self.users.iter().map(|user| user.id.clone());
        let Some(owner) = users.next() else { return 0 };
        let members: Vec<UserId> = users.collect();
        let rooms: Vec<RoomId> =
            self.scenario.rooms.iter().filter_map(|room| RoomId::parse(room).ok()).collect();
        for id in &rooms {
            self.disk.keep(Write::Create(RoomDraft {
                id: id.clone(),
                name: id.to_string(),
                kind: RoomKind::Group,
                epoch: u32::try_from(self.rng.between(1, u64::from(u32::MAX))).unwrap_or(1),
                owner: owner.clone(),
                members: members.clone(),
                at_ms: 0,
            }));
        }
        if let (Some(room), Some(author)) = (rooms.first(), self.users.first()) {
            let author = Arc::new(author.clone());
            let draft = |number: u64, rng: &mut Rng| MessageDraft {
                id: MessageId(rng.uuid()),
                author: author.clone(),
                draft: DraftId(rng.uuid()),
                body: format!("{ARCHIVIST} {number}").into(),
                parent: None,
                kind: MessageKind::Text,
            };
            let drafts = (0..self.scenario.archive).map(|number| draft(number, &mut self.rng)).collect();
            self.disk.keep(Write::Append(room.clone(), drafts, 0));
        }
        rooms.len()
    }

    /// Everything that the store has in a room, by the room's place in the scenario.
    async fn stored(&self, room: usize) -> Vec<MessageLine> {
        let id = self.scenario.rooms.get(room).and_then(|room| RoomId::parse(room).ok());
        let (Some(instance), Some(id)) = (&self.instance, id) else { return Vec::new() };
        let mut lines: Vec<MessageLine> = Vec::new();
        loop {
            let after = lines.last().map_or(0, |line| line.seq);
            let page =
                instance.store.memory.page(&id, HistoryRange::After(after), limits::MAX_PAGE_MESSAGES).await;
            let Ok(page) = page else { return lines };
            let is_last = !page.has_more;
            lines.extend(page.messages.iter().map(|message| line(&message.to_wire())));
            if is_last {
                return lines;
            }
        }
    }

    /// A message in each room from a client that is certainly a member, so that each subscriber receives one at the end.
    pub(crate) fn send_last_lines(&mut self) {
        let now = self.now();
        let guest = self.guest().map(|(_, guest)| guest);
        let steady = self
            .devices
            .iter()
            .position(|device| !device.is_dead && guest.as_deref() != Some(device.client.user()));
        let Some(index) = steady else { return };
        for room in self.scenario.rooms.clone() {
            let Some(device) = self.devices.get_mut(index) else { return };
            let requests = device.client.send_line(&room, now);
            self.send(index, requests);
        }
    }

    /// Two direct messages to each user. Unless nothing fails, the store keeps the first one and does not confirm it: a client
    /// that is connected receives it all the same.
    pub(crate) fn send_last_directs(&mut self) {
        if !self.scenario.is_faultless {
            self.disk_queue.leave_unconfirmed(self.users.iter().map(|user| user.id.clone()));
        }
        for to in 0..self.users.len() {
            self.start_burst(Burst { kind: BurstKind::Directs { to }, count: 2, bytes: 0 });
        }
    }

    /// Ends the run if each client is subscribed to its rooms and waits for nothing.
    pub(crate) async fn check_idle(&mut self) {
        let now = self.script_now();
        let mut pending = Vec::new();
        let mut heads = Vec::new();
        for room in &self.scenario.rooms {
            let (members, head) = self.members(room).await;
            heads.push(head);
            for device in self.devices.iter().filter(|it| !it.is_dead) {
                let is_member = members.contains(device.client.user());
                pending.extend(device.client.pending(room, is_member));
            }
        }
        if self.instance.is_none() {
            pending.push("there is no server".to_owned());
        }
        if let Some(instance) = &self.instance {
            self.inboxes.note_waiting(&instance.store.memory, &self.users).await;
        }
        // Whether it is received in the end is the checker's business.
        let is_calm = self.inboxes.quiet_since().is_some_and(|since| now >= since + UNTIL_LAST_LINES_MS);
        // What was stored since the last check may still be on its way.
        let is_quiet = heads == self.last_heads;
        self.last_heads = heads;
        let is_idle = pending.is_empty() && is_calm && is_quiet && !self.has_undelivered();
        if is_idle {
            self.is_over = true;
        } else if now > self.scenario.length_ms + UNTIL_GIVEN_UP_MS {
            self.violations.extend(pending);
            self.is_over = true;
        } else {
            self.schedule.at(now + 2_000, Owner::World, Event::CheckIdle);
        }
    }

    /// Whether a stored entry has reached none of its user's clients, and could have.
    fn has_undelivered(&self) -> bool {
        self.inboxes.has_undelivered(|user, kind| {
            let mut devices = self.devices.iter().filter(|it| it.client.user() == user && !it.is_dead);
            devices.any(|it| it.client.kinds().contains(&kind))
        })
    }

    /// Who is in a room, and the number of its last message.
    async fn members(&self, room: &str) -> (BTreeSet<String>, u64) {
        let (Some(instance), Ok(id)) = (&self.instance, RoomId::parse(room)) else {
            return Default::default();
        };
        let record = instance.store.memory.room(&id).await.ok().flatten();
        let members =
            |it: RoomRecord| (it.members.iter().map(|it| it.user.id.to_string()).collect(), it.head.seq);
        record.map(members).unwrap_or_default()
    }

    /// What the run leaves behind.
    pub(crate) async fn into_history(mut self) -> (History, Self) {
        let (entries, sent) = self.inboxes.take();
        let mut history = History { sent, entries, ..History::default() };
        let posted = self.disk.posted();
        for room in 0..self.scenario.rooms.len() {
            let name = self.scenario.rooms.get(room).cloned().unwrap_or_default();
            for mut line in self.stored(room).await {
                let position = position(&line);
                if split(&mut line).is_none() {
                    let what = format!("room {name}: {position} is stored in part: {:.80}", line.text);
                    self.violations.push(what);
                    continue;
                }
                let state = line.state.as_deref().cloned().unwrap_or_default();
                if state.is_deleted {
                    if !line.text.is_empty() {
                        self.violations.push(format!("room {name}: {position} is deleted and has a text"));
                    }
                    line.text = posted.get(&line.id).cloned().unwrap_or_default();
                }
                if line.text.starts_with(ARCHIVIST) {
                    history.sent.push(Sent {
                        client: ARCHIVIST.to_owned(),
                        room: name.clone(),
                        text: line.text.clone(),
                        acknowledged: Some(position.clone()),
                        is_persistent: true,
                    });
                }
                history.stored.push(Stored { room: name.clone(), position, text: line.text, state });
            }
        }
        self.counts.messages = u64::try_from(history.stored.len()).unwrap_or(u64::MAX);
        for device in std::mem::take(&mut self.devices) {
            if device.connection.is_some() {
                history.present.insert(device.client.user().to_owned());
            }
            self.violations.extend(device.client.violations.iter().cloned());
            let receives_inbox = device.receives_inbox();
            let (sent, changes, mut view) = device.client.into_history(receives_inbox);
            view.observations.iter_mut().for_each(|notice| restore(notice, &posted));
            history.sent.extend(sent);
            history.sent_changes.extend(changes);
            history.views.push(view);
        }
        (history, self)
    }
}

/// A message that had been deleted when a client received it has the text again as it was posted.
fn restore(notice: &mut Observation, posted: &HashMap<Uuid, String>) {
    if let Observation::Message { text, position, .. } = notice
        && text.is_empty()
    {
        let id = position.id.as_deref().and_then(|id| Uuid::try_parse(id).ok());
        *text = id.and_then(|id| posted.get(&id).cloned()).unwrap_or_default();
    }
}

fn position(line: &MessageLine) -> Position {
    Position { epoch: Some(line.epoch.0), seq: Some(line.seq), id: Some(line.id.to_string()) }
}
