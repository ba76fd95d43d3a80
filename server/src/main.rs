//! `hubbub`: reads what it is asked to do, and does it.

use std::error::Error;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use server::config::{ConfigError, Order};
use server::store::sqlite::{backup, check, restore};

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
    server::telemetry::start(match &order {
        Order::Serve(config) => &config.log,
        // Copying and checking take as long as they take; SQL that is slow is no news.
        _ => "warn,sqlx=error",
    })?;
    tokio::runtime::Runtime::new()?.block_on(async {
        match order {
            Order::Serve(config) => server::run(*config).await?,
            Order::Backup { database, file } => say(&backup(&database, &file).await?),
            Order::Restore { database, file } => say(&restore(&database, &file).await?),
            Order::Check { database } => {
                let report = check(&database, |finding| say(&finding)).await?;
                say(&report);
                if report.findings > 0 {
                    return Ok(ExitCode::from(FOUND));
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    })
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
