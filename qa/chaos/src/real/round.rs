//! Round: clients send while faults happen, then the network heals, and when all is quiet the history is checked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use protocol::rest::Tokens;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::client::{Absence, Phase, RealClient};
use super::clients::inbox_of;
use super::journal::{ClientStatus, Expected, Journal, Record};
use super::notifications::{notify, position_of};
use super::offline_messages::OfflineSender;
use super::options::Error;
use super::plan::{self, Act};
use super::proxy::Proxy;
use super::testbed::{Role, Testbed};
use crate::checker::check;
use crate::history::{End, Entry, EntryKind, History, Position};

/// Last messages at most. A client without recovery that loses its connection after one waits for the next one.
const LAST_LINES: u32 = 8;

/// So long does everybody wait for one of them.
const QUIET: Duration = Duration::from_secs(8);

/// A client that takes part.
struct RunningClient {
    name: String,
    proxy: Proxy,
    status: watch::Receiver<ClientStatus>,
    subscriptions: BTreeSet<String>,
    user: Tokens,
    kinds: BTreeSet<EntryKind>,
    expected: watch::Sender<Expected>,
    survives: bool,
    task: JoinHandle<Record>,
}

impl RunningClient {
    /// Waits for the end of a client, and returns its record.
    async fn close(self) -> Result<Record, Error> {
        let mut record = self.task.await?;
        if !self.survives {
            // A client that has died resends nothing, and need not have received everything.
            record.sent.iter_mut().for_each(|sent| sent.is_persistent &= sent.acknowledged.is_some());
            record.view.end = End::default();
        }
        Ok(record)
    }
}

/// One round on a testbed.
pub(super) struct Round<'a> {
    pub(super) testbed: &'a mut Testbed,
    pub(super) seed: u64,
    pub(super) number: u64,
    pub(super) clients: usize,
    pub(super) kills: u32,
}

impl Round<'_> {
    /// Plays it and returns what broke the promise.
    pub(super) async fn play(&mut self) -> Result<Vec<String>, Error> {
        self.testbed.sign_in().await?;
        let (phase, _) = watch::channel(Phase::Active { is_burst: false });
        let (clients, present) = self.enter(&phase).await?;
        let listeners: BTreeSet<String> =
            clients.iter().flat_map(|it| it.subscriptions.iter().cloned()).collect();
        let notifiers = self.notifiers(&listeners, &phase);
        let (directs, filler) = self.senders(&clients, &phase);
        self.inject_faults(&clients, &phase).await?;

        phase.send_replace(Phase::Heal);
        for client in &clients {
            if client.survives { client.proxy.heal() } else { client.proxy.close() }
        }
        let sent = std::mem::take(&mut self.testbed.sent);
        let said_before = sent.len();
        let mut history = History { sent, present, ..History::default() };
        let mut found = Vec::new();
        for task in notifiers.into_iter().chain(filler) {
            let record = task.await?;
            history.sent.extend(record.sent);
            found.extend(record.anomalies);
        }
        for directs in directs {
            self.testbed.entries.extend(directs.await?);
        }
        announce_expected(&clients, &self.testbed.entries);
        let last_lines = self.wait_for_quiet(&clients, &listeners, &history.present, &mut found).await?;
        history.sent.extend(last_lines.sent);
        found.extend(last_lines.anomalies);

        phase.send_replace(Phase::Over);
        for client in clients {
            let record = client.close().await?;
            history.sent.extend(record.sent);
            history.views.push(record.view);
            found.extend(record.anomalies);
        }
        self.read_stored(&mut history, &listeners).await?;
        self.count(&history, said_before);
        found.extend(check(&history).iter().map(ToString::to_string));
        self.testbed.program.check().await?;
        self.testbed.counters.whole.one();
        found.extend(self.testbed.program.alarms());
        self.testbed.keep(history);
        Ok(found)
    }

    /// Adds what the server has stored, and what was sent to inboxes.
    async fn read_stored(
        &mut self,
        history: &mut History,
        listeners: &BTreeSet<String>,
    ) -> Result<(), Error> {
        let accounts =
            listeners.iter().filter_map(|it| it.strip_prefix("inbox:")).map(str::to_owned).collect();
        history.stored = self.testbed.stored(&accounts).await?;
        history.entries = std::mem::take(&mut self.testbed.entries);
        Ok(())
    }

    /// Starts every client, each behind a proxy of its own. Also returns the users who are present when the faults are over.
    async fn enter(
        &mut self,
        phase: &watch::Sender<Phase>,
    ) -> Result<(Vec<RunningClient>, BTreeSet<String>), Error> {
        let mut random = plan::random(self.seed, self.number << 16);
        let mut clients = Vec::new();
        let mut present = BTreeSet::new();
        for (number, role) in
            self.testbed.roles(self.number, self.clients, &mut random).into_iter().enumerate()
        {
            let Role { name, account, behaviour, dies_early, absence } = role;
            let proxy = Proxy::start(self.testbed.program.address(), self.testbed.counters.clone()).await?;
            let (status, status_of) = watch::channel(ClientStatus::default());
            let subscriptions = behaviour.subscriptions();
            let user = account.user.id.to_string();
            if !dies_early && absence == Absence::Never {
                present.insert(user.clone());
            }
            let (kinds, user_tokens) = (behaviour.kinds(), account.clone());
            let (expected, expects) = watch::channel(None);
            let client = RealClient {
                behaviour,
                journal: Journal::new(name.clone(), user, self.testbed.counters.clone())
                    .with_kinds(kinds.clone()),
                token: account.access_token,
                addr: proxy.addr,
                random: plan::random(self.seed, (self.number << 16) + 1 + number as u64),
                phase: phase.subscribe(),
                status,
                dies_early,
                absence,
                expected: expects,
            };
            let task = tokio::spawn(client.run());
            clients.push(RunningClient {
                name,
                proxy,
                status: status_of,
                subscriptions,
                user: user_tokens,
                kinds,
                expected,
                survives: !dies_early,
                task,
            });
        }
        Ok((clients, present))
    }

    /// A task for each listening user that sends notifications.
    fn notifiers(
        &self,
        listeners: &BTreeSet<String>,
        phase: &watch::Sender<Phase>,
    ) -> Vec<JoinHandle<Record>> {
        let accounts = self.testbed.accounts.iter();
        let listening = accounts.filter(|it| listeners.contains(&inbox_of(it.user.id.as_str())));
        let notifiers = listening.enumerate().map(|(number, account)| {
            let name = format!("notifier-{}-{number}", self.number);
            let user = account.user.id.to_string();
            let journal = Journal::new(name, user, self.testbed.counters.clone());
            let random = plan::random(self.seed, (self.number << 16) + 0x8000 + number as u64);
            tokio::spawn(notify(
                self.testbed.rest.clone(),
                account.clone(),
                journal,
                random,
                phase.subscribe(),
            ))
        });
        notifiers.collect()
    }

    /// A task for each absent user that sends to the user's inbox, and one that fills the room that some of them left.
    fn senders(
        &self,
        clients: &[RunningClient],
        phase: &watch::Sender<Phase>,
    ) -> (Vec<JoinHandle<Vec<Entry>>>, Option<JoinHandle<Record>>) {
        let Some(author) = self.testbed.accounts.first() else { return (Vec::new(), None) };
        let sender = |number: u64, name: String| OfflineSender {
            rest: self.testbed.rest.clone(),
            author: author.clone(),
            room: self.testbed.hideout.clone(),
            name,
            random: plan::random(self.seed, (self.number << 16) + 0xc000 + number),
            phase: phase.subscribe(),
            counters: self.testbed.counters.clone(),
        };
        let hideout = self.testbed.hideout.as_str();
        let away = clients.iter().filter(|it| !it.kinds.is_empty() && !it.subscriptions.contains(hideout));
        let directs = (1..).zip(away).map(|(number, client)| {
            let sender = sender(number, format!("sender-{}-{number}", self.number));
            tokio::spawn(sender.write_to(client.user.clone(), client.kinds.clone()))
        });
        let name = format!("filler-{}", self.number);
        let journal = Journal::new(name.clone(), author.user.id.to_string(), self.testbed.counters.clone());
        let lines = tokio::spawn(sender(0, name).fill_room(journal));
        (directs.collect(), Some(lines))
    }

    /// Carries out the plan.
    async fn inject_faults(
        &mut self,
        clients: &[RunningClient],
        phase: &watch::Sender<Phase>,
    ) -> Result<(), Error> {
        for step in plan::draw(self.seed, self.number, clients.len(), self.kills) {
            tokio::time::sleep(step.after).await;
            match step.act {
                Act::Burst(is_burst) => {
                    phase.send_replace(Phase::Active { is_burst });
                }
                Act::Fault { client, fault, lasts } => {
                    if let Some(client) = clients.get(client) {
                        client.proxy.apply(fault, lasts);
                    }
                }
                Act::Stop => {
                    self.testbed.counters.stops.one();
                    self.testbed.program.stop().await?;
                    self.testbed.program.start().await?;
                }
                Act::Upgrade => {
                    self.testbed.counters.takeovers.one();
                    self.testbed.program.upgrade().await?;
                }
                Act::Kill { away } => {
                    let counters = &self.testbed.counters;
                    counters.kills.one();
                    if matches!(*phase.borrow(), Phase::Active { is_burst: true }) {
                        counters.kills_in_bursts.one();
                    }
                    self.testbed.program.kill().await?;
                    tokio::time::sleep(away).await;
                    self.testbed.program.start().await?;
                }
            }
        }
        Ok(())
    }

    /// Counts what became of the messages of this round that were not acknowledged: without any the faults were too tame.
    fn count(&self, history: &History, said_before: usize) {
        let stored: BTreeSet<&str> = history.stored.iter().map(|it| it.text.as_str()).collect();
        let mine = history.sent.iter().skip(said_before).filter(|sent| sent.acknowledged.is_none());
        let (unacknowledged, vanished): (Vec<_>, Vec<_>) =
            mine.partition(|sent| stored.contains(sent.text.as_str()));
        self.testbed.counters.unacknowledged.add(unacknowledged.len());
        self.testbed.counters.vanished.add(vanished.len());
    }

    /// Sends a last message everywhere and waits until all clients have received it; reports those that have not.
    async fn wait_for_quiet(
        &mut self,
        clients: &[RunningClient],
        rooms: &BTreeSet<String>,
        present: &BTreeSet<String>,
        found: &mut Vec<String>,
    ) -> Result<Record, Error> {
        let name = format!("closer-{}", self.number);
        let mut journal = Journal::new(name, String::new(), self.testbed.counters.clone());
        let staying = || clients.iter().filter(|client| client.survives);
        for time in 1..=LAST_LINES {
            let deadline = Instant::now() + QUIET;
            wait(staying(), deadline, |_, status| status.is_settled).await;
            let mut last = BTreeMap::new();
            for room in rooms {
                let text = format!("last line {}.{time} of {room}", self.number);
                self.close(room, &text, &mut journal).await?;
                last.insert(room.clone(), text);
            }
            let deadline = Instant::now() + QUIET;
            let is_quiet =
                wait(staying(), deadline, |client, status| is_quiet(client, status, &last, present));
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
        journal.note_sent(room, text, true);
        let accounts = &self.testbed.accounts;
        let owner = accounts.iter().find(|it| inbox_of(it.user.id.as_str()) == room);
        let position = match (owner, accounts.first()) {
            (Some(owner), _) => position_of(self.testbed.rest.notify(owner, text).await?.id),
            (None, Some(account)) => {
                let said = self.testbed.rest.send(account, room, text).await?;
                Position { seq: Some(said.seq), ..position_of(said.id) }
            }
            (None, None) => return Ok(()),
        };
        journal.acknowledged(text, position);
        Ok(())
    }
}

/// Is subscribed to everything, waits for nothing, has received each last message and sees who is present.
fn is_quiet(
    client: &RunningClient,
    status: &ClientStatus,
    last: &BTreeMap<String, String>,
    present: &BTreeSet<String>,
) -> bool {
    status.is_settled
        && status.missing == Some(0)
        && client.subscriptions.iter().all(|room| status.last.get(room) == last.get(room))
        && status.present.values().all(|seen| seen == present)
}

/// Announces to each client the entries that it must receive in the end.
fn announce_expected(clients: &[RunningClient], entries: &[Entry]) {
    for client in clients {
        let is_expected = |it: &&Entry| {
            it.is_stored && it.user == client.user.user.id.as_str() && client.kinds.contains(&it.kind)
        };
        let texts = entries.iter().filter(is_expected).map(|it| it.text.clone()).collect();
        client.expected.send_replace(Some(Arc::new(texts)));
    }
}

/// Waits until all of these are in this state; returns the names of those that are not in time.
async fn wait<'p>(
    clients: impl Iterator<Item = &'p RunningClient>,
    deadline: Instant,
    is_good: impl Fn(&RunningClient, &ClientStatus) -> bool,
) -> Vec<String> {
    let mut restless = Vec::new();
    for client in clients {
        let mut status = client.status.clone();
        let good = status.wait_for(|status| is_good(client, status));
        if !matches!(tokio::time::timeout_at(deadline, good).await, Ok(Ok(_))) {
            let status = client.status.borrow().clone();
            restless.push(format!("{} ({status:?})", client.name));
        }
    }
    restless
}
