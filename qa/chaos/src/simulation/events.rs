//! Event handlers: what each scheduled event does to the world.

use std::sync::Arc;

use hub::{Hub, OutboxItem};
use protocol::{RoomId, UserId};

use super::burst::{Burst, BurstKind};
use super::burst_sender::BurstSender;
use super::call::Verdict;
use super::disk::SimulatedStore;
use super::frames::Request;
use super::ingress::{BurstEvent, TaskReport};
use super::scenario::{Fault, LinkProfile};
use super::schedule::{Event, Owner};
use super::world::{ServerInstance, World};

/// How long a server is gone after a crash, in milliseconds.
const DOWN_MS: (u64, u64) = (20, 1_500);

impl World {
    /// Something happens that was due at `moment`.
    pub(crate) async fn handle(&mut self, moment: u64, event: Event) {
        let now = self.now();
        match event {
            Event::Up { connection, request } => self.take_request(connection, moment, request),
            Event::UpEnd { connection } => {
                if let Some(it) = self.connections.get_mut(&connection) {
                    it.uplink = None;
                    self.trace.note(now, format_args!("the server has lost connection {connection}"));
                }
            }
            Event::Down { connection, item: OutboxItem::Frame(frame) } => {
                self.deliver(connection, moment, &frame);
            }
            Event::Down { connection, item: OutboxItem::Ping(token) } => {
                self.answer_ping(connection, moment, token);
            }
            Event::DownEnd { connection, code } => self.disconnected(connection, code),
            Event::Free { connection } => {
                if let Some(it) = self.connections.get(&connection).filter(|it| !it.down.is_lost(moment)) {
                    it.free();
                }
            }
            Event::Connect { device } => self.connect(device),
            Event::Act { device } => self.act(device),
            Event::Retry { device } => self.retry(device),
            Event::Disk { call } => self.judge(call),
            Event::Apply(fault) => self.apply(fault),
            Event::Boot => self.boot().await,
            Event::Heal => self.heal(),
            Event::LastDirects => self.send_last_directs(),
            Event::LastLines => self.send_last_lines(),
            Event::CheckIdle => self.check_idle().await,
        }
    }

    fn take_request(&mut self, connection: u32, moment: u64, request: Request) {
        let now = self.now();
        let Some(it) = self.connections.get_mut(&connection).filter(|it| !it.up.is_lost(moment)) else {
            return;
        };
        match &request {
            Request::Post { text, room, .. } => {
                self.trace.note(now, format_args!("on connection {connection} for {room}: {text}"));
            }
            Request::Change { room, what, .. } => {
                self.trace.note(now, format_args!("on connection {connection} for {room}: {what:?}"));
            }
            Request::Join { room, since, .. } => {
                let since = since.map(|(_, seq)| seq);
                self.trace
                    .note(now, format_args!("on connection {connection} for {room}: join from {since:?}"));
            }
            Request::Typing { .. } | Request::Read { .. } | Request::Receipt { .. } => {}
        }
        // A reader that has ended takes no requests.
        if it.uplink.as_ref().is_some_and(|uplink| uplink.send(request).is_err()) {
            it.uplink = None;
        }
    }

    /// A client sends a message, types, reads, or loses its connection; and goes on a little later, until the faults are over.
    fn act(&mut self, index: usize) {
        let (now, script_now) = (self.now(), self.script_now());
        if script_now >= self.scenario.length_ms {
            return;
        }
        let (cuts, deaths, pause) = (self.scenario.cuts, self.scenario.deaths, self.scenario.pause_ms);
        let Some(device) = self.devices.get_mut(index).filter(|it| !it.is_dead) else { return };
        let next = script_now + device.rng.between(pause.0, pause.1);
        let room = device.rng.pick(&self.scenario.rooms).cloned().unwrap_or_default();
        let dice = device.rng.between(0, 99);
        let mut requests = Vec::new();
        let mut ended = None;
        if device.rng.percent(deaths) {
            device.is_dead = true;
            device.client.abandon();
            ended = device.connection.take();
            self.trace.note(now, format_args!("{} is never seen again", device.client.name()));
        } else if device.rng.percent(cuts) {
            ended = device.connection;
            // Half of the time the client knows before the network does, and comes back while its old frames arrive.
            if ended.is_some() && device.rng.percent(50) {
                device.connection = None;
                let moment = script_now + device.rng.between(1, 300);
                self.schedule.at(moment, Owner::Device(index), Event::Connect { device: index });
            }
        } else if dice < 60 {
            requests = device.client.send_line(&room, now);
        } else if let Some(seq) = device.client.has_read(&room) {
            requests.push(match dice {
                60..75 => Request::Typing { room: room.clone(), on: dice < 70 },
                _ => Request::Read { room: room.clone(), seq },
            });
        }
        if self.scenario.changes > 0 && !device.is_dead && device.change_rng.percent(self.scenario.changes) {
            requests.extend(device.client.change_message(&room, now));
        }
        self.schedule.at(next, Owner::Device(index), Event::Act { device: index });
        self.send(index, requests);
        if let Some(connection) = ended {
            self.cut(connection);
        }
    }

    fn retry(&mut self, index: usize) {
        let (now, script_now) = (self.now(), self.script_now());
        let Some(device) = self.devices.get_mut(index).filter(|it| !it.is_dead) else { return };
        let requests = if device.connection.is_some() { device.client.due_requests(now) } else { Vec::new() };
        let next = script_now + device.rng.between(300, 600);
        self.schedule.at(next, Owner::Device(index), Event::Retry { device: index });
        self.send(index, requests);
    }

    /// The disk gets to a call.
    fn judge(&mut self, number: u64) {
        if let Some((name, verdict)) = self.disk_queue.judge(number)
            && verdict != Verdict::Good
        {
            self.counts.failures += 1;
            let now = self.now();
            self.trace.note(now, format_args!("the disk fails {name} ({verdict:?})"));
        }
    }

    fn apply(&mut self, fault: Fault) {
        let now = self.now();
        self.trace.note(now, format_args!("{fault:?}"));
        match fault {
            Fault::Crash => self.crash(),
            Fault::Drain => self.drain(),
            Fault::ClockJump(by_ms) => self.clock.jump(by_ms),
            Fault::DiskFull => self.disk_queue.set_full(true),
            Fault::DiskFree => self.disk_queue.set_full(false),
            Fault::Guest(is_in) => self.move_guest(is_in),
            Fault::Away { user, until_ms } => self.send_away(user, until_ms),
            Fault::Burst(burst) => self.start_burst(burst),
        }
    }

    /// Has a part of the application send a burst, which goes on while other things happen.
    pub(crate) fn start_burst(&mut self, burst: Burst) {
        let Some(instance) = &self.instance else { return };
        let room = match burst.kind {
            BurstKind::Lines { room } => self.scenario.rooms.get(room),
            // In the last one the guest stays, where there are several.
            BurstKind::Directs { .. } | BurstKind::Jobs { .. } => self.scenario.rooms.last(),
        };
        let user = match burst.kind {
            BurstKind::Directs { to: user } | BurstKind::Jobs { owner: user } => self.users.get(user),
            BurstKind::Lines { .. } => self.users.first(),
        };
        let author = match burst.kind {
            BurstKind::Directs { to: 0 } => self.users.get(1),
            _ => self.users.first(),
        };
        let (Some(author), Some(user), Some(Ok(room))) = (author, user, room.map(|room| RoomId::parse(room)))
        else {
            return;
        };
        let number = self.inboxes.next_burst();
        let sender = BurstSender {
            hub: instance.hub.clone(),
            author: Arc::new(author.clone()),
            user: Arc::new(user.clone()),
            room,
            name: format!("burst {number}"),
            burst,
        };
        self.inboxes.begin(number, &sender);
        let ingress = self.ingress.clone();
        let report = move |event| ingress.report(TaskReport::Burst { burst: number, event });
        tokio::spawn(sender.send(report));
    }

    /// Takes in what became of a part of a burst.
    pub(crate) fn take_burst_event(&mut self, burst: usize, event: BurstEvent) {
        let (now, script_now) = (self.now(), self.script_now());
        match &event {
            BurstEvent::Stored { user, text } => {
                self.trace.note(now, format_args!("for {user} is stored: {text}"));
            }
            BurstEvent::Over => self.trace.note(now, format_args!("burst {burst} is over")),
            BurstEvent::Posted { .. } | BurstEvent::Full => {}
        }
        self.inboxes.note(burst, event, script_now, &mut self.counts);
    }

    /// A client that still listens to a connection is asked for a receipt, and answers at once.
    fn answer_ping(&mut self, connection: u32, moment: u64, token: u64) {
        let Some(it) = self.connections.get(&connection).filter(|it| !it.down.is_lost(moment)) else {
            return;
        };
        let device = it.device;
        if self.devices.get(device).is_some_and(|it| it.connection == Some(connection)) {
            self.send(device, vec![Request::Receipt { token }]);
        }
    }

    /// The clients of a user lose their connections and do not come back before a moment.
    fn send_away(&mut self, user: usize, until_ms: u64) {
        let Some(name) = self.scenario.users.get(user).cloned() else { return };
        for index in 0..self.devices.len() {
            let Some(device) = self.devices.get_mut(index) else { return };
            if device.client.user() != name {
                continue;
            }
            device.away_until = until_ms;
            self.schedule.at(until_ms, Owner::Device(index), Event::Connect { device: index });
            if let Some(connection) = device.connection.take() {
                self.cut(connection);
            }
        }
    }

    fn crash(&mut self) {
        let now = self.now();
        if self.instance.take().is_none() {
            return;
        }
        self.counts.crashes += 1;
        self.inboxes.end_bursts();
        for (name, write) in self.disk_queue.crash() {
            self.trace.note(now, format_args!("the disk has kept a write of {name}"));
            self.disk.keep_unchecked(write);
        }
        self.lose_connections();
        let moment = now + self.rng.between(DOWN_MS.0, DOWN_MS.1);
        self.schedule.at(moment, Owner::World, Event::Boot);
    }

    /// Whatever still holds a connection to a server that is gone learns of it.
    fn lose_connections(&mut self) {
        let now = self.now();
        for (&connection, it) in &mut self.connections {
            if it.instance == self.instances && it.uplink.is_some() {
                it.abandon();
                // What the system had taken from the server is still sent.
                let end = it.down.cut(now, 200) + it.down.notices_after(300);
                let event = Event::DownEnd { connection, code: None };
                self.schedule.at(end, Owner::Down(connection), event);
            }
        }
    }

    fn drain(&mut self) {
        if let Some(instance) = &self.instance {
            let (hub, ingress, instance) = (instance.hub.clone(), self.ingress.clone(), instance.number);
            self.counts.drains += 1;
            tokio::spawn(async move {
                hub.drain().await;
                ingress.report(TaskReport::Drained { instance });
            });
        }
    }

    /// A server that was asked to stop has done so.
    pub(crate) fn has_drained(&mut self, number: u32) {
        if self.instance.as_ref().is_some_and(|instance| instance.number == number) {
            let now = self.now();
            self.trace.note(now, format_args!("the server has drained"));
            self.instance = None;
            self.disk_queue.clear();
            self.inboxes.end_bursts();
            for it in self.connections.values_mut().filter(|it| it.instance == number) {
                it.uplink = None;
            }
            let moment = now + self.rng.between(DOWN_MS.0, DOWN_MS.1);
            self.schedule.at(moment, Owner::World, Event::Boot);
        }
    }

    fn move_guest(&self, is_in: bool) {
        let Some((room, guest)) = self.guest() else { return };
        let owner = self.users.first().map(|user| user.id.clone());
        let (Some(instance), Some(owner), Ok(room), Ok(guest)) =
            (&self.instance, owner, RoomId::parse(&room), UserId::parse(&guest))
        else {
            return;
        };
        let hub = instance.hub.clone();
        tokio::spawn(async move {
            // The disk may fail it; the members at the end are read from the store.
            if is_in {
                hub.add_members(&owner, &room, vec![guest]).await.ok();
            } else {
                hub.remove_member(&owner, &room, &guest).await.ok();
            }
        });
    }

    /// A server starts on what the disk has.
    pub(crate) async fn boot(&mut self) {
        if self.instance.is_some() {
            return;
        }
        self.instances += 1;
        let now = self.now();
        self.trace.note(now, format_args!("server {} starts", self.instances));
        match self.disk.read(&self.users).await {
            Ok(memory) => {
                let (number, disk, ingress) = (self.instances, self.disk.clone(), self.ingress.clone());
                let store = Arc::new(SimulatedStore::new(number, disk, memory, ingress));
                let hub = Hub::new(store.clone(), self.clock.clone(), self.scenario.settings.clone());
                self.instance = Some(ServerInstance { number, hub, store });
            }
            Err(error) => {
                self.violations.push(format!("server {} could not read the disk: {error}", self.instances));
                self.is_over = true;
            }
        }
    }

    /// From now on the network and the disk are whole.
    fn heal(&mut self) {
        let now = self.now();
        self.trace.note(now, format_args!("all is well again"));
        self.disk_queue.heal(self.scenario.healed_disk());
        let link = self.scenario.healed_link();
        let mut cut = Vec::new();
        for index in 0..self.devices.len() {
            let Some(device) = self.devices.get_mut(index).filter(|it| !it.is_dead) else { continue };
            // Whoever lost frames cannot know which: it comes back over a link that loses none.
            if device.link.loss > 0 {
                cut.extend(device.connection);
            }
            device.link = link.clone();
            device.heal();
            if let Some(it) = device.connection.and_then(|it| self.connections.get_mut(&it)) {
                it.link = LinkProfile { loss: it.link.loss, ..link.clone() };
            }
            let requests = device.client.ask_everywhere(now);
            self.send(index, requests);
        }
        for connection in cut {
            self.cut(connection);
        }
    }
}
