//! `hubbub`: reads the settings, serves, stops.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use server::Ended;
use server::config::{Config, ConfigError};

/// The exit code of a start that was refused, as shells use it for a wrong call.
const REFUSED: u8 = 2;

fn main() -> ExitCode {
    let config = match Config::read(std::env::args_os()) {
        Ok(config) => config,
        Err(ConfigError::Shown(text)) => {
            // Somebody may have closed the pipe after the first page.
            std::io::stdout().write_all(text.as_bytes()).ok();
            return ExitCode::SUCCESS;
        }
        Err(error) => return refuse(&error),
    };
    if let Err(error) = server::telemetry::start(&config.log) {
        return refuse(&error);
    }
    // Before the runtime has threads.
    let inherited = match server::inherited() {
        Ok(inherited) => inherited,
        Err(error) => return refuse(&error),
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&error),
    };
    match runtime.block_on(server::run(config, inherited)) {
        Ok(Ended::Stopped) => ExitCode::SUCCESS,
        Ok(Ended::Replaced(successor)) => {
            // What is still under way was given its time, and has no socket and no database any more.
            runtime.shutdown_background();
            refuse(&successor.take_over())
        }
        Err(error) => refuse(&error),
    }
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
