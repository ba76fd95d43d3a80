//! `load`: many clients on one thread; measures what a server does for them, how fast, and what that takes.
//!
//! The answer is one JSON object on stdout, a few lines for people go to stderr. It connects to this machine only, and every
//! run is bounded in time.

mod answer;
mod casts;
mod clock;
mod dialect;
mod engine;
mod failed;
mod frame;
mod http;
mod latency;
mod mode;
mod options;
mod payload_stamp;
mod rng;
mod token;
mod usage;
mod watch;

use std::error::Error as _;
use std::process::ExitCode;

use answer::set;
use engine::{ClientSpec, Engine};
use failed::Failed;
use options::Options;
use serde_json::{Value, json};

fn main() -> ExitCode {
    match run() {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(failed) => {
            let cause = failed.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            eprintln!("load: {failed}{cause}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<Value, Failed> {
    let options = Options::read(std::env::args().skip(1))?;
    let mut answer = if options.mode == "history" {
        mode::history::run(&options)?
    } else {
        let mut engine = Engine::new(dialect::of(&options.target)?, options.port, clients(&options)?)?;
        let mut answer = match options.mode.as_str() {
            "fanout" => mode::fanout::run(&mut engine, &options, mode::Durability::Volatile),
            "posts" => mode::fanout::run(&mut engine, &options, mode::Durability::Stored),
            "connect" => mode::connect::run(&mut engine, &options),
            "storm" => mode::storm::run(&mut engine, &options),
            "idle" => mode::idle::run(&mut engine, &options),
            "churn" => mode::churn::run(&mut engine, &options),
            other => Err(Failed::Usage(format!("there is no mode {other}\n\n{}", options::USAGE))),
        }?;
        set(&mut answer, "connections", json!(engine.len()));
        set(&mut answer, "first_failure", json!(engine.first_failure()));
        answer
    };
    for (key, value) in [("label", &options.label), ("mode", &options.mode), ("target", &options.target)] {
        set(&mut answer, key, json!(value));
    }
    eprintln!("{} {} {}\n{answer:#}", options.label, options.mode, options.target);
    Ok(answer)
}

/// All clients, with their tokens and rooms.
fn clients(options: &Options) -> Result<Vec<ClientSpec>, Failed> {
    let ours = options.target.starts_with("hubbub");
    let one = |(n, place): (usize, u64)| {
        let token = if ours { token::token(&format!("c{n}"), &options.secret)? } else { String::new() };
        Ok(ClientSpec { token, room: Some(options.room(place)) })
    };
    options.places().into_iter().enumerate().map(one).collect()
}
