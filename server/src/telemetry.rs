//! The log: lines on stderr, without bodies, tokens or e-mail addresses.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::util::TryInitError;

/// Starts logging, once per process.
///
/// # Errors
/// [`TryInitError`] when something logs already.
pub fn start(filter: &str) -> Result<(), TryInitError> {
    tracing_subscriber::fmt()
        // The settings have refused a filter that cannot be read.
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .finish()
        .try_init()
}
