//! `hubbub`: reads what it is asked to do, and does it.

use std::error::Error;
use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use hub::store::Clock as _;
use server::Ended;
use server::auth::manage::{Managed, manage};
use server::clock::SystemClock;
use server::config::{Config, ConfigError, Order, UserChange, UserOrder};
use server::store::sqlite::{SqliteStore, backup, check, restore};
use server::telemetry::Log;
use tikv_jemallocator::Jemalloc;
use tokio::runtime::Runtime;

/// Gives memory back that connections have left, which the system's and `mimalloc` keep, and takes a fifth off what a delivery
/// in a small room and a handshake cost with the system's (docs/PERFORMANCE.md).
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// The exit code of a check that found something.
const FOUND: u8 = 1;

/// The exit code of what was refused, as shells use it for a wrong call.
const REFUSED: u8 = 2;

fn main() -> ExitCode {
    let order = match Order::read(std::env::args_os()) {
        Ok(order) => order,
        Err(ConfigError::Shown(text)) => {
            print(&text);
            return ExitCode::SUCCESS;
        }
        Err(error) => return refuse(&error),
    };
    obey(order).unwrap_or_else(|error| refuse(&*error))
}

fn obey(order: Order) -> Result<ExitCode, Box<dyn Error>> {
    let log = server::telemetry::start(match &order {
        Order::Serve(config) => &config.log,
        // Copying and checking take as long as they take; SQL that is slow is no news.
        _ => "warn,sqlx=error",
    })?;
    match order {
        Order::Serve(config) => return serve(*config, &log),
        Order::Backup { database, file } => say(&Runtime::new()?.block_on(backup(&database, &file))?),
        Order::Restore { database, file } => say(&Runtime::new()?.block_on(restore(&database, &file))?),
        Order::Check { database } => {
            let report = Runtime::new()?.block_on(check(&database, |finding| say(&finding)))?;
            say(&report);
            if report.findings > 0 {
                return Ok(ExitCode::from(FOUND));
            }
        }
        Order::User { database, order } => {
            let done = Runtime::new()?.block_on(change_user(&database, order))?;
            print(&format!("{done} in `{}`\n", database.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn change_user(database: &Path, order: UserOrder) -> Result<Managed, Box<dyn Error>> {
    if !matches!(order.change, UserChange::Add { .. }) && !database.exists() {
        return Err(format!("there is no database `{}`", database.display()).into());
    }
    let store = SqliteStore::open_or_join(database).await?;
    let done = manage(&store, order, std::io::stdin().lock(), SystemClock::default().now_ms()).await;
    store.close().await;
    Ok(done?)
}

fn serve(config: Config, log: &Log) -> Result<ExitCode, Box<dyn Error>> {
    // Before the runtime has threads.
    let inherited = server::inherited()?;
    let runtime = Runtime::new()?;
    match runtime.block_on(server::run(config, inherited))? {
        Ended::Stopped => Ok(ExitCode::SUCCESS),
        Ended::Replaced(successor) => {
            // What is still under way was given its time, and has no socket and no database any more.
            runtime.shutdown_background();
            // Threads end when the program becomes another one.
            log.flush();
            Err(successor.take_over().into())
        }
    }
}

fn say(line: &dyn Display) {
    print(&format!("{line}\n"));
}

/// Somebody may have closed the pipe after the first page.
fn print(text: &str) {
    std::io::stdout().write_all(text.as_bytes()).ok();
}

/// One line with every cause.
fn refuse(error: &dyn Error) -> ExitCode {
    let mut line = format!("hubbub: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    // Without stderr the exit code has to be enough.
    writeln!(std::io::stderr(), "{line}").ok();
    ExitCode::from(REFUSED)
}
