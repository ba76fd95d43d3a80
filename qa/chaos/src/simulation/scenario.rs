//! Scenario: everything that a seed decides beforehand.

use std::time::Duration;

use hub::HubSettings;

use super::burst::{Burst, BurstKind};
use super::rng::Rng;

/// How a client is connected.
#[derive(Debug, Clone)]
pub(crate) struct LinkProfile {
    /// How long a frame takes, in milliseconds.
    pub(crate) delay_ms: (u64, u64),
    /// Frames in a hundred that are lost, doubled, or overtaken by others.
    pub(crate) loss: u64,
    /// Bytes that may wait for the client.
    pub(crate) outbox_bytes: usize,
    /// Frames in a hundred before which the link stalls.
    pub(crate) stalls: u64,
}

impl LinkProfile {
    /// A quick link without faults, to a client that takes what comes.
    pub(crate) fn good() -> Self {
        Self { delay_ms: (1, 4), loss: 0, outbox_bytes: OUTBOX_BYTES, stalls: 0 }
    }
}

/// How well the disk does.
#[derive(Debug, Clone)]
pub(crate) struct Health {
    /// How long a call takes, in milliseconds.
    pub(crate) delay_ms: (u64, u64),
    /// Calls in a hundred that take seconds.
    pub(crate) slow: u64,
    /// Writes in a hundred that fail without having done anything.
    pub(crate) fails: u64,
    /// Writes in a hundred that fail although they are done.
    pub(crate) lies: u64,
    /// Looks in a hundred that fail.
    pub(crate) blind: u64,
}

impl Health {
    /// A disk that is slow and fails at times.
    fn drawn(rng: &mut Rng) -> Self {
        Self {
            delay_ms: (1, rng.between(2, 60)),
            slow: rng.between(0, 3),
            fails: rng.between(0, 10),
            lies: rng.between(0, 10),
            blind: rng.between(0, 5),
        }
    }

    /// A disk without faults.
    pub(crate) fn good() -> Self {
        Self { delay_ms: (1, 4), slow: 0, fails: 0, lies: 0, blind: 0 }
    }
}

/// Something that goes wrong, or changes, for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server is gone from one moment to the next.
    Crash,
    /// The server is asked to stop, and another one is started.
    Drain,
    /// The clock of the server shows another time.
    ClockJump(i64),
    /// The disk takes nothing any more.
    DiskFull,
    /// The disk takes something again.
    DiskFree,
    /// The guest is taken out of the first room, or put into it.
    Guest(bool),
    /// All clients of a user lose their connections and stay away until a moment.
    Away { user: usize, until_ms: u64 },
    /// Much is sent at once.
    Burst(Burst),
}

/// How a client comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecoveryMode {
    /// It joins its rooms anew, from the last number that it has.
    Plain,
    /// The same, and it keeps the last number of its inbox, too.
    Cursor,
    /// It shows its positions, and the server brings what it missed if it can: as the clients of Socket.IO do.
    Resuming,
}

/// A client as the scenario has it.
#[derive(Debug, Clone)]
pub(crate) struct ClientPlan {
    pub(crate) user: String,
    pub(crate) recovery: RecoveryMode,
    /// It takes changes of messages, if that is its own choice.
    pub(crate) takes_changes: bool,
    pub(crate) link: LinkProfile,
}

/// Everything that a seed decides beforehand.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) rooms: Vec<String>,
    pub(crate) users: Vec<String>,
    pub(crate) clients: Vec<ClientPlan>,
    /// How long things go wrong, in milliseconds.
    pub(crate) length_ms: u64,
    /// How long clients wait between two things that they do.
    pub(crate) pause_ms: (u64, u64),
    /// Acts in a hundred that are the end of a connection.
    pub(crate) cuts: u64,
    /// Acts in a hundred that also change a message.
    pub(crate) changes: u64,
    /// Acts in a hundred after which a client is never seen again.
    pub(crate) deaths: u64,
    pub(crate) faults: Vec<(u64, Fault)>,
    pub(crate) disk: Health,
    /// Messages that the first room has before anything begins.
    pub(crate) archive: u64,
    pub(crate) settings: HubSettings,
    /// Nothing fails, each frame and each call takes the same time, and the schedule is in step.
    pub(crate) is_faultless: bool,
}

const NAMES: [&str; 6] = ["ann", "bob", "cem", "dee", "eve", "fox"];
const ROOMS: [&str; 3] = ["kitchen", "garden", "attic"];

impl Scenario {
    /// The scenario of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed, "scenario");
        let users = some(&NAMES, rng.between(2, 5));
        let rooms = some(&ROOMS, rng.between(1, 3));
        let length_ms = rng.between(6_000, 16_000);
        let wild = rng.percent(70);
        let clients = clients(&mut rng, &users, wild);
        let faults = faults(&mut rng, length_ms);
        let disk = if rng.percent(60) { Health::drawn(&mut rng) } else { Health::good() };
        let archive = if rng.percent(12) { rng.between(400, 1_300) } else { 0 };
        let settings = settings(&mut rng);
        let mut scenario = Self {
            rooms,
            users,
            clients,
            length_ms,
            pause_ms: (20, rng.between(150, 900)),
            cuts: rng.between(0, 10),
            changes: 0,
            deaths: rng.between(0, 1),
            faults,
            disk,
            archive,
            settings,
            is_faultless: false,
        };
        scenario.add_inboxes(&mut Rng::new(seed, "inboxes"));
        scenario.add_changes(&mut Rng::new(seed, "changes"));
        scenario
    }

    /// The same rooms, users, absences and bursts on a network, a disk and a server that never fail, in step: each frame and
    /// each call takes the same time, and clients begin nothing while anything is under way. A hub that makes a call more or
    /// takes longer is asked the same in the same order.
    pub(crate) fn without_faults(mut self) -> Self {
        self.is_faultless = true;
        self.faults.retain(|(_, fault)| match fault {
            Fault::Crash | Fault::Drain | Fault::ClockJump(_) | Fault::DiskFull | Fault::DiskFree => false,
            Fault::Guest(_) | Fault::Away { .. } | Fault::Burst(_) => true,
        });
        (self.cuts, self.deaths, self.changes) = (0, 0, 0);
        self.clients.iter_mut().for_each(|part| part.takes_changes = false);
        self.disk = self.healed_disk();
        let link = self.healed_link();
        self.clients.iter_mut().for_each(|part| part.link = link.clone());
        self
    }

    /// The disk once all is well.
    pub(crate) fn healed_disk(&self) -> Health {
        if self.is_faultless { Health { delay_ms: STEADY_MS, ..Health::good() } } else { Health::good() }
    }

    /// The link of a client once all is well.
    pub(crate) fn healed_link(&self) -> LinkProfile {
        if self.is_faultless {
            LinkProfile { delay_ms: STEADY_MS, ..LinkProfile::good() }
        } else {
            LinkProfile::good()
        }
    }

    /// In half of the scenarios messages are changed, and clients take that or do not.
    fn add_changes(&mut self, rng: &mut Rng) {
        if rng.percent(50) {
            self.changes = rng.between(5, 60);
            self.clients.iter_mut().for_each(|part| part.takes_changes = rng.percent(70));
        }
    }

    /// Draws what waits for absent users: a little in most scenarios, much in a few.
    fn add_inboxes(&mut self, rng: &mut Rng) {
        for part in &mut self.clients {
            part.recovery = match rng.between(0, 3) {
                0 if part.link.loss == 0 => RecoveryMode::Resuming,
                1 => RecoveryMode::Cursor,
                _ => RecoveryMode::Plain,
            };
            if part.recovery == RecoveryMode::Resuming {
                part.link.outbox_bytes = OUTBOX_BYTES;
            }
        }
        let has_volume = rng.percent(VOLUME);
        if rng.percent(12) {
            self.take_guest_out(rng);
        }
        for _ in 0..rng.between(u64::from(has_volume), 2) {
            let user = usize_between(rng, 0, self.users.len() as u64 - 1);
            let from = rng.between(300, self.length_ms / 2);
            // Some come back after all is well.
            let until_ms = rng.between(from + 500, self.length_ms + 4_000);
            self.faults.push((from, Fault::Away { user, until_ms }));
            if has_volume && rng.percent(60) {
                self.let_resume(user);
            }
            for _ in 0..rng.between(1, 2) {
                let burst = self.burst(user, has_volume, rng);
                let at = rng.between(from, from + (until_ms - from) / 2);
                self.faults.push((at, Fault::Burst(burst)));
            }
        }
        if has_volume {
            // So much takes its time.
            self.disk.delay_ms = (1, self.disk.delay_ms.1.min(8));
            // What waits for one connection is bounded as in the program.
            self.clients.iter_mut().for_each(|part| part.link.outbox_bytes = OUTBOX_BYTES);
            if rng.percent(40) {
                self.settings.inbox_bytes_per_user = 400_000;
            }
        }
    }

    /// A client of this user resumes.
    fn let_resume(&mut self, user: usize) {
        let Some(name) = self.users.get(user).cloned() else { return };
        if let Some(part) = self.clients.iter_mut().find(|it| it.user == name && it.link.loss == 0) {
            part.recovery = RecoveryMode::Resuming;
            part.link.outbox_bytes = OUTBOX_BYTES;
        }
    }

    /// The guest is removed from the first room while it is away, and learns of it when it comes back.
    fn take_guest_out(&mut self, rng: &mut Rng) {
        let user = self.users.len() - 1;
        self.let_resume(user);
        let from = rng.between(2_000, self.length_ms);
        self.faults.push((from, Fault::Away { user, until_ms: from + rng.between(500, 3_000) }));
        self.faults.push((from + 200, Fault::Guest(false)));
    }

    fn burst(&self, user: usize, has_volume: bool, rng: &mut Rng) -> Burst {
        let room = usize_between(rng, 0, self.rooms.len() as u64 - 1);
        let kind = match rng.between(0, 2) {
            0 => BurstKind::Directs { to: user },
            1 => BurstKind::Jobs { owner: user },
            _ => BurstKind::Lines { room },
        };
        let (count, bytes) = match kind {
            _ if !has_volume => (usize_between(rng, 1, 8), usize_between(rng, 0, 300)),
            BurstKind::Jobs { .. } => *rng.pick(&JOBS).unwrap_or(&(70, 16_000)),
            BurstKind::Directs { .. } => *rng.pick(&TEXTS).unwrap_or(&(30, 60_000)),
            BurstKind::Lines { .. } => *rng.pick(&LINES).unwrap_or(&(30, 60_000)),
        };
        Burst { kind, count, bytes }
    }
}

/// How long a frame or a call takes where nothing fails.
const STEADY_MS: (u64, u64) = (2, 2);

/// Scenarios in a hundred that have volume.
const VOLUME: u64 = 7;

/// What may wait for a connection of the program.
const OUTBOX_BYTES: usize = 1024 * 1024;

/// How many texts of how many bytes: more than an outbox or a portion may hold, than an inbox keeps.
const TEXTS: [(usize, usize); 4] = [(22, 65_536), (40, 30_000), (220, 5_000), (1_050, 60)];

/// The same for messages of a room: more than an outbox or a page may hold, than a client that resumes is brought.
const LINES: [(usize, usize); 3] = [(22, 65_536), (220, 5_000), (505, 2_500)];

/// The same for jobs, of whose results there may be less.
const JOBS: [(usize, usize); 3] = [(70, 16_000), (90, 16_000), (260, 2_500)];

/// One or two clients of each user.
fn clients(rng: &mut Rng, users: &[String], wild: bool) -> Vec<ClientPlan> {
    let mut clients = Vec::new();
    for user in users {
        for _ in 0..rng.between(1, 2) {
            let link = link(rng, wild);
            clients.push(ClientPlan {
                user: user.clone(),
                recovery: RecoveryMode::Plain,
                takes_changes: false,
                link,
            });
        }
    }
    clients
}

/// Crashes, stops, clocks, guests and a full disk, and when they happen.
fn faults(rng: &mut Rng, length_ms: u64) -> Vec<(u64, Fault)> {
    let mut faults = Vec::new();
    let times: Vec<u64> = (0..16).map(|_| rng.between(500, length_ms)).collect();
    let mut times = times.into_iter();
    let mut apply = |odds: u64, rng: &mut Rng, fault: Fault| {
        let at = times.next().unwrap_or(length_ms);
        if rng.percent(odds) {
            faults.push((at, fault));
        }
    };
    for odds in [60, 40, 20] {
        apply(odds, rng, Fault::Crash);
    }
    apply(25, rng, Fault::Drain);
    for odds in [40, 20] {
        let by = i64::try_from(rng.between(0, 7_200_000)).unwrap_or_default() - 3_600_000;
        apply(odds, rng, Fault::ClockJump(by));
    }
    for odds in [50, 50, 30, 30] {
        apply(odds, rng, Fault::Guest(odds == 30));
    }
    if rng.percent(30) {
        let at = rng.between(500, length_ms);
        faults.push((at, Fault::DiskFull));
        faults.push((at + rng.between(200, 3_000), Fault::DiskFree));
    }
    faults
}

/// Bounds so narrow, and times so short, that a run reaches them.
fn settings(rng: &mut Rng) -> HubSettings {
    HubSettings {
        mailbox: usize_between(rng, 4, 64),
        batch: usize_between(rng, 1, 16),
        history_cache_messages_per_room: usize_between(rng, 2, 24),
        // So few that rooms take it from each other.
        history_cache_bytes: 4_000,
        // Odd, so that what the hub does of its own accord never falls together with what the simulation does.
        room_idle: Duration::from_millis(rng.between(500, 10_000) | 1),
        presence_grace: Duration::from_millis(rng.between(300, 5_000) | 1),
        presence_tick: Duration::from_millis(rng.between(20, 400) | 1),
        typing_timeout: Duration::from_millis(rng.between(300, 3_000) | 1),
        ..HubSettings::default()
    }
}

fn some(names: &[&str], count: u64) -> Vec<String> {
    names.iter().zip(0..count).map(|(name, _)| (*name).to_owned()).collect()
}

fn usize_between(rng: &mut Rng, least: u64, most: u64) -> usize {
    usize::try_from(rng.between(least, most)).unwrap_or(usize::MAX)
}

fn link(rng: &mut Rng, wild: bool) -> LinkProfile {
    if !wild {
        return LinkProfile { delay_ms: (1, 20), loss: 0, outbox_bytes: 1024 * 1024, stalls: 0 };
    }
    let slowest = *rng.pick(&[5, 30, 150, 600]).unwrap_or(&5);
    LinkProfile {
        delay_ms: (1, slowest),
        loss: if rng.percent(20) { rng.between(1, 8) } else { 0 },
        outbox_bytes: *rng.pick(&[600, 2_000, 8_000, 1024 * 1024]).unwrap_or(&2_000),
        stalls: rng.between(0, 4),
    }
}
