//! `hubbub`: parses the command line and runs the command.

use std::error::Error;
use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use hub::store::Clock as _;
use server::ExitReason;
use server::auth::manage::{AccountChange, AccountCommand, Managed, manage};
use server::cli::CliCommand;
use server::clock::SystemClock;
use server::config::{Config, ConfigError};
use server::store::sqlite::{SqliteStore, backup, check, restore};
use server::telemetry::Log;
use tikv_jemallocator::Jemalloc;
use tokio::runtime::Runtime;

/// Gives memory back that connections have left, which the system's and `mimalloc` keep, and takes a fifth off what a delivery
/// in a small room and a handshake cost with the system's (docs/PERFORMANCE.md).
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// The exit code of a check with findings.
const FINDINGS: u8 = 1;

/// The exit code of an error, as shells use it for a wrong call.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let command = match CliCommand::read(std::env::args_os()) {
        Ok(command) => command,
        Err(ConfigError::Shown(text)) => {
            print(&text);
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(&error),
    };
    run(command).unwrap_or_else(|error| fail(&*error))
}

fn run(command: CliCommand) -> Result<ExitCode, Box<dyn Error>> {
    let log = server::telemetry::start(match &command {
        CliCommand::Serve(config) => &config.log,
        // Copying and checking take long by nature, so slow SQL is not worth a warning.
        _ => "warn,sqlx=error",
    })?;
    match command {
        CliCommand::Serve(config) => return serve(*config, &log),
        CliCommand::Backup { database, file } => {
            print_line(&Runtime::new()?.block_on(backup(&database, &file))?);
        }
        CliCommand::Restore { database, file } => {
            print_line(&Runtime::new()?.block_on(restore(&database, &file))?);
        }
        CliCommand::Check { database } => {
            let report = Runtime::new()?.block_on(check(&database, |finding| print_line(&finding)))?;
            print_line(&report);
            if report.findings > 0 {
                return Ok(ExitCode::from(FINDINGS));
            }
        }
        CliCommand::User { database, command } => {
            let done = Runtime::new()?.block_on(change_user(&database, command))?;
            print(&format!("{done} in `{}`\n", database.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn change_user(database: &Path, command: AccountCommand) -> Result<Managed, Box<dyn Error>> {
    if !matches!(command.change, AccountChange::Add { .. }) && !database.exists() {
        return Err(format!("there is no database `{}`", database.display()).into());
    }
    let store = SqliteStore::open_or_join(database).await?;
    let done = manage(&store, command, std::io::stdin().lock(), SystemClock::default().now_ms()).await;
    store.close().await;
    Ok(done?)
}

fn serve(config: Config, log: &Log) -> Result<ExitCode, Box<dyn Error>> {
    // Before the runtime has threads.
    let inherited = server::inherited()?;
    let runtime = Runtime::new()?;
    match runtime.block_on(server::run(config, inherited))? {
        ExitReason::Stopped => Ok(ExitCode::SUCCESS),
        ExitReason::Replaced(next) => {
            // Requests still running had their time, and have no socket and no database any more.
            runtime.shutdown_background();
            // Threads end when the program becomes another one.
            log.flush();
            Err(next.exec().into())
        }
    }
}

fn print_line(line: &dyn Display) {
    print(&format!("{line}\n"));
}

/// The reader may have closed the pipe after the first page.
fn print(text: &str) {
    std::io::stdout().write_all(text.as_bytes()).ok();
}

/// One line with every cause.
fn fail(error: &dyn Error) -> ExitCode {
    let mut line = format!("hubbub: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    // Without stderr the exit code has to be enough.
    writeln!(std::io::stderr(), "{line}").ok();
    ExitCode::from(FAILED)
}
