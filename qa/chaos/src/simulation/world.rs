//! World around the hub: owns virtual time, the disk, connections and clients, and lets one event happen after the other.
//!
//! Long because the order of everything in a run is decided here.
//!
//! Everything that reaches the hub from outside does so here, one event in each tick of virtual time. The clock moves when
//! no task has anything to do, so the hub has finished with one event before the next one comes, and the order in which
//! its maps are walked changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use hub::model::User;
use hub::{ClientTransport, Hub, Identity, InboxStart, OutboxItem, outbox};
use protocol::UserId;
use tokio::sync::mpsc;

use super::call::Call;
use super::clock::JumpyClock;
use super::connection::{Arrival, Connection, is_patient};
use super::device::{Device, SIGN_IN};
use super::disk::{Disk, SimulatedStore};
use super::frames::{FailureReason, PLAIN, RESUMING, Request, ServerFrame, read};
use super::ingress::{Ingress, Report};
use super::rng::Rng;
use super::scenario::{Health, RecoveryMode, Scenario};
use super::schedule::{Event, Owner, Schedule};
use super::trace::Trace;
use super::transport::ResumeOutlet;
use crate::history::{Entry, Sent};

/// The hub may do something of its own accord at odd milliseconds, the world does at even ones.
const TICK_MS: u64 = 2;

/// What a run did, to be added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events.
    pub steps: u64,
    /// Messages in the store at the end.
    pub messages: u64,
    /// Servers that went from one moment to the next.
    pub crashes: u64,
    /// Servers that were told to stop.
    pub drains: u64,
    /// Connections that were cut.
    pub cuts: u64,
    /// Readers that were let go because they were slow.
    pub slow: u64,
    /// Calls that the disk failed.
    pub failures: u64,
    /// Entries of inboxes that were acknowledged.
    pub entries: u64,
    /// Entries that were refused because too much waited for their user.
    pub full: u64,
    /// Entries that a client was told again.
    pub again: u64,
    /// Clients that came back and were recovered where they stood.
    pub resumed: u64,
}

/// The server, while there is one.
pub(crate) struct ServerInstance {
    pub(crate) number: u32,
    pub(crate) hub: Hub,
    pub(crate) store: Arc<SimulatedStore>,
}

/// All of it.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) scenario: Scenario,
    pub(crate) users: Vec<User>,
    pub(crate) schedule: Schedule,
    pub(crate) trace: Trace,
    pub(crate) counts: Counts,
    pub(crate) clock: Arc<JumpyClock>,
    pub(crate) rng: Rng,
    pub(crate) disk: Arc<Disk>,
    pub(crate) health: Health,
    pub(crate) is_full: bool,
    /// Whose next write to the inbox the disk keeps and does not confirm.
    pub(crate) unconfirmed: BTreeSet<UserId>,
    pub(crate) calls: BTreeMap<u64, Call>,
    pub(crate) instance: Option<ServerInstance>,
    pub(crate) instances: u32,
    pub(crate) devices: Vec<Device>,
    pub(crate) connections: BTreeMap<u32, Connection>,
    pub(crate) violations: Vec<String>,
    /// What was sent to inboxes, and what bursts said in rooms.
    pub(crate) entries: Vec<Entry>,
    pub(crate) lines: Vec<Sent>,
    /// What of the former was told, by user and text.
    pub(crate) told: BTreeSet<(String, String)>,
    /// Bursts that are under way.
    pub(crate) bursts: BTreeSet<usize>,
    pub(crate) last_burst: usize,
    /// When a burst was last over.
    pub(crate) last_burst_over_ms: u64,
    /// The heads of the rooms at the last look for rest.
    pub(crate) last_heads: Vec<u64>,
    pub(crate) is_over: bool,
    pub(crate) ingress: Ingress,
    reports: mpsc::UnboundedReceiver<Report>,
    next_call: u64,
    disk_rngs: BTreeMap<String, Rng>,
}

impl World {
    /// The world of a scenario, before anything has begun.
    pub(crate) fn new(seed: u64, scenario: Scenario, keeps_lines: bool) -> Self {
        let (ingress, reports) = Ingress::new();
        let user = |name: &String| {
            Some(User {
                id: UserId::parse(name).ok()?,
                username: name.clone(),
                email: format!("{name}@example.org"),
                is_active: true,
                created_at_ms: 0,
            })
        };
        Self {
            seed,
            users: scenario.users.iter().filter_map(user).collect(),
            health: scenario.disk.clone(),
            schedule: Schedule::new(scenario.is_faultless),
            scenario,
            trace: Trace::new(keeps_lines),
            counts: Counts::default(),
            clock: Arc::new(JumpyClock::new()),
            rng: Rng::new(seed, "world"),
            disk: Arc::default(),
            is_full: false,
            unconfirmed: BTreeSet::new(),
            calls: BTreeMap::new(),
            instance: None,
            instances: 0,
            devices: Vec::new(),
            connections: BTreeMap::new(),
            violations: Vec::new(),
            entries: Vec::new(),
            lines: Vec::new(),
            told: BTreeSet::new(),
            bursts: BTreeSet::new(),
            last_burst: 0,
            last_burst_over_ms: 0,
            last_heads: Vec::new(),
            is_over: false,
            ingress,
            reports,
            next_call: 0,
            disk_rngs: BTreeMap::new(),
        }
    }

    /// Milliseconds since the beginning.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.clock.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The same in the time of the script, which may be late.
    pub(crate) fn script_now(&self) -> u64 {
        self.now().saturating_sub(self.schedule.late_ms())
    }

    /// Lets one event happen after the other until the run is over.
    pub(crate) async fn run(&mut self) {
        let begun = self.clock.begun;
        while !self.is_over {
            let now = self.now();
            match self.schedule.next_at() {
                Some(moment) if moment <= now => {
                    if let Some((moment, event)) = self.schedule.take(now) {
                        self.counts.steps += 1;
                        self.handle(moment, event).await;
                    }
                }
                Some(moment) => {
                    // Whatever a task reports may come to something before the next event does.
                    let moment = moment.next_multiple_of(TICK_MS);
                    tokio::select! {
                        biased;
                        Some(report) = self.reports.recv() => {
                            self.settle().await;
                            self.take_in(report);
                            continue;
                        }
                        () = tokio::time::sleep_until(begun + Duration::from_millis(moment)) => continue,
                    }
                }
                // Clients look after themselves until the run is over.
                None => return,
            }
            self.settle().await;
            if let Ok(report) = self.reports.try_recv() {
                self.take_in(report);
            }
        }
    }

    /// Waits until no task has anything to do, which takes a tick.
    async fn settle(&self) {
        let tick = (self.now() / TICK_MS + 1) * TICK_MS;
        tokio::time::sleep_until(self.clock.begun + Duration::from_millis(tick)).await;
    }

    /// Takes in everything that tasks have reported, in an order that does not depend on theirs.
    fn take_in(&mut self, first: Report) {
        let mut reports = vec![first];
        while let Ok(report) = self.reports.try_recv() {
            reports.push(report);
        }
        // Stable: what one task reports stays in its order.
        reports.sort_by(|a, b| a.order().cmp(&b.order()));
        for report in reports {
            match report {
                Report::Call(call) => self.take_call(call),
                Report::Frames { connection, items } => self.take_frames(connection, items),
                Report::Closed { connection, code } => {
                    let now = self.now();
                    self.counts.slow += u64::from(code == protocol::CloseCode::TooSlow);
                    self.trace.note(now, format_args!("connection {connection} is closed with {code:?}"));
                    if let Some(it) = self.connections.get_mut(&connection) {
                        let moment = it.down.is_free_at(now) + 1;
                        let event = Event::DownEnd { connection, code: Some(code) };
                        self.schedule.at(moment, Owner::Down(connection), event);
                    }
                }
                Report::Drained { instance } => self.has_drained(instance),
                Report::Burst { burst, event, .. } => self.take_burst_event(burst, event),
            }
        }
    }

    fn take_call(&mut self, call: Call) {
        if self.instance.as_ref().is_none_or(|instance| instance.number != call.instance) {
            // That server instance is gone, so nobody hears the answer.
            return;
        }
        let now = self.now();
        let (seed, name) = (self.seed, &call.name);
        let rng =
            self.disk_rngs.entry(name.clone()).or_insert_with(|| Rng::new(seed, &format!("disk {name}")));
        let mut delay = rng.between(self.health.delay_ms.0, self.health.delay_ms.1);
        if rng.percent(self.health.slow) {
            delay += rng.between(500, 3_000);
        }
        self.next_call += 1;
        let event = Event::Disk { call: self.next_call };
        self.schedule.at(now + delay, Owner::Disk(name.clone()), event);
        self.calls.insert(self.next_call, call);
    }

    /// The random stream for calls of this name.
    pub(crate) fn disk_rng(&mut self, name: &str) -> &mut Rng {
        let seed = self.seed;
        let new = || Rng::new(seed, &format!("verdict {name}"));
        self.disk_rngs.entry(format!("verdict {name}")).or_insert_with(new)
    }

    fn take_frames(&mut self, connection: u32, items: Vec<OutboxItem>) {
        let now = self.now();
        let Some(it) = self.connections.get_mut(&connection) else { return };
        for item in items {
            for moment in it.down.arrivals(now, &it.wire) {
                let event = Event::Down { connection, item: item.clone() };
                self.schedule.at(moment, Owner::Down(connection), event);
            }
        }
        let free_at = it.down.is_free_at(now);
        if !it.down.is_lost(free_at) {
            self.schedule.at(free_at, Owner::Down(connection), Event::Free { connection });
        }
    }

    /// Sends what a client asks on its way.
    pub(crate) fn send(&mut self, device: usize, requests: Vec<Request>) {
        let now = self.now();
        let Some(connection) = self.devices.get(device).and_then(|device| device.connection) else { return };
        let Some(it) = self.connections.get_mut(&connection) else { return };
        for request in requests {
            for moment in it.up.arrivals(now, &it.wire) {
                let event = Event::Up { connection, request: request.clone() };
                self.schedule.at(moment, Owner::Up(connection), event);
            }
        }
    }

    /// A client connects, or tries again later.
    pub(crate) fn connect(&mut self, index: usize) {
        let (now, script_now) = (self.now(), self.script_now());
        let Some(device) = self.devices.get_mut(index) else { return };
        if device.is_dead || device.connection.is_some() || script_now < device.away_until {
            return;
        }
        let name = device.client.user();
        let user = self.users.iter().find(|user| user.username == name).cloned();
        let (Some(instance), Some(user)) = (&self.instance, user) else {
            let moment = script_now + device.rng.between(50, 700);
            return self.schedule.at(moment, Owner::Device(index), Event::Connect { device: index });
        };
        let (transport, inlet) = outbox(device.wire.outbox_bytes);
        let identity = Identity { user: Arc::new(user), sign_in: SIGN_IN };
        let (encoder, position, arrival): (_, Arc<dyn ClientTransport>, _) = match device.recovery {
            RecoveryMode::Plain | RecoveryMode::Cursor => {
                let arrival = match device.client.cursor() {
                    _ if !device.follows_inbox() => Arrival::Rooms,
                    Some(cursor) => Arrival::Inbox(InboxStart::Cursor(cursor)),
                    None => Arrival::Inbox(InboxStart::Fresh),
                };
                (PLAIN, Arc::new(transport.clone()), arrival)
            }
            RecoveryMode::Resuming => {
                let position = Arc::new(ResumeOutlet::new(transport.clone()));
                (RESUMING, position.clone(), Arrival::Resume(device.client.positions().cloned(), position))
            }
        };
        let attached = instance.hub.attach(identity, encoder, position);
        let Ok(peer) = attached else {
            let moment = script_now + device.rng.between(100, 1_500);
            return self.schedule.at(moment, Owner::Device(index), Event::Connect { device: index });
        };
        let number = u32::try_from(self.connections.len()).unwrap_or(u32::MAX);
        let names = (number, index, instance.number);
        let wire = device.wire.clone();
        let ends = (peer, transport, inlet);
        let connection = Connection::open(names, wire, self.seed, ends, arrival, self.ingress.clone());
        self.trace.note(now, format_args!("{} has connection {number}", device.client.name()));
        self.connections.insert(number, connection);
        (device.connection, device.is_told) = (Some(number), false);
        let requests = device.client.connected(device.wire.loss > 0, now);
        self.send(index, requests);
    }

    /// The network cuts a connection: part of what is under way may still arrive, and each side learns of it in its time.
    pub(crate) fn cut(&mut self, connection: u32) {
        let now = self.now();
        let Some(it) = self.connections.get_mut(&connection) else { return };
        self.counts.cuts += 1;
        let up_end = it.up.cut(now, 3_000) + it.up.notices_after(5_000);
        let down_end = it.down.cut(now, 1_000) + it.down.notices_after(1_500);
        self.schedule.at(up_end, Owner::Up(connection), Event::UpEnd { connection });
        self.schedule.at(down_end, Owner::Down(connection), Event::DownEnd { connection, code: None });
    }

    /// A frame reaches a client, if it still listens to this connection.
    pub(crate) fn deliver(&mut self, connection: u32, moment: u64, frame: &[u8]) {
        let now = self.now();
        let Some(it) = self.connections.get(&connection).filter(|it| !it.down.is_lost(moment)) else {
            return;
        };
        let index = it.device;
        let guest = self.guest();
        let Some(device) = self.devices.get_mut(index).filter(|it| it.connection == Some(connection)) else {
            return;
        };
        let Some((told, positions)) = read(frame) else {
            return self.violations.push(format!("{} was told what it cannot read", device.client.name()));
        };
        let name = device.client.name();
        self.trace.note_frame(now, name, &told);
        if let ServerFrame::Out { room }
        | ServerFrame::Failed { room: Some(room), why: FailureReason::NoRoom, .. } = &told
            && guest.as_ref() != Some(&(room.clone(), device.client.user().to_owned()))
        {
            self.violations.push(format!("room {room}: {name} was sent out and is in it"));
        }
        device.is_told |=
            matches!(told, ServerFrame::Message { .. } | ServerFrame::Joined(_) | ServerFrame::Entry { .. });
        if let Some(positions) = positions {
            device.client.note(positions);
        }
        let requests = device.client.receive(&told, now);
        self.send(index, requests);
        match &told {
            ServerFrame::Entry { text, .. } => self.note_entry(index, text),
            ServerFrame::Resumed { recovered } => self.counts.resumed += u64::from(*recovered),
            _ => {}
        }
    }

    /// The room and the person who is put into it and taken out again.
    pub(crate) fn guest(&self) -> Option<(String, String)> {
        Some((self.scenario.rooms.first()?.clone(), self.scenario.users.last()?.clone()))
    }

    /// A client learns that its connection has ended.
    pub(crate) fn disconnected(&mut self, connection: u32, code: Option<protocol::CloseCode>) {
        let (now, script_now) = (self.now(), self.script_now());
        let Some(index) = self.connections.get(&connection).map(|it| it.device) else { return };
        let Some(device) = self.devices.get_mut(index).filter(|it| it.connection == Some(connection)) else {
            return;
        };
        self.trace.note(now, format_args!("{} has lost connection {connection}", device.client.name()));
        device.connection = None;
        if let Some(times) = device.ends(code).filter(|_| script_now > self.scenario.length_ms) {
            let name = device.client.name();
            self.violations
                .push(format!("{name} was closed with TooSlow {times} times in a row and told nothing"));
        }
        let soonest = if is_patient(code) { 300 } else { 5 };
        let moment = script_now + device.rng.between(soonest, 900);
        self.schedule.at(moment, Owner::Device(index), Event::Connect { device: index });
    }
}
