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
    // The settings have refused a filter that cannot be read. The library below the sockets writes every frame, with
    // all that is said in it, when it is allowed to.
    let filter = EnvFilter::new(format!("{filter},tungstenite=info,tokio_tungstenite=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .finish()
        .try_init()
}
