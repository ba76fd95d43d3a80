//! Runs the real server under real faults: `--minutes N | --kills N`, `--seed S`, `--clients N`, `--program PATH`.

use std::io::Write;
use std::process::ExitCode;

use chaos::real::{Options, run};

#[tokio::main]
async fn main() -> ExitCode {
    let report = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => run(options).await,
        Err(error) => Err(error),
    };
    let mut out = std::io::stdout().lock();
    let (written, code) = match report {
        Ok(report) => (write!(out, "{report}"), u8::from(!report.violations.is_empty())),
        Err(error) => (writeln!(out, "{error}: {:?}", std::error::Error::source(&error)), 2),
    };
    ExitCode::from(if written.is_ok() { code } else { 2 })
}
