//! What each event does.

use std::sync::Arc;

use hub::{Hub, OutboxItem};
use protocol::{RoomId, UserId};

use super::call::{Errand, Verdict, Write};
use super::disk::SimulatedStore;
use super::ingress::Report;
use super::scenario::{Fault, Wire};
use super::schedule::{Event, Owner};
use super::words::Wish;
use super::world::{Life, World};

/// How long a server is gone after a crash, in milliseconds.
const DOWN_MS: (u64, u64) = (20, 1_500);

impl World {
    /// Something happens that was due at `moment`.
    pub(crate) async fn carry_out(&mut self, moment: u64, event: Event) {
        let now = self.now();
        match event {
            Event::Up { connection, wish } => self.take_wish(connection, moment, wish),
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
            Event::DownEnd { connection, code } => self.hang_up(connection, code),
            Event::Free { connection } => {
                if let Some(it) = self.connections.get(&connection).filter(|it| !it.down.is_lost(moment)) {
                    it.free();
                }
            }
            Event::Dial { device } => self.dial(device),
            Event::Act { device } => self.act(device),
            Event::Look { device } => self.look(device),
            Event::Disk { call } => self.judge(call),
            Event::Strike(fault) => self.strike(fault),
            Event::Boot => self.boot().await,
            Event::Heal => self.heal(),
            Event::LastDirects => self.send_last_directs(),
            Event::LastLines => self.say_last_lines(),
            Event::Rest => self.look_for_rest().await,
        }
    }

    fn take_wish(&mut self, connection: u32, moment: u64, wish: Wish) {
        let now = self.now();
        let Some(it) = self.connections.get_mut(&connection).filter(|it| !it.up.is_lost(moment)) else {
            return;
        };
        match &wish {
            Wish::Post { text, room, .. } => {
                self.trace.note(now, format_args!("on connection {connection} for {room}: {text}"));
            }
            Wish::Join { room, since } => {
                let since = since.map(|(_, seq)| seq);
                self.trace
                    .note(now, format_args!("on connection {connection} for {room}: join from {since:?}"));
            }
            Wish::Typing { .. } | Wish::Read { .. } | Wish::Receipt { .. } => {}
        }
        // A reader that has ended hears nothing any more.
        if it.uplink.as_ref().is_some_and(|uplink| uplink.send(wish).is_err()) {
            it.uplink = None;
        }
    }

    /// A client says something, types, reads, or loses its connection; and goes on a little later, until all is well.
    fn act(&mut self, index: usize) {
        let now = self.now();
        if now >= self.scenario.length_ms {
            return;
        }
        let (cuts, deaths, pause) = (self.scenario.cuts, self.scenario.deaths, self.scenario.pause_ms);
        let Some(device) = self.devices.get_mut(index).filter(|it| !it.is_dead) else { return };
        let next = now + device.chance.between(pause.0, pause.1);
        let room = device.chance.pick(&self.scenario.rooms).cloned().unwrap_or_default();
        let dice = device.chance.between(0, 99);
        let mut wishes = Vec::new();
        let mut ended = None;
        if device.chance.percent(deaths) {
            device.is_dead = true;
            device.client.go_for_good();
            ended = device.connection.take();
            self.trace.note(now, format_args!("{} is never seen again", device.client.name()));
        } else if device.chance.percent(cuts) {
            ended = device.connection;
            // Half of the time the client knows before the network does, and comes back while its old frames arrive.
            if ended.is_some() && device.chance.percent(50) {
                device.connection = None;
                let moment = now + device.chance.between(1, 300);
                self.schedule.at(moment, Owner::Device(index), Event::Dial { device: index });
            }
        } else if dice < 60 {
            wishes = device.client.say(&room, now);
        } else if let Some(seq) = device.client.has_read(&room) {
            wishes.push(match dice {
                60..75 => Wish::Typing { room, on: dice < 70 },
                _ => Wish::Read { room, seq },
            });
        }
        self.schedule.at(next, Owner::Device(index), Event::Act { device: index });
        self.send(index, wishes);
        if let Some(connection) = ended {
            self.cut(connection);
        }
    }

    fn look(&mut self, index: usize) {
        let now = self.now();
        let Some(device) = self.devices.get_mut(index).filter(|it| !it.is_dead) else { return };
        let wishes = if device.connection.is_some() { device.client.look(now) } else { Vec::new() };
        let next = now + device.chance.between(300, 600);
        self.schedule.at(next, Owner::Device(index), Event::Look { device: index });
        self.send(index, wishes);
    }

    /// The disk gets to a call.
    fn judge(&mut self, number: u64) {
        let Some(call) = self.calls.remove(&number) else { return };
        let (fails, lies, blind) = (self.health.fails, self.health.lies, self.health.blind);
        let is_full = self.is_full;
        let is_unconfirmed =
            matches!(&call.errand, Errand::Change(Write::Inbox(user, ..)) if self.unconfirmed.remove(user));
        let chance = self.disk_chance(&call.name);
        let verdict = match call.errand {
            Errand::Change(_) if is_unconfirmed => Verdict::Lie,
            Errand::Change(_) if is_full || chance.percent(fails) => Verdict::Bad,
            Errand::Change(_) if chance.percent(lies) => Verdict::Lie,
            Errand::Look if chance.percent(blind) => Verdict::Bad,
            _ => Verdict::Good,
        };
        if verdict != Verdict::Good {
            self.counts.failures += 1;
            let now = self.now();
            self.trace.note(now, format_args!("the disk fails {} ({verdict:?})", call.name));
        }
        // A hub that does not wait any more needs no answer.
        call.reply.send(verdict).ok();
    }

    fn strike(&mut self, fault: Fault) {
        let now = self.now();
        self.trace.note(now, format_args!("{fault:?}"));
        match fault {
            Fault::Crash => self.crash(),
            Fault::Drain => self.drain(),
            Fault::ClockJump(by_ms) => self.clock.jump(by_ms),
            Fault::DiskFull => self.is_full = true,
            Fault::DiskFree => self.is_full = false,
            Fault::Guest(is_in) => self.move_guest(is_in),
            Fault::Away { user, until_ms } => self.send_away(user, until_ms),
            Fault::Burst(burst) => self.start_burst(burst),
        }
    }

    /// The clients of a user lose their connections and do not come back before a moment.
    fn send_away(&mut self, user: usize, until_ms: u64) {
        let Some(name) = self.scenario.people.get(user).cloned() else { return };
        for index in 0..self.devices.len() {
            let Some(device) = self.devices.get_mut(index) else { return };
            if device.client.person() != name {
                continue;
            }
            device.away_until = until_ms;
            self.schedule.at(until_ms, Owner::Device(index), Event::Dial { device: index });
            if let Some(connection) = device.connection.take() {
                self.cut(connection);
            }
        }
    }

    fn crash(&mut self) {
        let now = self.now();
        if self.life.take().is_none() {
            return;
        }
        self.counts.crashes += 1;
        self.bursts.clear();
        self.disk.crash();
        // What was under way may have come to the disk or not; nobody is told.
        for (_, call) in std::mem::take(&mut self.calls) {
            let is_done = self.disk_chance(&call.name).percent(50);
            if let Errand::Change(write) = call.errand
                && is_done
            {
                self.trace.note(now, format_args!("the disk has kept a write of {}", call.name));
                self.disk.keep(write);
            }
        }
        self.lose_connections();
        let moment = now + self.chance.between(DOWN_MS.0, DOWN_MS.1);
        self.schedule.at(moment, Owner::World, Event::Boot);
    }

    /// Whatever still holds a connection to a server that is gone learns of it.
    fn lose_connections(&mut self) {
        let now = self.now();
        for (&connection, it) in &mut self.connections {
            if it.life == self.lives && it.uplink.is_some() {
                it.abandon();
                // What the system had taken from the server is still sent.
                let end = it.down.cut(now, 200) + it.down.notices_after(300);
                let event = Event::DownEnd { connection, code: None };
                self.schedule.at(end, Owner::Down(connection), event);
            }
        }
    }

    fn drain(&mut self) {
        if let Some(life) = &self.life {
            let (hub, ingress, life) = (life.hub.clone(), self.ingress.clone(), life.number);
            self.counts.drains += 1;
            tokio::spawn(async move {
                hub.drain().await;
                ingress.report(Report::Drained { life });
            });
        }
    }

    /// A server that was told to stop has done so.
    pub(crate) fn has_drained(&mut self, number: u32) {
        if self.life.as_ref().is_some_and(|life| life.number == number) {
            let now = self.now();
            self.trace.note(now, format_args!("the server has drained"));
            self.life = None;
            self.calls.clear();
            self.bursts.clear();
            for it in self.connections.values_mut().filter(|it| it.life == number) {
                it.uplink = None;
            }
            let moment = now + self.chance.between(DOWN_MS.0, DOWN_MS.1);
            self.schedule.at(moment, Owner::World, Event::Boot);
        }
    }

    fn move_guest(&self, is_in: bool) {
        let Some((room, guest)) = self.guest() else { return };
        let owner = self.people.first().map(|person| person.id.clone());
        let (Some(life), Some(owner), Ok(room), Ok(guest)) =
            (&self.life, owner, RoomId::parse(&room), UserId::parse(&guest))
        else {
            return;
        };
        let hub = life.hub.clone();
        tokio::spawn(async move {
            // The disk may fail it; who is in the room at the end is read from the store.
            if is_in {
                hub.add_members(&owner, &room, vec![guest]).await.ok();
            } else {
                hub.remove_member(&owner, &room, &guest).await.ok();
            }
        });
    }

    /// A server starts on what the disk has.
    pub(crate) async fn boot(&mut self) {
        if self.life.is_some() {
            return;
        }
        self.lives += 1;
        let now = self.now();
        self.trace.note(now, format_args!("server {} starts", self.lives));
        match self.disk.read(&self.people).await {
            Ok(memory) => {
                let (number, disk, ingress) = (self.lives, self.disk.clone(), self.ingress.clone());
                let store = Arc::new(SimulatedStore::new(number, disk, memory, ingress));
                let hub = Hub::new(store.clone(), self.clock.clone(), self.scenario.settings.clone());
                self.life = Some(Life { number, hub, store });
            }
            Err(error) => {
                self.complaints.push(format!("server {} could not read the disk: {error}", self.lives));
                self.is_over = true;
            }
        }
    }

    /// From now on the network and the disk are whole.
    fn heal(&mut self) {
        let now = self.now();
        self.trace.note(now, format_args!("all is well again"));
        self.health = self.scenario.healed_disk();
        let wire = self.scenario.healed_wire();
        self.is_full = false;
        let mut cut = Vec::new();
        for index in 0..self.devices.len() {
            let Some(device) = self.devices.get_mut(index).filter(|it| !it.is_dead) else { continue };
            // Whoever lost frames cannot know which: it comes back over a link that loses none.
            if device.wire.loss > 0 {
                cut.extend(device.connection);
            }
            device.wire = wire.clone();
            device.heal();
            if let Some(it) = device.connection.and_then(|it| self.connections.get_mut(&it)) {
                it.wire = Wire { loss: it.wire.loss, ..wire.clone() };
            }
            let wishes = device.client.ask_everywhere(now);
            self.send(index, wishes);
        }
        for connection in cut {
            self.cut(connection);
        }
    }
}
