//! Measurement: ordinary clients go on while one attack after the other runs, and at the end nothing may be missing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as StdInstant};

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::attack::{Attack, WORK_ADDRESSES};
use crate::disk::Disk;
use crate::failed::Failed;
use crate::kinds::Count;
use crate::ledger::{Ledger, Span};
use crate::newcomer::newcomer;
use crate::ordinary::{CLIENTS, Ordinary};
use crate::pauses::Pauses;
use crate::processors::Processors;
use crate::server::Server;
use crate::table::{Row, Verdict, begin_table, show};
use crate::work;

/// How long the parts of a run are.
const QUIET: Duration = Duration::from_secs(15);
const WAVE: Duration = Duration::from_secs(6);
const SETTLES: Duration = Duration::from_secs(20);
const ATTACK: Duration = Duration::from_secs(6);
const TOGETHER: Duration = Duration::from_secs(15);
const BETWEEN: Duration = Duration::from_secs(1);
/// How long the last messages may take to arrive.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long memory may take to come back.
const MEMORY_BACK: Duration = Duration::from_secs(45);

/// How often a part is measured in all, if the disk stalls in it.
const TRIES: usize = 3;

/// How often a new client comes, and how long that may take.
const NEWCOMER_EVERY: Duration = Duration::from_secs(1);
const NEWCOMER_LIMIT: Duration = Duration::from_secs(5);

/// Memory afterwards, in per cent of what it was before.
const MEMORY_PER_CENT: u64 = 110;

/// Attacks; until when; and where it is counted.
pub(crate) type Order = (Vec<Attack>, Instant, Arc<Count>);
type Orders = tokio::sync::mpsc::Sender<Order>;

/// A part of the run that is to come: its attacks, how long, its name.
type Part = (Vec<Attack>, Duration, String);

/// What each part of a run needs.
struct Run<'a> {
    server: &'a Server,
    accounts: &'a Server,
    orders: &'a Orders,
    disk: Disk,
    pauses: Pauses,
    ledger: Arc<Ledger>,
    next_newcomer: Arc<AtomicU64>,
}

/// Runs all parts whose names contain `only`, and returns how many lines fail.
pub(crate) async fn measure(servers: [&Server; 2], orders: &Orders, only: &str) -> Result<u32, Failed> {
    let [server, accounts] = servers;
    let ledger = Arc::new(Ledger::new());
    let clients = Ordinary::enter(server.address, &ledger).await?;
    println!("{CLIENTS} ordinary clients are in");
    work::prepare(server.address, WORK_ADDRESSES).await.map_err(Failed::io("no rooms for the attackers"))?;
    clients.speak(true);
    let disk = Disk::watch(server.folder())?;
    let next_newcomer = Arc::new(AtomicU64::new(0));
    let run = Run { server, accounts, orders, disk, pauses: Pauses::watch(), ledger, next_newcomer };
    sleep(BETWEEN).await;
    // Tables and caches are as large as an attack makes them, once. What comes after a first wave is measured, also against
    // itself: memory that each wave takes and does not give back is found.
    run.part((Attack::together(), WAVE, String::new()), String::new()).await?;
    sleep(SETTLES).await;
    let quiet = run.part((Vec::new(), QUIET, "quiet".to_owned()), String::new()).await?;
    begin_table();
    show(&quiet, Verdict::Good);
    let before_kib = server.resident_kib()?;
    let mut failures = 0;
    for part in parts(only) {
        failures += u32::from(!run.holds(part, &quiet).await?);
    }
    Ok(failures + run.conclude(clients, before_kib).await?)
}

/// Each attack alone, and all of them together.
fn parts(only: &str) -> Vec<Part> {
    let alone = Attack::all().into_iter().map(|attack| (vec![attack], ATTACK, attack.name()));
    let together = (Attack::together(), TOGETHER, "all of them together, many addresses".to_owned());
    alone.chain([together]).filter(|(_, _, name)| name.contains(only)).collect()
}

impl Run<'_> {
    /// Measures a part and shows it; whether the server holds in it. A disk that stalls says nothing about the server, so such a
    /// part is measured again; a server that makes its disk stall does so each time.
    async fn holds(&self, part: Part, quiet: &Row) -> Result<bool, Failed> {
        let (attacks, ..) = &part;
        let rate = if let [attack] = attacks.as_slice() { attack.rate() } else { "as above".to_owned() };
        for _ in 0..TRIES {
            let row = self.part(part.clone(), rate.clone()).await?;
            let verdict = row.verdict(quiet);
            show(&row, verdict);
            sleep(BETWEEN).await;
            match verdict {
                Verdict::Good => return Ok(true),
                Verdict::Stalled => {}
                Verdict::Failed => return Ok(false),
            }
        }
        Ok(false)
    }

    /// One part of the run; without attacks it is a quiet one.
    async fn part(&self, (attacks, time, name): Part, rate: String) -> Result<Row, Failed> {
        let count = Arc::new(Count::default());
        let (from, end) = (StdInstant::now(), Instant::now() + time);
        let processors = Processors::now()?;
        self.disk.take_slowest();
        self.pauses.take_longest();
        if !attacks.is_empty() {
            let order = (attacks, end, count.clone());
            self.orders.send(order).await.map_err(|_| Failed::Usage("the attackers are gone".to_owned()))?;
        }
        let mut newcomers = JoinSet::new();
        let (mut files, mut resident_kib) = (0, 0);
        while Instant::now() + NEWCOMER_EVERY <= end {
            sleep(NEWCOMER_EVERY).await;
            newcomers.spawn(come(self.next_newcomer.clone(), self.server.address));
            files = self.server.open_files()?.max(files);
            let both = self.server.resident_kib()?.max(self.accounts.resident_kib()?);
            resident_kib = both.max(resident_kib);
        }
        tokio::time::sleep_until(end).await;
        let to = StdInstant::now();
        let stolen_per_mille = Processors::now()?.stolen_per_mille_since(&processors);
        let (slowest_write, pause) = (self.disk.take_slowest(), self.pauses.take_longest());
        let newcomers = newcomers.join_all().await;
        let done = count.done.load(Ordering::Relaxed);
        let delays = self.ledger.delays(Span { from, to });
        Ok(Row {
            name,
            rate,
            done,
            delays,
            newcomers,
            files,
            resident_kib,
            stolen_per_mille,
            slowest_write,
            pause,
        })
    }

    /// Ends the ordinary clients and prints what they missed and what the server kept; returns how many checks fail.
    async fn conclude(&self, clients: Ordinary, before_kib: u64) -> Result<u32, Failed> {
        clients.speak(false);
        sleep(LAST_WORDS).await;
        let (missing, ended) = (clients.missing(&self.ledger), self.ledger.failures());
        let sent = self.ledger.sent();
        let back = memory_back(self.server, before_kib).await?;
        clients.end();
        let (warnings, errors, first_error) = self.server.alarms()?;

        let mut failures = 0;
        let mut check = |name: &str, is_good: bool, facts: String| {
            failures += u32::from(!is_good);
            let verdict = if is_good { Verdict::Good } else { Verdict::Failed };
            println!("{} {name}: {facts}", verdict.name());
        };
        println!();
        check("nothing is lost", missing == 0, format!("{sent} messages sent, {missing} deliveries missing"));
        let first = ended.first().map(|it| format!(", the first: {it}")).unwrap_or_default();
        let facts = format!("{} of {CLIENTS} clients ended{first}", ended.len());
        check("no client is disconnected", ended.is_empty(), facts);
        let mib = |kib: u64| kib / 1024;
        let facts =
            format!("{} MiB before, {} MiB {} s after", mib(before_kib), mib(back.1), back.0.as_secs());
        check("memory comes back", back.1 * 100 <= before_kib * MEMORY_PER_CENT, facts);
        let first = first_error.map(|it| format!(", the first: {it}")).unwrap_or_default();
        check("no error in the log", errors == 0, format!("{warnings} warnings, {errors} errors{first}"));
        Ok(failures)
    }
}

/// `None` for one that was not let in, or too late.
async fn come(next: Arc<AtomicU64>, to: SocketAddr) -> Option<Duration> {
    let number = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap_or(0);
    timeout(NEWCOMER_LIMIT, newcomer(number, to)).await.ok()?.ok()
}

/// Waits until memory is as it was, but not for long; how long that took, and how much it is.
async fn memory_back(server: &Server, before_kib: u64) -> Result<(Duration, u64), Failed> {
    let begun = Instant::now();
    loop {
        let kib = server.resident_kib()?;
        if kib * 100 <= before_kib * MEMORY_PER_CENT || begun.elapsed() >= MEMORY_BACK {
            return Ok((begun.elapsed(), kib));
        }
        sleep(NEWCOMER_EVERY).await;
    }
}
