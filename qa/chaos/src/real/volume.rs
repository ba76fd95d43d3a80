//! Volume run: more waits for many users at once than fits anywhere, and all of it arrives while the server's memory stays
//! bounded; over a quiet network and over one that is cut every few hundred milliseconds.

mod room;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use futures_util::future::join_all;
use protocol::RoomId;
use protocol::rest::Tokens;
use rand::RngExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::client::{Absence, Phase, RealClient};
use super::clients::{Behaviour, Endpoint, Listener};
use super::journal::{ClientStatus, Expected, Journal, Record};
use super::memory::Memory;
use super::offline_messages::OfflineSender;
use super::options::{Error, find_program};
use super::plan::{self, LinkFault};
use super::program::Program;
use super::proxy::Proxy;
use super::report::Counters;
use super::rest::Rest;
use crate::checker::check;
use crate::history::{Entry, History};

/// So large is a direct message, in bytes.
const DIRECT_BYTES: usize = 60_000;

/// So long may nothing happen while something is missing.
const PATIENCE: Duration = Duration::from_mins(1);

/// The endpoints that carry direct messages.
const ENDPOINTS: [(Endpoint, &str); 3] = [
    (Endpoint::Native, "/api/v1/ws"),
    (Endpoint::Cursor, "/api/v1/ws?inbox="),
    (Endpoint::ChatApi, "/api/v1/ws/{user}"),
];

/// A connection that is cut lives for so many milliseconds.
const CUT_AFTER_MS: std::ops::RangeInclusive<u64> = 150..=600;

/// How much of everything, as it is asked for on a command line.
#[derive(Debug, Clone, Args)]
pub struct VolumeArgs {
    #[command(flatten)]
    amount: Amount,
    /// The server's program; without one the release build, else the debug build.
    #[arg(long)]
    program: Option<PathBuf>,
}

/// How much of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct Amount {
    /// Users for whom direct messages wait.
    #[arg(long, default_value_t = 10)]
    pub users: usize,
    /// MiB of them for each user.
    #[arg(long, default_value_t = 50)]
    pub mib: usize,
    /// Messages of a room that its clients miss.
    #[arg(long, default_value_t = 20_000)]
    pub messages: usize,
    /// Bytes of each.
    #[arg(long, default_value_t = 60_000)]
    pub bytes: usize,
    /// MiB that the server may have resident at any time.
    #[arg(long, default_value_t = 400)]
    pub memory_mib: u64,
    /// When connections are cut.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl VolumeArgs {
    /// Does it.
    ///
    /// # Errors
    /// [`Error`] when the run could not be made; what is missing in the end is in the report.
    pub async fn run(self) -> Result<VolumeReport, Error> {
        run(find_program(self.program)?, self.amount).await
    }
}

/// What one part of it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What was done.
    pub what: String,
    /// For how long.
    pub took: Duration,
    /// The most MiB that the server had resident meanwhile.
    pub memory_mib: u64,
    /// Connections that clients opened for it.
    pub connections: u64,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct VolumeReport {
    /// Each part.
    pub rows: Vec<Row>,
    /// What broke the promise; empty for a good server.
    pub violations: Vec<String>,
}

impl fmt::Display for VolumeReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "   seconds  MiB resident  connections")?;
        for Row { what, took, memory_mib, connections } in &self.rows {
            writeln!(out, "{:>10.1}  {memory_mib:>12}  {connections:>11}  {what}", took.as_secs_f64())?;
        }
        writeln!(out, "{:>9}  violations", self.violations.len())?;
        self.violations.iter().take(50).try_for_each(|violation| writeln!(out, "  {violation}"))
    }
}

/// The server, its users and what is found.
struct Stage {
    program: Program,
    rest: Rest,
    memory: Memory,
    counters: Arc<Counters>,
    amount: Amount,
    author: Tokens,
    users: Vec<Tokens>,
    room: RoomId,
    /// Direct messages of the parts before. The last of them may come once more: a client ends as soon as it has all, and
    /// may not have proven it.
    earlier: Vec<Entry>,
    report: VolumeReport,
    _folder: tempfile::TempDir,
}

/// A client and its network.
struct RunningClient {
    proxy: Proxy,
    status: watch::Receiver<ClientStatus>,
    expected: watch::Sender<Expected>,
    task: JoinHandle<Record>,
}

/// Does all of it on one server.
///
/// # Errors
/// [`Error`] when the run could not be made.
pub async fn run(program: PathBuf, amount: Amount) -> Result<VolumeReport, Error> {
    let mut stage = Stage::set(program, amount).await?;
    for is_cut in [false, true] {
        for (endpoint, words) in ENDPOINTS {
            stage.direct_messages(endpoint, words, is_cut).await?;
        }
    }
    stage.room().await?;
    let alarms = stage.program.alarms();
    stage.report.violations.extend(alarms);
    stage.program.stop().await?;
    Ok(stage.report)
}

impl Stage {
    async fn set(path: PathBuf, amount: Amount) -> Result<Self, Error> {
        let folder = tempfile::tempdir().map_err(Error::io("a data folder could not be made"))?;
        let mut program = Program::new(&path, folder.path());
        program.start().await?;
        let rest = Rest::new(program.address())?;
        let author = rest.register("author").await?;
        let mut users = Vec::new();
        for number in 0..amount.users {
            users.push(rest.register(&format!("user-{number}")).await?);
        }
        let members: Vec<Tokens> = std::iter::once(&author).chain(&users).cloned().collect();
        let room = rest.create_room("hall", &members).await?;
        let process = program.process().ok_or_else(|| Error::NoStart("nothing".to_owned()))?;
        let (memory, counters) = (Memory::of(process), Arc::new(Counters::default()));
        let report = VolumeReport::default();
        Ok(Self {
            program,
            rest,
            memory,
            counters,
            amount,
            author,
            users,
            room,
            earlier: Vec::new(),
            report,
            _folder: folder,
        })
    }

    /// Tokens last for minutes, and this may take longer.
    async fn sign_in(&mut self) -> Result<(), Error> {
        for user in self.users.iter_mut().chain([&mut self.author]) {
            *user = self.rest.sign_in(&user.user.username).await?;
        }
        Ok(())
    }

    /// Notes what a part took, and whether the server took too much memory for it.
    fn note(&mut self, what: String, begun: Instant, connections: u64) {
        let (took, memory_mib) = (begun.elapsed(), self.memory.take());
        if memory_mib > self.amount.memory_mib {
            self.report.violations.push(format!("{what}: {memory_mib} MiB were resident"));
        }
        self.report.rows.push(Row { what, took, memory_mib, connections });
    }

    fn sender(&self, number: usize, name: String, phase: &watch::Sender<Phase>) -> OfflineSender {
        OfflineSender {
            rest: self.rest.clone(),
            author: self.author.clone(),
            room: self.room.clone(),
            name,
            random: plan::random(self.amount.seed, number as u64),
            phase: phase.subscribe(),
            counters: self.counters.clone(),
        }
    }

    async fn client(
        &self,
        behaviour: Box<dyn Behaviour>,
        user: &Tokens,
        absence: Absence,
        phase: &watch::Sender<Phase>,
    ) -> Result<RunningClient, Error> {
        let proxy = Proxy::start(self.program.address(), self.counters.clone()).await?;
        let (status, status_of) = watch::channel(ClientStatus::default());
        let (expected, expects) = watch::channel(None);
        let (name, kinds) = (format!("client of {}", user.user.username), behaviour.kinds());
        let journal = Journal::new(name, user.user.id.to_string(), self.counters.clone()).with_kinds(kinds);
        let client = RealClient {
            behaviour,
            journal,
            token: user.access_token.clone(),
            addr: proxy.addr,
            random: plan::random(self.amount.seed, 0x1_0000),
            phase: phase.subscribe(),
            status,
            dies_early: false,
            absence,
            expected: expects,
        };
        Ok(RunningClient { proxy, status: status_of, expected, task: tokio::spawn(client.run()) })
    }

    /// Direct messages for every user, all of whom are away; and then their clients come.
    async fn direct_messages(&mut self, endpoint: Endpoint, words: &str, is_cut: bool) -> Result<(), Error> {
        self.sign_in().await?;
        self.memory.take();
        let (phase, _) = watch::channel(Phase::Active { is_burst: false });
        let mib = self.amount.mib * self.users.len();
        let count = self.amount.mib * 1024 * 1024 / DIRECT_BYTES + 1;
        let begun = Instant::now();
        let senders = self.users.iter().enumerate().map(|(number, user)| {
            let name = format!("{endpoint:?} {is_cut} {number}");
            let (sender, user) = (self.sender(number, name, &phase), user.clone());
            tokio::spawn(async move {
                let mut entries = Vec::new();
                sender.send_directs(&user, count, DIRECT_BYTES, &mut entries).await;
                entries
            })
        });
        let mut entries: Vec<Entry> = Vec::new();
        for sender in senders.collect::<Vec<_>>() {
            entries.extend(sender.await?);
        }
        let users = self.users.len();
        self.note(format!("{mib} MiB of direct messages are sent to {users} users"), begun, 0);
        let refused = entries.iter().filter(|it| !it.is_stored).count();
        if refused > 0 {
            self.report.violations.push(format!("{refused} direct messages were not acknowledged"));
        }

        phase.send_replace(Phase::Heal);
        let (begun, before) = (Instant::now(), self.counters.connections.get());
        let mut clients = Vec::new();
        for user in &self.users {
            let behaviour = Box::new(Listener::new(endpoint, user.user.id.as_str()));
            let client = self.client(behaviour, user, Absence::Never, &phase).await?;
            let mine = entries.iter().filter(|it| it.is_stored && it.user == user.user.id.as_str());
            let texts: BTreeSet<String> = mine.map(|it| it.text.clone()).collect();
            client.expected.send_replace(Some(Arc::new(texts)));
            clients.push(client);
        }
        let is_all_there = self.wait(&clients, is_cut, |status| status.missing == Some(0)).await;
        let network = if is_cut { ", cut again and again" } else { "" };
        let connections = self.counters.connections.get() - before;
        self.note(format!("they arrive at {words}{network}"), begun, connections);
        if !is_all_there {
            self.report
                .violations
                .push(format!("not everything arrived at {words}, and for {PATIENCE:?} nothing did"));
        }
        phase.send_replace(Phase::Over);
        let sent = entries.clone();
        entries.extend(self.earlier.iter().cloned());
        self.earlier.extend(sent.into_iter().map(|entry| Entry { is_stored: false, ..entry }));
        let mut history = History { entries, ..History::default() };
        for client in clients {
            let record = client.task.await?;
            self.report.violations.extend(record.anomalies);
            history.views.push(record.view);
        }
        self.report.violations.extend(check(&history).iter().map(ToString::to_string));
        Ok(())
    }

    /// Waits until all clients are in this state, and cuts their connections meanwhile. Whether they are in time.
    async fn wait(
        &self,
        clients: &[RunningClient],
        is_cut: bool,
        is_good: impl Fn(&ClientStatus) -> bool,
    ) -> bool {
        let all = async {
            for client in clients {
                let mut status = client.status.clone();
                if status.wait_for(&is_good).await.is_err() {
                    return false;
                }
            }
            true
        };
        let cuts = join_all(clients.iter().map(|client| self.cut_again_and_again(&client.proxy)));
        tokio::select! {
            all = all => all,
            _ = cuts, if is_cut => false,
            () = self.stands_still() => false,
        }
    }

    /// Waits until clients have received nothing new for too long.
    async fn stands_still(&self) {
        let received = || self.counters.entries_delivered.get() + self.counters.delivered.get();
        let mut before = None;
        while before != Some(received()) {
            before = Some(received());
            tokio::time::sleep(PATIENCE).await;
        }
    }

    /// Cuts a connection every few hundred milliseconds, and never ends.
    async fn cut_again_and_again(&self, proxy: &Proxy) {
        let mut random = plan::random(self.amount.seed, u64::from(proxy.addr.port()));
        loop {
            tokio::time::sleep(Duration::from_millis(random.random_range(CUT_AFTER_MS))).await;
            proxy.apply(LinkFault::Cut, Duration::ZERO);
        }
    }
}
