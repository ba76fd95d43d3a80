//! One client: it connects, talks, loses its connection and comes back, until the round is over.

use std::net::SocketAddr;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::journal::{Journal, Record, Standing};
use super::link::{Brought, Link};
use super::speech::{Speech, Then};

/// How often a client looks whether its connection is alive, and sends again what was refused.
const TICK: Duration = Duration::from_millis(1_500);

/// A connection that was silent for so long is dead. Shorter than most programs would have it, so that clients often come
/// back while the server still believes in their old connection.
const SILENCE: Duration = Duration::from_secs(4);

/// A client that could not change its transport tries again after so long, and one that could does not need to.
const UPGRADE_AGAIN: Duration = Duration::from_secs(5);

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
    pub(super) speech: Box<dyn Speech>,
    pub(super) journal: Journal,
    pub(super) token: String,
    /// Its proxy.
    pub(super) addr: SocketAddr,
    pub(super) random: StdRng,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) standing: watch::Sender<Standing>,
    /// A client whose process ends with the talk, and not politely.
    pub(super) dies_early: bool,
}

impl Client {
    pub(super) async fn live(mut self) -> Record {
        let mut is_first = true;
        while !self.is_over() {
            if !is_first {
                let pause = Duration::from_millis(self.random.random_range(5..400));
                tokio::time::sleep(pause).await;
            }
            is_first = false;
            match Link::open(self.addr, &self.speech.path(&self.token)).await {
                Some(link) => {
                    self.journal.counters().connections.one();
                    self.stay(link).await;
                    self.journal.standing().is_settled = false;
                    self.show();
                }
                None => self.journal.counters().attempts_in_vain.one(),
            }
        }
        let follows = self.speech.follows();
        self.journal.close(follows)
    }

    fn is_over(&self) -> bool {
        match *self.phase.borrow() {
            Phase::Talk { .. } => false,
            Phase::Heal => self.dies_early,
            Phase::Over => true,
        }
    }

    /// Talks and listens until the connection or the round ends.
    async fn stay(&mut self, mut link: Link) {
        let mut out = Vec::new();
        self.speech.begin(&mut self.journal, &mut out);
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
                    return;
                }
            }
            self.show();
            let is_talking = matches!(*self.phase.borrow(), Phase::Talk { .. });
            tokio::select! {
                brought = link.next() => {
                    heard_at = Instant::now();
                    match brought {
                        Brought::Frame(frame) => {
                            if self.speech.hear(&frame, &mut self.journal, &mut out) == Then::HangUp {
                                return;
                            }
                        }
                        Brought::Life => {}
                        Brought::End => return,
                    }
                }
                () = tokio::time::sleep_until(talks_at), if is_talking => {
                    self.talk(&mut out);
                    talks_at = Instant::now() + self.pause();
                }
                () = tokio::time::sleep_until(upgrades_at), if self.speech.upgrades() => {
                    match tokio::time::timeout(SILENCE, link.upgrade()).await {
                        Ok(Some(is_upgraded)) => self.journal.counters().upgrades.add(usize::from(is_upgraded)),
                        Ok(None) | Err(_) => return,
                    }
                    upgrades_at += UPGRADE_AGAIN;
                    heard_at = Instant::now();
                }
                _ = ticks.tick() => {
                    let is_dead = link.answers_pings() && heard_at.elapsed() > SILENCE;
                    if is_dead || !tokio::time::timeout(SILENCE, link.ping()).await.unwrap_or(false) {
                        return;
                    }
                    self.speech.tick(&mut self.journal, &mut out);
                }
                changed = self.phase.changed() => {
                    if changed.is_err() || self.is_over() {
                        return;
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
        let rooms = self.speech.rooms();
        if rooms.is_empty() {
            return;
        }
        let Some(room) = rooms.get(self.random.random_range(0..rooms.len())).cloned() else { return };
        let line = self.journal.next_line();
        self.speech.say(&room, line, &mut self.journal, out);
    }

    /// Shows how it stands to who waits for quiet; before that nobody looks.
    fn show(&mut self) {
        if matches!(*self.phase.borrow(), Phase::Talk { .. }) {
            return;
        }
        let is_settled = self.speech.is_settled();
        let standing = self.journal.standing();
        standing.is_settled = is_settled;
        if *self.standing.borrow() != *standing {
            self.standing.send_replace(standing.clone());
        }
    }
}
