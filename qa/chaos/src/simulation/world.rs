//! World around the hub: owns virtual time, the disk, connections and clients, and lets one event happen after the other.
//!
//! Everything that reaches the hub from outside does so here, one event in each tick of virtual time. The clock moves when
//! no task has anything to do, so the hub has finished with one event before the next one comes, and the order in which
//! its maps are walked changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hub::model::User;
use hub::{ClientTransport, Hub, Identity, InboxStart, OutboxItem, outbox};
use protocol::UserId;
use tokio::sync::mpsc;

use super::call::Call;
use super::clock::JumpyClock;
use super::connection::{Arrival, Connection, is_patient};
use super::counts::SimulationCounts;
use super::device::{Device, SIGN_IN};
use super::disk::{Disk, SimulatedStore};
use super::disk_queue::DiskQueue;
use super::frames::{FailureReason, PLAIN, RESUMING, Request, ServerFrame, decode};
use super::inbox_ledger::InboxLedger;
use super::ingress::{Ingress, TaskReport};
use super::rng::Rng;
use super::scenario::{RecoveryMode, Scenario};
use super::schedule::{Event, Owner, Schedule};
use super::trace::Trace;
use super::transport::ResumeTransport;

/// The hub may do something of its own accord at odd milliseconds, the world does at even ones.
const TICK_MS: u64 = 2;

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
    pub(crate) counts: SimulationCounts,
    pub(crate) clock: Arc<JumpyClock>,
    pub(crate) rng: Rng,
    pub(crate) disk: Arc<Disk>,
    pub(crate) disk_queue: DiskQueue,
    pub(crate) instance: Option<ServerInstance>,
    pub(crate) instances: u32,
    pub(crate) devices: Vec<Device>,
    pub(crate) connections: BTreeMap<u32, Connection>,
    pub(crate) violations: Vec<String>,
    pub(crate) inboxes: InboxLedger,
    /// The heads of the rooms when idleness was last checked.
    pub(crate) last_heads: Vec<u64>,
    pub(crate) is_over: bool,
    pub(crate) ingress: Ingress,
    reports: mpsc::UnboundedReceiver<TaskReport>,
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
            disk_queue: DiskQueue::new(seed, scenario.disk.clone()),
            schedule: Schedule::new(scenario.is_faultless),
            scenario,
            trace: Trace::new(keeps_lines),
            counts: SimulationCounts::default(),
            clock: Arc::new(JumpyClock::new()),
            rng: Rng::new(seed, "world"),
            disk: Arc::default(),
            instance: None,
            instances: 0,
            devices: Vec::new(),
            connections: BTreeMap::new(),
            violations: Vec::new(),
            inboxes: InboxLedger::default(),
            last_heads: Vec::new(),
            is_over: false,
            ingress,
            reports,
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
                // Never before the run is over: each client has its next event.
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
    fn take_in(&mut self, first: TaskReport) {
        let mut reports = vec![first];
        while let Ok(report) = self.reports.try_recv() {
            reports.push(report);
        }
        // Stable: what one task reports stays in its order.
        reports.sort_by(|a, b| a.order().cmp(&b.order()));
        for report in reports {
            match report {
                TaskReport::Call(call) => self.take_call(call),
                TaskReport::Frames { connection, items } => self.take_frames(connection, items),
                TaskReport::Closed { connection, code } => {
                    let now = self.now();
                    self.counts.slow += u64::from(code == protocol::CloseCode::TooSlow);
                    self.trace.note(now, format_args!("connection {connection} is closed with {code:?}"));
                    if let Some(it) = self.connections.get_mut(&connection) {
                        let moment = it.down.is_free_at(now) + 1;
                        let event = Event::DownEnd { connection, code: Some(code) };
                        self.schedule.at(moment, Owner::Down(connection), event);
                    }
                }
                TaskReport::Drained { instance } => self.has_drained(instance),
                TaskReport::Burst { burst, event, .. } => self.take_burst_event(burst, event),
            }
        }
    }

    fn take_call(&mut self, call: Call) {
        if self.instance.as_ref().is_none_or(|instance| instance.number != call.instance) {
            // That server instance is gone and needs no answer.
            return;
        }
        let now = self.now();
        let owner = Owner::Disk(call.name.clone());
        let (number, delay) = self.disk_queue.push(call);
        self.schedule.at(now + delay, owner, Event::Disk { call: number });
    }

    fn take_frames(&mut self, connection: u32, items: Vec<OutboxItem>) {
        let now = self.now();
        let Some(it) = self.connections.get_mut(&connection) else { return };
        for item in items {
            for moment in it.down.arrivals(now, &it.link) {
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
            for moment in it.up.arrivals(now, &it.link) {
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
        let (transport, receiver) = outbox(device.link.outbox_bytes);
        let identity = Identity { user: Arc::new(user), sign_in: SIGN_IN };
        let (encoder, position, arrival): (_, Arc<dyn ClientTransport>, _) = match device.recovery {
            RecoveryMode::Plain | RecoveryMode::Cursor => {
                let arrival = match device.client.cursor() {
                    _ if !device.is_inbox_subscriber() => Arrival::Rooms,
                    Some(cursor) => Arrival::Inbox(InboxStart::Cursor(cursor)),
                    None => Arrival::Inbox(InboxStart::Fresh),
                };
                (PLAIN, Arc::new(transport.clone()), arrival)
            }
            RecoveryMode::Resuming => {
                let position = Arc::new(ResumeTransport::new(transport.clone()));
                (RESUMING, position.clone(), Arrival::Resume(device.client.positions().cloned(), position))
            }
        };
        let attached = instance.hub.attach(identity, encoder, position);
        let Ok(session) = attached else {
            let moment = script_now + device.rng.between(100, 1_500);
            return self.schedule.at(moment, Owner::Device(index), Event::Connect { device: index });
        };
        let number = u32::try_from(self.connections.len()).unwrap_or(u32::MAX);
        let names = (number, index, instance.number);
        let link = device.link.clone();
        let ends = (session, transport, receiver);
        let connection = Connection::open(names, link, self.seed, ends, arrival, self.ingress.clone());
        self.trace.note(now, format_args!("{} has connection {number}", device.client.name()));
        self.connections.insert(number, connection);
        (device.connection, device.has_received) = (Some(number), false);
        let requests = device.client.connected(device.link.loss > 0, now);
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
    pub(crate) fn deliver(&mut self, connection: u32, moment: u64, bytes: &[u8]) {
        let now = self.now();
        let Some(it) = self.connections.get(&connection).filter(|it| !it.down.is_lost(moment)) else {
            return;
        };
        let index = it.device;
        let guest = self.guest();
        let Some(device) = self.devices.get_mut(index).filter(|it| it.connection == Some(connection)) else {
            return;
        };
        let Some((frame, positions)) = decode(bytes) else {
            return self.violations.push(format!("{} received what it cannot decode", device.client.name()));
        };
        let name = device.client.name();
        self.trace.note_frame(now, name, &frame);
        if let ServerFrame::Out { room }
        | ServerFrame::Failed { room: Some(room), why: FailureReason::NoRoom, .. } = &frame
            && guest.as_ref() != Some(&(room.clone(), device.client.user().to_owned()))
        {
            self.violations.push(format!("room {room}: {name} was sent out and is in it"));
        }
        device.has_received |=
            matches!(frame, ServerFrame::Message { .. } | ServerFrame::Joined(_) | ServerFrame::Entry { .. });
        if let Some(positions) = positions {
            device.client.note(positions);
        }
        let requests = device.client.receive(&frame, now);
        self.send(index, requests);
        match &frame {
            ServerFrame::Entry { text, .. } => {
                let is_new =
                    self.devices.get(index).map(|it| self.inboxes.note_delivery(it.client.user(), text));
                self.counts.again += u64::from(is_new == Some(false));
            }
            ServerFrame::Resumed { recovered } => self.counts.resumed += u64::from(*recovered),
            ServerFrame::Done { .. } => self.counts.changes += 1,
            _ => {}
        }
    }

    /// The room and the user who is added to it and removed again.
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
                .push(format!("{name} was closed with TooSlow {times} times in a row and received nothing"));
        }
        let soonest = if is_patient(code) { 300 } else { 5 };
        let moment = script_now + device.rng.between(soonest, 900);
        self.schedule.at(moment, Owner::Device(index), Event::Connect { device: index });
    }
}
