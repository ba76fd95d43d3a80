//! `chaos`: runs the simulation and the real server under faults, prints what it counted, and ends with 1 if a promise was
//! broken.

use std::process::ExitCode;
use std::time::Duration;

use chaos::real::{self, RealArgs, VolumeArgs};
use chaos::simulation::{self, Sweep};
use clap::{Args, Parser, Subcommand};

/// Tries to break what docs/DELIVERY.md promises.
#[derive(Debug, Parser)]
struct CommandLine {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Hub, disk, network and clients under one seed after the other.
    Simulate {
        /// Which seeds, the last one left out: 0..2000.
        #[arg(long, value_parser = seeds, conflicts_with = "minutes")]
        seeds: Option<(u64, u64)>,
        /// For how long, from seed 0 on; without seeds and minutes for one minute.
        #[arg(long)]
        minutes: Option<f64>,
    },
    /// The real server, killed again and again while clients of every dialect use it over networks that break.
    Real(RealArgs),
    /// The real server with more than fits anywhere: direct messages for users who are away, and a room that grows meanwhile.
    Volume(VolumeArgs),
    /// Simulation and real server at the same time.
    All(RealArgs),
    /// A number for what each seed has stored and delivered.
    Digest(Digest),
    /// One seed again, with everything that happens.
    Replay {
        /// Which one.
        seed: u64,
        /// On a network, a disk and a server that never fail.
        #[arg(long)]
        no_faults: bool,
    },
}

#[derive(Debug, Args)]
struct Digest {
    /// Which seeds, the last one left out.
    #[arg(long, value_parser = seeds, default_value = "0..300")]
    seeds: (u64, u64),
    /// On a network, a disk and a server that never fail.
    #[arg(long)]
    no_faults: bool,
    /// Run each seed twice and compare everything that happens.
    #[arg(long)]
    twice: bool,
    /// Compare with the digests that are recorded, which are those without faults.
    #[arg(long, conflicts_with_all = ["twice", "no_faults"])]
    recorded: bool,
}

impl Digest {
    /// Prints the digests, or what differs; answers whether nothing does.
    fn run(self) -> std::io::Result<bool> {
        let seeds = self.seeds.0..self.seeds.1;
        if self.recorded {
            let found = simulation::differing_from_recorded(seeds.clone())?;
            for line in &found {
                println!("{line}");
            }
            println!("{} seeds compared with what is recorded, {} differences", seeds.count(), found.len());
            return Ok(found.is_empty());
        }
        if self.no_faults {
            println!("# Digests of seeds without faults: cargo run --release -p chaos -- digest --no-faults");
        }
        let run = if self.no_faults { simulation::run_without_faults } else { simulation::run };
        let mut is_kept = true;
        for seed in seeds {
            let outcome = run(seed, self.twice)?;
            let is_same = !self.twice || outcome == run(seed, true)?;
            let verdict = if is_same { "" } else { "  # another one the second time" };
            println!("{seed} {:016x}{verdict}", outcome.digest);
            is_kept &= is_same;
        }
        Ok(is_kept)
    }
}

fn seeds(text: &str) -> Result<(u64, u64), String> {
    let bounds = text.split_once("..").and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    bounds.ok_or_else(|| "must be two numbers with `..` between them".to_owned())
}

/// Runs the real server and prints the report; answers whether the promise was kept.
fn run_real(options: real::Options) -> Result<bool, Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(real::run(options))?;
    print!("{report}");
    Ok(report.violations.is_empty())
}

fn run_volume(args: VolumeArgs) -> Result<bool, Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(args.run())?;
    print!("{report}");
    Ok(report.violations.is_empty())
}

fn run_all(wanted: RealArgs) -> Result<bool, Box<dyn std::error::Error>> {
    let limit = time(wanted.minutes.unwrap_or(1.0))?;
    // Before anything runs: without a server there is nothing to do.
    let options = wanted.options()?;
    // The simulation has one thread, which leaves the others to the server and its clients.
    let simulated = std::thread::spawn(move || Sweep::run(0..u64::MAX, Some(limit)));
    let real_kept = run_real(options);
    let sweep = simulated.join().map_err(|_| "the simulation ended in a panic")??;
    print!("{sweep}");
    Ok(real_kept? && sweep.broken.is_empty())
}

fn time(minutes: f64) -> Result<Duration, Box<dyn std::error::Error>> {
    Ok(Duration::try_from_secs_f64(minutes * 60.0)?)
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let kept = match CommandLine::parse().what {
        What::Simulate { seeds, minutes } => {
            let (from, to) = seeds.unwrap_or((0, u64::MAX));
            let limit = if seeds.is_some() { None } else { Some(time(minutes.unwrap_or(1.0))?) };
            let sweep = Sweep::run(from..to, limit)?;
            print!("{sweep}");
            sweep.broken.is_empty()
        }
        What::Real(wanted) => run_real(wanted.options()?)?,
        What::Volume(args) => run_volume(args)?,
        What::All(wanted) => run_all(wanted)?,
        What::Digest(digest) => digest.run()?,
        What::Replay { seed, no_faults } => {
            let run = if no_faults { simulation::run_without_faults } else { simulation::run };
            let outcome = run(seed, true)?;
            for line in &outcome.trace {
                println!("{line}");
            }
            println!(
                "seed {seed} has the trace {:016x} and the digest {:016x}",
                outcome.hash, outcome.digest
            );
            for violation in &outcome.violations {
                println!("seed {seed}: {violation}");
            }
            outcome.violations.is_empty()
        }
    };
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
