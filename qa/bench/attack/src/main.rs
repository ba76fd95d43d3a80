//! `attack`: attacks the real server in every way of [`kinds`], from one address and from many, in turn and together, and
//! measures what 200 ordinary clients notice of it. Prints a table; ends with 1 if a line of it fails.
//!
//! The calls: `attack`, with `--program PATH` for another program than the release build, and with `--only WORDS` for those
//! parts alone whose names contain the words.

mod attack;
mod disk;
mod endpoint;
mod failed;
mod kinds;
mod ledger;
mod measure;
mod network;
mod newcomer;
mod ordinary;
mod pauses;
mod processors;
mod server;
mod table;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;

use failed::Failed;
use measure::{Order, measure};
use server::{Accounts, Server, Targets};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

const USAGE: &str = "the calls are: attack [--program PATH] [--only WORDS]";

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
