//! Real client: connects, sends, loses its connection and comes back, until the round is over.

use std::net::SocketAddr;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use protocol::CloseCode;

use super::clients::{Behaviour, Next};
use super::journal::{ClientStatus, Expected, Journal, Record};
use super::link::{Link, LinkEvent};
use crate::body::grow;

/// How often a client checks that its connection is alive, and resends what was refused.
const TICK: Duration = Duration::from_millis(1_500);

/// A connection that was silent for so long is dead. Shorter than most programs would have it, so that clients often come
/// back while the server still believes in their old connection.
const SILENCE: Duration = Duration::from_secs(4);

/// A client that could not change its transport tries again after so long, and one that could does not need to.
const UPGRADE_AGAIN: Duration = Duration::from_secs(5);

/// Connections in a row that may be closed as too slow before they bring anything.
const IN_VAIN: u32 = 6;

/// Lines in a thousand that are as large as they may be, or nearly.
const LARGE: u32 = 4;

/// How large those are, in bytes.
const LARGE_BYTES: std::ops::RangeInclusive<usize> = 20_000..=65_536;

/// When a client is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    /// It is there from the beginning.
    Never,
    /// It connects when the faults are over.
    UntilHeal,
    /// It connects now and then, for a moment.
    Visits,
    /// It connects, subscribes to everything, leaves, and comes back when the faults are over.
    AfterJoining,
}

/// What part of a round it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// All clients send; in a burst as fast as they can.
    Active { is_burst: bool },
    /// Nobody begins anything new.
    Heal,
    /// Everybody leaves.
    Over,
}

/// When what is to happen on a connection.
struct Timers {
    leave: Instant,
    upgrade: Instant,
    next_line: Instant,
    /// When the server last gave a sign of life.
    heard: Instant,
}

/// One client and what it needs.
pub(super) struct RealClient {
    pub(super) behaviour: Box<dyn Behaviour>,
    pub(super) journal: Journal,
    pub(super) token: String,
    /// Its proxy.
    pub(super) addr: SocketAddr,
    pub(super) random: StdRng,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) status: watch::Sender<ClientStatus>,
    /// A client whose process ends with the faults, and without a goodbye.
    pub(super) dies_early: bool,
    pub(super) absence: Absence,
    /// What it must receive in the end, once that is known.
    pub(super) expected: watch::Receiver<Expected>,
}

impl RealClient {
    pub(super) async fn run(mut self) -> Record {
        let mut is_first = true;
        let mut in_vain = 0;
        while !self.is_over() {
            self.wait_while_absent(is_first).await;
            if !is_first {
                let pause = Duration::from_millis(self.random.random_range(5..400));
                tokio::time::sleep(pause).await;
            }
            is_first = false;
            match Link::open(self.addr, &self.behaviour.path(&self.token)).await {
                Some(link) => {
                    self.journal.counters().connections.one();
                    let received = self.journal.received_so_far();
                    let code = self.use_connection(link).await;
                    in_vain = self.count_in_vain(in_vain, code, received);
                    self.journal.status().is_settled = false;
                    self.report_status();
                }
                None => self.journal.counters().attempts_in_vain.one(),
            }
        }
        let subscriptions = self.behaviour.subscriptions();
        self.journal.close(subscriptions)
    }

    fn is_over(&self) -> bool {
        match *self.phase.borrow() {
            Phase::Active { .. } => false,
            Phase::Heal => self.dies_early,
            Phase::Over => true,
        }
    }

    /// Waits while the client is not there.
    async fn wait_while_absent(&mut self, is_first: bool) {
        let is_away = match self.absence {
            Absence::Never => false,
            Absence::UntilHeal | Absence::Visits => true,
            Absence::AfterJoining => !is_first,
        };
        if is_away && self.is_active() {
            let healed = self.phase.wait_for(|phase| !matches!(phase, Phase::Active { .. }));
            if self.absence == Absence::Visits {
                let pause = Duration::from_millis(self.random.random_range(300..3_000));
                // Either is the end of it.
                tokio::time::timeout(pause, healed).await.ok();
            } else {
                healed.await.ok();
            }
        }
    }

    /// How often in a row a connection was closed as too slow before it brought anything that is new.
    fn count_in_vain(&mut self, before: u32, code: Option<u16>, received: usize) -> u32 {
        let is_too_slow = code == Some(CloseCode::TooSlow.number());
        self.journal.counters().too_slow.add(usize::from(is_too_slow));
        if !is_too_slow || self.journal.received_so_far() > received {
            return 0;
        }
        if before + 1 == IN_VAIN && matches!(*self.phase.borrow(), Phase::Heal) {
            self.journal
                .anomaly(format!("was closed as too slow {IN_VAIN} times in a row and received nothing"));
        }
        before + 1
    }

    /// Sends and receives until the connection or the round ends. Returns the code that the server closed it with.
    // Long because it is one `select!` over everything that a connection waits for.
    async fn use_connection(&mut self, mut link: Link) -> Option<u16> {
        let mut out = Vec::new();
        self.journal.connected();
        let mut timers = self.timers();
        self.behaviour.begin(&mut self.journal, &mut out);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // A server that takes nothing is a connection that is dead.
            if !out.is_empty() && !in_time(link.send(std::mem::take(&mut out))).await {
                return None;
            }
            self.report_status();
            let is_active = self.is_active();
            if is_active && self.absence == Absence::AfterJoining && self.behaviour.is_settled() {
                return None;
            }
            tokio::select! {
                event = link.next() => {
                    timers.heard = Instant::now();
                    match event {
                        LinkEvent::Frame(frame) => {
                            if self.behaviour.receive(&frame, &mut self.journal, &mut out) == Next::Reconnect {
                                return None;
                            }
                        }
                        LinkEvent::Alive => {}
                        LinkEvent::End(code) => return code,
                    }
                }
                () = tokio::time::sleep_until(timers.next_line), if is_active => {
                    self.send_line(&mut out);
                    timers.next_line = Instant::now() + self.pause();
                }
                () = tokio::time::sleep_until(timers.leave), if is_active && self.absence == Absence::Visits => {
                    return None;
                }
                changed = self.expected.changed() => {
                    changed.ok()?;
                    let expected = self.expected.borrow_and_update().clone();
                    self.journal.expect(expected);
                }
                () = tokio::time::sleep_until(timers.upgrade), if self.behaviour.upgrades() => {
                    self.upgrade(&mut link).await?;
                    timers.upgrade += UPGRADE_AGAIN;
                    timers.heard = Instant::now();
                }
                _ = ticks.tick() => {
                    let is_dead = link.answers_pings() && timers.heard.elapsed() > SILENCE;
                    if is_dead || !in_time(link.ping()).await {
                        return None;
                    }
                    self.behaviour.tick(&mut self.journal, &mut out);
                }
                changed = self.phase.changed() => {
                    if changed.is_err() || self.is_over() {
                        return None;
                    }
                    timers.next_line = Instant::now() + self.pause();
                }
            }
        }
    }

    /// The times of a connection that begins now.
    fn timers(&mut self) -> Timers {
        let now = Instant::now();
        let leave = now + Duration::from_millis(self.random.random_range(100..2_000));
        let next_line = now + self.pause();
        let upgrade = now + Duration::from_millis(self.random.random_range(0..1_000));
        Timers { leave, upgrade, next_line, heard: now }
    }

    /// Changes the transport, if it can; `None` if the connection is lost.
    async fn upgrade(&mut self, link: &mut Link) -> Option<()> {
        let is_upgraded = tokio::time::timeout(SILENCE, link.upgrade()).await.ok().flatten()?;
        self.journal.counters().upgrades.add(usize::from(is_upgraded));
        Some(())
    }

    fn is_active(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Active { .. })
    }

    /// From one line to the next.
    fn pause(&mut self) -> Duration {
        let is_burst = matches!(*self.phase.borrow(), Phase::Active { is_burst: true });
        let ms =
            if is_burst { self.random.random_range(1..40) } else { self.random.random_range(100..1_500) };
        Duration::from_millis(ms)
    }

    fn send_line(&mut self, out: &mut Vec<String>) {
        let rooms = self.behaviour.rooms();
        if rooms.is_empty() {
            return;
        }
        let Some(room) = rooms.get(self.random.random_range(0..rooms.len())).cloned() else { return };
        let mut line = self.journal.next_text();
        let is_burst = matches!(*self.phase.borrow(), Phase::Active { is_burst: true });
        if !is_burst && self.random.random_ratio(LARGE, 1_000) {
            self.journal.counters().large.one();
            line = grow(&line, self.random.random_range(LARGE_BYTES), '.');
        }
        self.behaviour.send(&room, line, &mut self.journal, out);
    }

    /// Reports the status to the round, which waits for quiet after the faults.
    fn report_status(&mut self) {
        if self.is_active() {
            return;
        }
        let is_settled = self.behaviour.is_settled();
        let status = self.journal.status();
        status.is_settled = is_settled;
        if *self.status.borrow() != *status {
            self.status.send_replace(status.clone());
        }
    }
}

/// Whether something came to a good end before a connection would be given up.
async fn in_time(done: impl Future<Output = bool>) -> bool {
    tokio::time::timeout(SILENCE, done).await.unwrap_or(false)
}
