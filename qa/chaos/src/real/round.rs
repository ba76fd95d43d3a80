//! Round: clients talk while faults happen, then the network heals, and when all is quiet the history is checked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use protocol::rest::Tokens;
use rand::RngExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::client::{Absence, Client, Phase};
use super::clients::inbox_of;
use super::journal::{Expected, Journal, Record, Standing};
use super::offline_messages::Sender;
use super::options::Error;
use super::plan::{self, Act};
use super::proxy::Proxy;
use super::world::{Role, World};
use crate::checker::check;
use crate::history::{End, Entry, EntryKind, History, Position};

/// How often everybody is given a last line to wait for. A client that has no way to recover and loses its connection after
/// the last line waits for the next one.
const LAST_LINES: u32 = 8;

/// So long does everybody wait for one of them.
const QUIET: Duration = Duration::from_secs(8);

/// A client that takes part.
struct Player {
    name: String,
    proxy: Proxy,
    standing: watch::Receiver<Standing>,
    follows: BTreeSet<String>,
    user: Tokens,
    kinds: BTreeSet<EntryKind>,
    expected: watch::Sender<Expected>,
    stays: bool,
    life: JoinHandle<Record>,
}

/// One round on a world.
pub(super) struct Round<'a> {
    pub(super) world: &'a mut World,
    pub(super) seed: u64,
    pub(super) number: u64,
    pub(super) clients: usize,
    pub(super) kills: u32,
}

impl Round<'_> {
    /// Plays it and answers with what broke the promise.
    pub(super) async fn play(&mut self) -> Result<Vec<String>, Error> {
        self.world.sign_in().await?;
        let (phase, _) = watch::channel(Phase::Talk { is_burst: false });
        let (players, present) = self.enter(&phase).await?;
        let listeners: BTreeSet<String> = players.iter().flat_map(|it| it.follows.iter().cloned()).collect();
        let notifiers = self.notifiers(&listeners, &phase);
        let (letters, lines) = self.senders(&players, &phase);
        self.break_things(&players, &phase).await?;

        phase.send_replace(Phase::Heal);
        let mut found = Vec::new();
        for player in &players {
            if player.stays { player.proxy.heal() } else { player.proxy.close() }
        }
        let mut sent = std::mem::take(&mut self.world.sent);
        let said_before = sent.len();
        for notifier in notifiers {
            let record = notifier.await?;
            sent.extend(record.sent);
            found.extend(record.oddities);
        }
        for letters in letters {
            self.world.entries.extend(letters.await?);
        }
        if let Some(lines) = lines {
            let record = lines.await?;
            sent.extend(record.sent);
            found.extend(record.oddities);
        }
        tell_what_to_expect(&players, &self.world.entries);
        let last_lines = self.wait_for_quiet(&players, &listeners, &present, &mut found).await?;
        sent.extend(last_lines.sent);
        found.extend(last_lines.oddities);

        phase.send_replace(Phase::Over);
        let mut views = Vec::new();
        for player in players {
            let mut record = player.life.await?;
            if !player.stays {
                // Who has died sends nothing again, and need not have been told everything.
                record.sent.iter_mut().for_each(|sent| sent.is_persistent &= sent.acknowledged.is_some());
                record.view.end = End::default();
            }
            sent.extend(record.sent);
            found.extend(record.oddities);
            views.push(record.view);
        }
        let people = listeners.iter().filter_map(|it| it.strip_prefix("inbox:")).map(str::to_owned).collect();
        let stored = self.world.stored(&people).await?;
        let entries = std::mem::take(&mut self.world.entries);
        let history = History { sent, views, stored, present, entries };
        self.count(&history, said_before);
        found.extend(check(&history).iter().map(ToString::to_string));
        self.world.program.check().await?;
        self.world.counters.whole.one();
        found.extend(self.world.program.alarms());
        self.world.sent = history.sent;
        // Told in this round or found; it may come once more in the next one.
        let told = history.entries.into_iter().map(|entry| Entry { is_stored: false, ..entry });
        self.world.entries = told.collect();
        Ok(found)
    }

    /// Lets every client in, each by a proxy of its own. Also answers who is there when the talk is over.
    async fn enter(
        &mut self,
        phase: &watch::Sender<Phase>,
    ) -> Result<(Vec<Player>, BTreeSet<String>), Error> {
        let mut random = plan::random(self.seed, self.number << 16);
        let mut players = Vec::new();
        let mut present = BTreeSet::new();
        for (number, role) in self.world.roles(self.number, self.clients, &mut random).into_iter().enumerate()
        {
            let Role { name, person, behaviour, dies_early, absence } = role;
            let proxy = Proxy::start(self.world.program.address(), self.world.counters.clone()).await?;
            let (standing, shown) = watch::channel(Standing::default());
            let follows = behaviour.follows();
            let user = person.user.id.to_string();
            if !dies_early && absence == Absence::Never {
                present.insert(user.clone());
            }
            let (kinds, user_tokens) = (behaviour.kinds(), person.clone());
            let (expected, expects) = watch::channel(None);
            let client = Client {
                behaviour,
                journal: Journal::new(name.clone(), user, self.world.counters.clone())
                    .with_kinds(kinds.clone()),
                token: person.access_token,
                addr: proxy.addr,
                random: plan::random(self.seed, (self.number << 16) + 1 + number as u64),
                phase: phase.subscribe(),
                standing,
                dies_early,
                absence,
                expected: expects,
            };
            let life = tokio::spawn(client.live());
            players.push(Player {
                name,
                proxy,
                standing: shown,
                follows,
                user: user_tokens,
                kinds,
                expected,
                stays: !dies_early,
                life,
            });
        }
        Ok((players, present))
    }

    /// For everybody who listens, somebody who notifies.
    fn notifiers(
        &self,
        listeners: &BTreeSet<String>,
        phase: &watch::Sender<Phase>,
    ) -> Vec<JoinHandle<Record>> {
        let people = self.world.people.iter();
        let listening = people.filter(|it| listeners.contains(&inbox_of(it.user.id.as_str())));
        let notifiers = listening.enumerate().map(|(number, person)| {
            let name = format!("notifier-{}-{number}", self.number);
            let user = person.user.id.to_string();
            let journal = Journal::new(name, user, self.world.counters.clone());
            let random = plan::random(self.seed, (self.number << 16) + 0x8000 + number as u64);
            tokio::spawn(notify(self.world.rest.clone(), person.clone(), journal, random, phase.subscribe()))
        });
        notifiers.collect()
    }

    /// For everybody who is away, somebody who writes to them; and somebody who fills the room that some of them left.
    fn senders(
        &self,
        players: &[Player],
        phase: &watch::Sender<Phase>,
    ) -> (Vec<JoinHandle<Vec<Entry>>>, Option<JoinHandle<Record>>) {
        let Some(author) = self.world.people.first() else { return (Vec::new(), None) };
        let sender = |number: u64, name: String| Sender {
            rest: self.world.rest.clone(),
            author: author.clone(),
            room: self.world.hideout.clone(),
            name,
            random: plan::random(self.seed, (self.number << 16) + 0xc000 + number),
            phase: phase.subscribe(),
            counters: self.world.counters.clone(),
        };
        let hideout = self.world.hideout.as_str();
        let away = players.iter().filter(|it| !it.kinds.is_empty() && !it.follows.contains(hideout));
        let letters = (1..).zip(away).map(|(number, player)| {
            let sender = sender(number, format!("sender-{}-{number}", self.number));
            tokio::spawn(sender.write_to(player.user.clone(), player.kinds.clone()))
        });
        let name = format!("filler-{}", self.number);
        let journal = Journal::new(name.clone(), author.user.id.to_string(), self.world.counters.clone());
        let lines = tokio::spawn(sender(0, name).fill_room(journal));
        (letters.collect(), Some(lines))
    }

    /// Carries out the plan.
    async fn break_things(&mut self, players: &[Player], phase: &watch::Sender<Phase>) -> Result<(), Error> {
        for step in plan::draw(self.seed, self.number, players.len(), self.kills) {
            tokio::time::sleep(step.after).await;
            match step.act {
                Act::Burst(is_burst) => {
                    phase.send_replace(Phase::Talk { is_burst });
                }
                Act::Fault { client, fault, lasts } => {
                    if let Some(player) = players.get(client) {
                        player.proxy.suffer(fault, lasts);
                    }
                }
                Act::Stop => {
                    self.world.counters.stops.one();
                    self.world.program.stop().await?;
                    self.world.program.start().await?;
                }
                Act::Upgrade => {
                    self.world.counters.takeovers.one();
                    self.world.program.upgrade().await?;
                }
                Act::Kill { away } => {
                    let counters = &self.world.counters;
                    counters.kills.one();
                    if matches!(*phase.borrow(), Phase::Talk { is_burst: true }) {
                        counters.kills_in_bursts.one();
                    }
                    self.world.program.kill().await?;
                    tokio::time::sleep(away).await;
                    self.world.program.start().await?;
                }
            }
        }
        Ok(())
    }

    /// Counts what became of the lines of this round that nobody acknowledged: without any the faults were too tame.
    fn count(&self, history: &History, said_before: usize) {
        let stored: BTreeSet<&str> = history.stored.iter().map(|it| it.text.as_str()).collect();
        let mine = history.sent.iter().skip(said_before).filter(|sent| sent.acknowledged.is_none());
        let (unheard, vanished): (Vec<_>, Vec<_>) =
            mine.partition(|sent| stored.contains(sent.text.as_str()));
        self.world.counters.unheard.add(unheard.len());
        self.world.counters.vanished.add(vanished.len());
    }

    /// Says a last line everywhere and waits until everybody was told; whoever was not by the end is named.
    async fn wait_for_quiet(
        &mut self,
        players: &[Player],
        rooms: &BTreeSet<String>,
        present: &BTreeSet<String>,
        found: &mut Vec<String>,
    ) -> Result<Record, Error> {
        let name = format!("closer-{}", self.number);
        let mut journal = Journal::new(name, String::new(), self.world.counters.clone());
        let staying = || players.iter().filter(|player| player.stays);
        for time in 1..=LAST_LINES {
            let deadline = Instant::now() + QUIET;
            wait(staying(), deadline, |_, standing| standing.is_settled).await;
            let mut last = BTreeMap::new();
            for room in rooms {
                let text = format!("last line {}.{time} of {room}", self.number);
                self.close(room, &text, &mut journal).await?;
                last.insert(room.clone(), text);
            }
            let deadline = Instant::now() + QUIET;
            let is_quiet =
                wait(staying(), deadline, |player, standing| is_quiet(player, standing, &last, present));
            let restless = is_quiet.await;
            if restless.is_empty() {
                break;
            }
            if time == LAST_LINES {
                found.extend(restless.into_iter().map(|name| format!("{name} did not become quiet")));
            }
        }
        Ok(journal.close(BTreeSet::new()))
    }

    /// Says a last line in a room or an inbox.
    async fn close(&self, room: &str, text: &str, journal: &mut Journal) -> Result<(), Error> {
        journal.says(room, text, true);
        let people = &self.world.people;
        let owner = people.iter().find(|it| inbox_of(it.user.id.as_str()) == room);
        let position = match (owner, people.first()) {
            (Some(owner), _) => position_of(self.world.rest.notify(owner, text).await?.id),
            (None, Some(person)) => {
                let said = self.world.rest.say(person, room, text).await?;
                Position { seq: Some(said.seq), ..position_of(said.id) }
            }
            (None, None) => return Ok(()),
        };
        journal.acknowledged(text, position);
        Ok(())
    }
}

fn position_of(id: impl std::fmt::Display) -> Position {
    Position { id: Some(id.to_string()), ..Position::default() }
}

/// Follows everything, waits for nothing, was told the last line everywhere and sees who is there.
fn is_quiet(
    player: &Player,
    standing: &Standing,
    last: &BTreeMap<String, String>,
    present: &BTreeSet<String>,
) -> bool {
    standing.is_settled
        && standing.missing == Some(0)
        && player.follows.iter().all(|room| standing.last.get(room) == last.get(room))
        && standing.present.values().all(|seen| seen == present)
}

/// Tells each client which entries it must be told in the end.
fn tell_what_to_expect(players: &[Player], entries: &[Entry]) {
    for player in players {
        let is_expected = |it: &&Entry| {
            it.is_stored && it.user == player.user.user.id.as_str() && player.kinds.contains(&it.kind)
        };
        let texts = entries.iter().filter(is_expected).map(|it| it.text.clone()).collect();
        player.expected.send_replace(Some(Arc::new(texts)));
    }
}

/// Waits until all of these stand like that; the names of those that do not when the time is over.
async fn wait<'p>(
    players: impl Iterator<Item = &'p Player>,
    deadline: Instant,
    is_good: impl Fn(&Player, &Standing) -> bool,
) -> Vec<String> {
    let mut restless = Vec::new();
    for player in players {
        let mut standing = player.standing.clone();
        let good = standing.wait_for(|standing| is_good(player, standing));
        if !matches!(tokio::time::timeout_at(deadline, good).await, Ok(Ok(_))) {
            let standing = player.standing.borrow().clone();
            restless.push(format!("{} ({standing:?})", player.name));
        }
    }
    restless
}

/// Notifies a person, one after the other, while everybody talks.
async fn notify(
    rest: super::rest::Rest,
    person: Tokens,
    mut journal: Journal,
    mut random: rand::rngs::StdRng,
    mut phase: watch::Receiver<Phase>,
) -> Record {
    let inbox = inbox_of(person.user.id.as_str());
    while matches!(*phase.borrow_and_update(), Phase::Talk { .. }) {
        let text = journal.next_line();
        journal.says(&inbox, &text, false);
        // Without an answer nobody knows whether it was stored, and nobody may say it again.
        if let Ok(notification) = rest.notify(&person, &text).await {
            journal.counters().notified.one();
            journal.acknowledged(&text, position_of(notification.id));
        }
        let pause = Duration::from_millis(random.random_range(200..1_500));
        tokio::time::timeout(pause, phase.wait_for(|phase| matches!(phase, Phase::Heal))).await.ok();
    }
    journal.close(BTreeSet::new())
}
