//! Real server under real faults: clients of every dialect use it over networks that break, and it is killed again and again.
//! What they received and what it has stored must keep the promise.

mod client;
mod clients;
mod journal;
mod link;
mod memory;
mod notifications;
mod offline_messages;
mod options;
mod plan;
mod program;
mod proxy;
mod report;
mod rest;
mod round;
mod testbed;
mod volume;

use std::sync::Arc;
use std::time::{Duration, Instant};

use report::Counters;
use round::Round;
use testbed::Testbed;

pub use options::{Error, Options, RealArgs, Until};
pub use report::{Counts, Report};
pub use volume::{Amount, Row, VolumeArgs, VolumeReport, run as run_volume};

/// Kills of one round, at most: history has to be read and checked at its end.
const KILLS: u32 = 16;

/// What a kill and all that belongs to it takes, about.
const KILL_TIME: Duration = Duration::from_secs(4);

/// Every so many rounds the data folder is a new one; in between, history grows.
const ROUNDS_EACH: u64 = 4;

/// Injects faults into a server as the options ask for, and reports what came of it.
///
/// # Errors
/// [`Error`] when the run could not be made; a broken promise is in the report.
pub async fn run(options: Options) -> Result<Report, Error> {
    let begun = Instant::now();
    let counters = Arc::new(Counters::default());
    let mut violations = Vec::new();
    let mut testbed = None;
    for number in 1.. {
        let left = match options.until {
            Until::Kills(kills) => u64::from(kills).saturating_sub(counters.kills.get()),
            Until::Elapsed(time) => time.saturating_sub(begun.elapsed()).as_secs() / KILL_TIME.as_secs(),
        };
        let kills = u32::try_from(left).unwrap_or(KILLS).min(KILLS);
        if kills == 0 {
            break;
        }
        let mut this = match testbed.take() {
            Some(this) if number % ROUNDS_EACH != 1 => this,
            _ => Testbed::create(&options.program, options.clients, counters.clone()).await?,
        };
        let (seed, clients) = (options.seed, options.clients);
        let mut round = Round { testbed: &mut this, seed, number, clients, kills };
        let found = Box::pin(round.play()).await?;
        counters.rounds.one();
        violations.extend(found.into_iter().map(|it| format!("seed {seed}, round {number}: {it}")));
        testbed = Some(this);
    }
    Ok(Report { counts: counters.read(), violations })
}
