//! `storm`: thousands of clients lose their server and come back; measures how long that takes and what is missing.
//!
//! Starts `hubbub serve`, connects the clients, ends the server in one of three ways while they are there, sends a message
//! in each room, and waits until all of them have it.

mod client;
mod failed;
mod server;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use client::{Counters, Progress, StormClient};
use failed::Failed;
use server::{Fault, Server};

const USAGE: &str =
    "storm [--program PATH] [--clients COUNT] [--rooms COUNT] [--fault kill|term|upgrade] [--minutes COUNT]";

/// First connections under way at a time. The storm is what comes after the fault.
const RAMP: usize = 256;

/// People that one request puts into a room, see `protocol::limits::MAX_MEMBERS_PER_REQUEST`.
const PER_REQUEST: usize = 100;

struct Options {
    program: PathBuf,
    clients: usize,
    rooms: usize,
    fault: Fault,
    patience: Duration,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Failed> {
        let mut options = Self {
            program: PathBuf::from("target/release/hubbub"),
            clients: 10_000,
            rooms: 100,
            fault: Fault::Kill,
            patience: Duration::from_mins(5),
        };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or(USAGE)?;
            match name.as_str() {
                "--program" => options.program = value.into(),
                "--clients" => options.clients = value.parse()?,
                "--rooms" => options.rooms = value.parse::<usize>()?.max(1),
                "--fault" => options.fault = value.parse()?,
                "--minutes" => options.patience = Duration::from_mins(value.parse()?),
                _ => return Err(USAGE.into()),
            }
        }
        Ok(options)
    }
}

fn main() -> ExitCode {
    let outcome = Options::read(std::env::args().skip(1)).and_then(|options| {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(options))
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("storm: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether everybody came back and missed nothing.
async fn run(options: Options) -> Result<bool, Failed> {
    let mut server = Server::start(&options.program).await?;
    let counters = Arc::new(Counters::default());
    let (progress, mut steps) = Progress::new(options.clients);

    let start = Instant::now();
    let ramp = Arc::new(Semaphore::new(RAMP));
    let mut clients = JoinSet::new();
    for n in 0..options.clients {
        let room = format!("room-{}", n % options.rooms);
        let client = StormClient::new(n, server.authority(), &room, counters.clone(), progress.clone())?;
        clients.spawn(client.run(ramp.clone()));
    }
    timeout(options.patience, steps.all_connected()).await.map_err(|_| "not everybody could connect")?;
    println!("{} clients are connected after {:.1} s", options.clients, start.elapsed().as_secs_f64());

    for room in 0..options.rooms {
        fill(&server, room, &options).await?;
    }
    progress.let_join();
    timeout(options.patience, steps.all_at(0)).await.map_err(|_| "not everybody could join")?;
    println!("all have joined one of {} rooms after {:.1} s", options.rooms, start.elapsed().as_secs_f64());
    say_everywhere(&server, &options, "before").await?;
    timeout(options.patience, steps.all_at(1)).await.map_err(|_| "not everybody heard the first message")?;
    let before_kb = server.resident_kb()?;

    counters.forget();
    let fault = Instant::now();
    server.suffer(options.fault, &options.program).await?;
    println!(
        "after `{:?}` the server listens again in {:.2} s",
        options.fault,
        fault.elapsed().as_secs_f64()
    );
    say_everywhere(&server, &options, "meanwhile").await?;
    let is_complete = timeout(options.patience, steps.all_at(2)).await.is_ok();
    let took = fault.elapsed();
    let after_kb = server.resident_kb()?;
    clients.abort_all();

    let missing = steps.missing(2);
    println!(
        "all back and up to date after {:.1} s: {is_complete}, {missing} are missing",
        took.as_secs_f64()
    );
    println!("{counters}");
    println!("memory of the server: {} MiB before, {} MiB after", before_kb / 1024, after_kb / 1024);
    Ok(is_complete && counters.gaps() == 0)
}

/// Makes a room with the clients that are to join it.
async fn fill(server: &Server, room: usize, options: &Options) -> Result<(), Failed> {
    let id = format!("room-{room}");
    server.post("/api/v1/chats", &json!({ "id": id, "name": id })).await?;
    let users: Vec<String> =
        (room..options.clients).step_by(options.rooms).map(|n| format!("c{n}")).collect();
    for some in users.chunks(PER_REQUEST) {
        server.post(&format!("/api/v1/chats/{id}/members"), &json!({ "user_ids": some })).await?;
    }
    Ok(())
}

async fn say_everywhere(server: &Server, options: &Options, text: &str) -> Result<(), Failed> {
    for room in 0..options.rooms {
        server.post(&format!("/api/v1/chats/room-{room}/messages"), &json!({ "content": text })).await?;
    }
    Ok(())
}
