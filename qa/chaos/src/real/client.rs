//! Real client: connects, sends, loses its connection and comes back, until the round is over.

use std::net::SocketAddr;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use protocol::CloseCode;

use super::clients::{Behaviour, Then};
use super::journal::{Expected, Journal, Record, Standing};
use super::link::{Brought, Link};
use crate::body::grow;

/// How often a client looks whether its connection is alive, and sends again what was refused.
const TICK: Duration = Duration::from_millis(1_500);

/// A connection that was silent for so long is dead. Shorter than most programs would have it, so that clients often come
/// back while the server still believes in their old connection.
const SILENCE: Duration = Duration::from_secs(4);

/// A client that could not change its transport tries again after so long, and one that could does not need to.
const UPGRADE_AGAIN: Duration = Duration::from_secs(5);

/// Connections in a row that may be closed as too slow before anything is told on them.
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
    /// It comes when the talk is over.
    UntilHeal,
    /// It looks in now and then, for a moment.
    Visits,
    /// It comes, follows everything, leaves, and comes back when the talk is over.
    AfterJoining,
}

/// What part of a round it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Everybody talks; in a burst as fast as they can.
    Talk { is_burst: bool },
    /// Nobody begins anything new.
    Heal,
    /// Everybody leaves.
    Over,
}

/// One client and what it needs.
pub(super) struct Client {
    pub(super) behaviour: Box<dyn Behaviour>,
    pub(super) journal: Journal,
    pub(super) token: String,
    /// Its proxy.
    pub(super) addr: SocketAddr,
    pub(super) random: StdRng,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) standing: watch::Sender<Standing>,
    /// A client whose process ends with the talk, and not politely.
    pub(super) dies_early: bool,
    pub(super) absence: Absence,
    /// What it must be told in the end, once that is known.
    pub(super) expected: watch::Receiver<Expected>,
}

impl Client {
    pub(super) async fn live(mut self) -> Record {
        let mut is_first = true;
        let mut in_vain = 0;
        while !self.is_over() {
            self.stay_away(is_first).await;
            if !is_first {
                let pause = Duration::from_millis(self.random.random_range(5..400));
                tokio::time::sleep(pause).await;
            }
            is_first = false;
            match Link::open(self.addr, &self.behaviour.path(&self.token)).await {
                Some(link) => {
                    self.journal.counters().connections.one();
                    let told = self.journal.told_so_far();
                    let code = self.stay(link).await;
                    in_vain = self.count_in_vain(in_vain, code, told);
                    self.journal.standing().is_settled = false;
                    self.show();
                }
                None => self.journal.counters().attempts_in_vain.one(),
            }
        }
        let follows = self.behaviour.follows();
        self.journal.close(follows)
    }

    fn is_over(&self) -> bool {
        match *self.phase.borrow() {
            Phase::Talk { .. } => false,
            Phase::Heal => self.dies_early,
            Phase::Over => true,
        }
    }

    /// Waits while the client is not there.
    async fn stay_away(&mut self, is_first: bool) {
        let is_away = match self.absence {
            Absence::Never => false,
            Absence::UntilHeal | Absence::Visits => true,
            Absence::AfterJoining => !is_first,
        };
        if is_away && matches!(*self.phase.borrow(), Phase::Talk { .. }) {
            let healed = self.phase.wait_for(|phase| !matches!(phase, Phase::Talk { .. }));
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
    fn count_in_vain(&mut self, before: u32, code: Option<u16>, told: usize) -> u32 {
        let is_too_slow = code == Some(CloseCode::TooSlow.number());
        self.journal.counters().too_slow.add(usize::from(is_too_slow));
        if !is_too_slow || self.journal.told_so_far() > told {
            return 0;
        }
        if before + 1 == IN_VAIN && matches!(*self.phase.borrow(), Phase::Heal) {
            self.journal.odd(format!("was closed as too slow {IN_VAIN} times in a row and told nothing"));
        }
        before + 1
    }

    /// Talks and listens until the connection or the round ends. Answers with the code that the server closed it with.
    async fn stay(&mut self, mut link: Link) -> Option<u16> {
        let mut out = Vec::new();
        self.journal.connected();
        let leaves_at = Instant::now() + Duration::from_millis(self.random.random_range(100..2_000));
        self.behaviour.begin(&mut self.journal, &mut out);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard_at = Instant::now();
        let mut talks_at = Instant::now() + self.pause();
        let mut upgrades_at = Instant::now() + Duration::from_millis(self.random.random_range(0..1_000));
        loop {
            // A server that takes nothing is a connection that is dead.
            if !out.is_empty() {
                let frames = std::mem::take(&mut out);
                if !tokio::time::timeout(SILENCE, link.send(frames)).await.unwrap_or(false) {
                    return None;
                }
            }
            self.show();
            let is_talking = matches!(*self.phase.borrow(), Phase::Talk { .. });
            if is_talking && self.absence == Absence::AfterJoining && self.behaviour.is_settled() {
                return None;
            }
            tokio::select! {
                brought = link.next() => {
                    heard_at = Instant::now();
                    match brought {
                        Brought::Frame(frame) => {
                            if self.behaviour.hear(&frame, &mut self.journal, &mut out) == Then::HangUp {
                                return None;
                            }
                        }
                        Brought::Alive => {}
                        Brought::End(code) => return code,
                    }
                }
                () = tokio::time::sleep_until(talks_at), if is_talking => {
                    self.talk(&mut out);
                    talks_at = Instant::now() + self.pause();
                }
                () = tokio::time::sleep_until(leaves_at), if is_talking && self.absence == Absence::Visits => return None,
                changed = self.expected.changed() => {
                    if changed.is_err() {
                        return None;
                    }
                    let expected = self.expected.borrow_and_update().clone();
                    self.journal.expect(expected);
                }
                () = tokio::time::sleep_until(upgrades_at), if self.behaviour.upgrades() => {
                    match tokio::time::timeout(SILENCE, link.upgrade()).await {
                        Ok(Some(is_upgraded)) => self.journal.counters().upgrades.add(usize::from(is_upgraded)),
                        Ok(None) | Err(_) => return None,
                    }
                    upgrades_at += UPGRADE_AGAIN;
                    heard_at = Instant::now();
                }
                _ = ticks.tick() => {
                    let is_dead = link.answers_pings() && heard_at.elapsed() > SILENCE;
                    if is_dead || !tokio::time::timeout(SILENCE, link.ping()).await.unwrap_or(false) {
                        return None;
                    }
                    self.behaviour.tick(&mut self.journal, &mut out);
                }
                changed = self.phase.changed() => {
                    if changed.is_err() || self.is_over() {
                        return None;
                    }
                    talks_at = Instant::now() + self.pause();
                }
            }
        }
    }

    /// From one line to the next.
    fn pause(&mut self) -> Duration {
        let is_burst = matches!(*self.phase.borrow(), Phase::Talk { is_burst: true });
        let ms =
            if is_burst { self.random.random_range(1..40) } else { self.random.random_range(100..1_500) };
        Duration::from_millis(ms)
    }

    fn talk(&mut self, out: &mut Vec<String>) {
        let rooms = self.behaviour.rooms();
        if rooms.is_empty() {
            return;
        }
        let Some(room) = rooms.get(self.random.random_range(0..rooms.len())).cloned() else { return };
        let mut line = self.journal.next_line();
        let is_burst = matches!(*self.phase.borrow(), Phase::Talk { is_burst: true });
        if !is_burst && self.random.random_ratio(LARGE, 1_000) {
            self.journal.counters().large.one();
            line = grow(&line, self.random.random_range(LARGE_BYTES), '.');
        }
        self.behaviour.say(&room, line, &mut self.journal, out);
    }

    /// Shows how it stands to who waits for quiet; before that nobody looks.
    fn show(&mut self) {
        if matches!(*self.phase.borrow(), Phase::Talk { .. }) {
            return;
        }
        let is_settled = self.behaviour.is_settled();
        let standing = self.journal.standing();
        standing.is_settled = is_settled;
        if *self.standing.borrow() != *standing {
            self.standing.send_replace(standing.clone());
        }
    }
}
