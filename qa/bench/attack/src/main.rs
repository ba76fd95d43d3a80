//! `attack`: attacks the real server in every way of [`kinds`], from one address and from many, in turn and together, and
//! measures what 200 ordinary clients notice of it. Prints a table; ends with 1 if a line of it fails.
//!
//! The calls: `attack`, with `--program PATH` for another program than the release build, and with `--only WORDS` for those
//! parts alone whose names contain the words.

mod attack;
mod failed;
mod kinds;
mod ledger;
mod network;
mod newcomer;
mod ordinary;
mod server;
mod work;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as StdInstant};

use attack::{Attack, WORK_ADDRESSES};
use failed::Failed;
use kinds::Count;
use ledger::{Delays, Ledger, Span};
use newcomer::newcomer;
use ordinary::{CLIENTS, Ordinary};
use server::{Accounts, Server, Targets};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// How long the parts of a run are.
const QUIET: Duration = Duration::from_secs(15);
const WAVE: Duration = Duration::from_secs(6);
const SETTLES: Duration = Duration::from_secs(20);
const ATTACK: Duration = Duration::from_secs(6);
const TOGETHER: Duration = Duration::from_secs(15);
const BETWEEN: Duration = Duration::from_secs(1);
/// What is still on its way when nobody speaks any more.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long memory may take to come back.
const MEMORY_BACK: Duration = Duration::from_secs(45);

/// How often somebody new comes, and how long that may take.
const NEWCOMER_EVERY: Duration = Duration::from_secs(1);
const NEWCOMER_LIMIT: Duration = Duration::from_secs(5);

/// The 99th percentile of deliveries may be this many times the quiet one, or this long.
const TIMES_QUIET: u32 = 4;
const P99_LIMIT: Duration = Duration::from_millis(100);

/// Memory that the server may have at any time.
const MEMORY_LIMIT_KIB: u64 = 300 * 1024;

/// Memory afterwards, in per cent of what it was before.
const MEMORY_PER_CENT: u64 = 110;

const USAGE: &str = "the calls are: attack [--program PATH] [--only WORDS]";

/// A line of the table.
struct Row {
    name: String,
    rate: String,
    done: u64,
    delays: Delays,
    newcomers: Vec<Option<Duration>>,
    files: usize,
    resident_kib: u64,
}

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failures) => {
            println!("\n{failures} lines fail");
            ExitCode::FAILURE
        }
        Err(failed) => {
            eprintln!("attack: {failed}: {:?}", std::error::Error::source(&failed));
            ExitCode::FAILURE
        }
    }
}

/// What was asked for.
struct Wanted {
    program: PathBuf,
    /// Only the parts whose names contain this.
    only: String,
}

fn wanted() -> Result<Wanted, Failed> {
    let mut wanted = Wanted { program: PathBuf::from("target/release/hubbub"), only: String::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        match (name.as_str(), arguments.next()) {
            ("--program", Some(path)) => wanted.program = PathBuf::from(path),
            ("--only", Some(words)) => wanted.only = words,
            _ => return Err(Failed::Usage(USAGE.to_owned())),
        }
    }
    Ok(wanted)
}

fn run() -> Result<u32, Failed> {
    let Wanted { program, only } = wanted()?;
    let runtime = |what| Builder::new_current_thread().enable_all().build().map_err(Failed::io(what));
    let (ordinary, hostile) = (runtime("no runtime for clients")?, runtime("no runtime for attackers")?);
    let server = ordinary.block_on(Server::start(&program, Accounts::External))?;
    let accounts = ordinary.block_on(Server::start(&program, Accounts::Local))?;
    // Attackers have a thread of their own, so that they do not hold up the clients that are measured.
    let (orders, mut ordered) = tokio::sync::mpsc::channel::<Order>(1);
    let to = Targets { hub: server.address, accounts: accounts.address };
    let attacking = std::thread::spawn(move || {
        hostile.block_on(async {
            while let Some((attacks, end, count)) = ordered.recv().await {
                let mut all = JoinSet::new();
                for attack in attacks {
                    all.spawn(attack.run(to, end, count.clone()));
                }
                while all.join_next().await.is_some() {}
            }
        });
    });
    let failures = ordinary.block_on(measure([&server, &accounts], &orders, &only))?;
    drop(orders);
    if attacking.join().is_err() {
        return Err(Failed::Usage("the attackers panicked".to_owned()));
    }
    Ok(failures)
}

/// Attacks; until when; and where it is counted.
type Order = (Vec<Attack>, Instant, Arc<Count>);
type Orders = tokio::sync::mpsc::Sender<Order>;

/// A part of the run that is to come: its attacks, how long, its name.
type Part = (Vec<Attack>, Duration, String);

async fn measure(servers: [&Server; 2], orders: &Orders, only: &str) -> Result<u32, Failed> {
    let [server, _] = servers;
    let ledger = Arc::new(Ledger::new());
    let clients = Ordinary::enter(server.address, &ledger).await?;
    println!("{CLIENTS} ordinary clients are in");
    work::prepare(server.address, WORK_ADDRESSES).await.map_err(Failed::io("no rooms for the attackers"))?;
    clients.speak(true);
    let next_newcomer = Arc::new(AtomicU64::new(0));
    let mut rows = Vec::new();
    sleep(BETWEEN).await;
    // Tables and caches are as large as an attack makes them, once. What comes after a first wave is measured, also against
    // itself: memory that each wave takes and does not give back is found.
    let wave = part(
        servers,
        &ledger,
        &next_newcomer,
        Some((orders, Attack::together())),
        WAVE,
        String::new(),
        String::new(),
    );
    wave.await?;
    sleep(SETTLES).await;
    let quiet =
        part(servers, &ledger, &next_newcomer, None, QUIET, "quiet".to_owned(), String::new()).await?;
    show(&quiet, None);
    let before_kib = server.resident_kib()?;
    let mut parts: Vec<Part> = Vec::new();
    for attack in Attack::all() {
        parts.push((vec![attack], ATTACK, attack.name()));
    }
    parts.push((Attack::together(), TOGETHER, "all of them together, many addresses".to_owned()));
    parts.retain(|(_, _, name)| name.contains(only));
    for (attacks, time, name) in parts {
        let rate = if let [attack] = attacks.as_slice() { attack.rate() } else { "as above".to_owned() };
        let row = part(servers, &ledger, &next_newcomer, Some((orders, attacks)), time, name, rate).await?;
        show(&row, Some(&quiet));
        rows.push(row);
        sleep(BETWEEN).await;
    }
    clients.speak(false);
    sleep(LAST_WORDS).await;
    let (missing, troubles) = (clients.missing(&ledger), ledger.troubles());
    let said = ledger.said();
    let back = memory_back(server, before_kib).await?;
    clients.end();
    let (warnings, errors, first_error) = server.alarms()?;

    let mut failures = rows.iter().map(|row| u32::from(!row.is_good(&quiet))).sum::<u32>();
    let mut check = |name: &str, is_good: bool, told: String| {
        failures += u32::from(!is_good);
        println!("{} {name}: {told}", verdict(is_good));
    };
    println!();
    check("nothing is lost", missing == 0, format!("{said} messages said, {missing} deliveries missing"));
    let first = troubles.first().map(|it| format!(", the first: {it}")).unwrap_or_default();
    check(
        "nobody is let go",
        troubles.is_empty(),
        format!("{} of {CLIENTS} clients ended{first}", troubles.len()),
    );
    let mib = |kib: u64| kib / 1024;
    check(
        "memory comes back",
        back.1 * 100 <= before_kib * MEMORY_PER_CENT,
        format!("{} MiB before, {} MiB {} s after", mib(before_kib), mib(back.1), back.0.as_secs()),
    );
    let first = first_error.map(|it| format!(", the first: {it}")).unwrap_or_default();
    check("no error in the log", errors == 0, format!("{warnings} warnings, {errors} errors{first}"));
    Ok(failures)
}

/// One part of the run, with an attack or without.
async fn part(
    servers: [&Server; 2],
    ledger: &Ledger,
    next_newcomer: &Arc<AtomicU64>,
    attack: Option<(&Orders, Vec<Attack>)>,
    time: Duration,
    name: String,
    rate: String,
) -> Result<Row, Failed> {
    let [server, accounts] = servers;
    let count = Arc::new(Count::default());
    let (from, end) = (StdInstant::now(), Instant::now() + time);
    if let Some((orders, attacks)) = attack {
        let order = (attacks, end, count.clone());
        orders.send(order).await.map_err(|_| Failed::Usage("the attackers are gone".to_owned()))?;
    }
    let mut newcomers = JoinSet::new();
    let (mut files, mut resident_kib) = (0, 0);
    while Instant::now() + NEWCOMER_EVERY <= end {
        sleep(NEWCOMER_EVERY).await;
        newcomers.spawn(come(next_newcomer.clone(), server.address));
        files = server.open_files()?.max(files);
        resident_kib = server.resident_kib()?.max(accounts.resident_kib()?).max(resident_kib);
    }
    tokio::time::sleep_until(end).await;
    let to = StdInstant::now();
    let newcomers = newcomers.join_all().await;
    let done = count.done.load(Ordering::Relaxed);
    Ok(Row { name, rate, done, delays: ledger.delays(Span { from, to }), newcomers, files, resident_kib })
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

impl Row {
    fn is_good(&self, quiet: &Self) -> bool {
        let limit = P99_LIMIT.max(quiet.delays.p99 * TIMES_QUIET);
        self.resident_kib <= MEMORY_LIMIT_KIB
            && self.delays.count > 0
            && self.delays.p99 <= limit
            && self.newcomers.iter().all(Option::is_some)
    }
}

fn verdict(is_good: bool) -> &'static str {
    if is_good { "ok  " } else { "FAIL" }
}

fn show(row: &Row, quiet: Option<&Row>) {
    let Row { name, rate, done, delays, newcomers, files, resident_kib } = row;
    if quiet.is_none() {
        println!(
            "\n     | part | rate a second | done | deliveries | median ms | p99 ms | worst ms | newcomers in | slowest ms | \
             open files | MiB |"
        );
        println!("     | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    }
    let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1e3);
    let slowest = newcomers.iter().flatten().max().copied().map(ms).unwrap_or_default();
    let inside = newcomers.iter().flatten().count();
    println!(
        "{} | {name} | {rate} | {done} | {} | {} | {} | {} | {inside} of {} | {slowest} | {files} | {} |",
        verdict(quiet.is_none_or(|quiet| row.is_good(quiet))),
        delays.count,
        ms(delays.median),
        ms(delays.p99),
        ms(delays.worst),
        newcomers.len(),
        resident_kib / 1024,
    );
}
